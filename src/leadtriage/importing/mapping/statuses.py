"""What the status and outcome words of CRMs say to us. What follows from them is decided by the import.

The columns in which a system's file says how leads stand, and whether a newer word there takes an older one back.

Whose word counts, and what it does to a lead, is `retracting`'s and `retelling`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from leadtriage.core.text import fold
from leadtriage.core.vocabulary import Reason, StatusMeaning
from leadtriage.importing.mapping.header_synonyms import flatten, read_words, split_words, squeeze

_CLOSING = (StatusMeaning.CONVERTED, StatusMeaning.WON, StatusMeaning.LOST)
_NEGATIONS = frozenset(
    ("not", "no", "non", "never", "nicht", "kein", "keine", "pas", "sin", "sem", "nao", "niet", "geen", "un", "не")
)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class _StatusWords:
    """`statuses.yaml`, by squeezed text and by words."""

    statuses: Mapping[str, StatusMeaning]
    outcomes: Mapping[str, StatusMeaning]
    phrases: tuple[tuple[tuple[str, ...], StatusMeaning], ...]
    yes_means: tuple[tuple[str, StatusMeaning], ...]
    yes: frozenset[str]
    no: frozenset[str]
    reasons: tuple[tuple[tuple[str, ...], Reason], ...]
    whole_reasons: Mapping[str, Reason]


@cache
def _load_words() -> _StatusWords:
    document = read_words(files("leadtriage.importing.mapping") / "statuses.yaml")
    statuses: dict[str, StatusMeaning] = {}
    phrases: dict[tuple[str, ...], StatusMeaning] = {}
    for meaning, lists in document["statuses"].items():
        for text in flatten(lists):
            statuses.setdefault(_key(text), StatusMeaning(meaning))
            phrases.setdefault(split_words(text), StatusMeaning(meaning))
    outcomes = {
        _key(text): StatusMeaning(meaning) for meaning, lists in document["outcomes"].items() for text in flatten(lists)
    }
    return _StatusWords(
        statuses=statuses,
        outcomes=outcomes,
        phrases=tuple(sorted(phrases.items(), key=lambda item: -len("".join(item[0])))),
        yes_means=tuple(
            (squeeze(text), StatusMeaning(meaning))
            for meaning, texts in document["yes_means"].items()
            for text in texts
        ),
        yes=frozenset(_key(text) for text in document["yes"]),
        no=frozenset(_key(text) for text in document["no"]),
        reasons=tuple(
            (split_words(text), Reason(reason)) for reason, texts in document["reasons"].items() for text in texts
        ),
        whole_reasons={
            **{str(reason).replace("_", ""): reason for reason in Reason},
            **{_key(text): Reason(reason) for reason, texts in document["whole_reasons"].items() for text in texts},
        },
    )


def _key(text: str) -> str:
    """The squeezed text; a mere sign ("✓") stands for itself."""
    return squeeze(text) or text.strip()


def _spoken(text: str) -> tuple[str, ...]:
    """The words of a status, without the number that orders it in a list ("03 - Contacted")."""
    spoken = split_words(text)
    return spoken[1:] if len(spoken) > 1 and spoken[0].isdecimal() else spoken


def _holds(spoken: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    return any(spoken[start : start + len(phrase)] == phrase for start in range(len(spoken) - len(phrase) + 1))


@lru_cache(maxsize=4096)
def parse_status(text: str, system: str | None = None) -> StatusMeaning | None:
    """Return what a CRM's status word says, or None where we do not know it.

    A word that is not listed may hold one that is ("02 - Attempted to contact (SMS)"); so only the open and the
    flagging meanings are found, and those that start with a closing phrase ("Closed Won - renewal"), since a lead
    that is closed by a misunderstanding is lost from sight.

    Args:
        system: the preset's system. Pipedrive's "deleted" is no verdict on the lead, for one.
    """
    if not text or len(text) > _LONGEST:
        return None
    known = _load_words()
    spoken = _spoken(text)
    key = "".join(spoken) or text.strip()
    if system == "pipedrive" and key == "deleted":
        return None
    if key in known.statuses:
        return known.statuses[key]
    held = [pair for pair in known.phrases if len("".join(pair[0])) > 3 and _holds(spoken, pair[0])]
    for phrase, meaning in held:
        if meaning in _CLOSING:
            return meaning if len(phrase) > 1 and spoken[: len(phrase)] == phrase else None
    if not held:
        return None
    phrase, meaning = held[0]
    return None if _is_denied(spoken, phrase) else meaning


def _is_denied(spoken: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    start = next(start for start in range(len(spoken)) if spoken[start : start + len(phrase)] == phrase)
    return not _NEGATIONS.isdisjoint(spoken[:start])


@lru_cache(maxsize=4096)
def parse_outcome(text: str, header: str) -> StatusMeaning | None:
    """Return what a value says in a column of outcomes, of life-cycle stages or of deal stages.

    A yes means what the header says ("CONVERTED": yes is converted), else a win; a no means that it is still open.
    OPEN is also what says nothing of an end: "Lead", "Subscriber", "Marketing Qualified Lead", "Prospecting".

    Returns:
        the meaning, or None where the text is not understood.
    """
    if not text or len(text) > _LONGEST:
        return None
    known = _load_words()
    key = "".join(_spoken(text)) or text.strip()
    if key in known.no:
        return StatusMeaning.OPEN
    if key in known.yes:
        asked = squeeze(header)
        return next((meaning for word, meaning in known.yes_means if word in asked), StatusMeaning.WON)
    if key in known.outcomes:
        return known.outcomes[key]
    return parse_status(text)


@lru_cache(maxsize=4096)
def parse_status_reason(text: str) -> str | None:
    """Return the reason (a value of `Reason`) that a status or reason word gives, or None where it gives none."""
    if not text or len(text) > _LONGEST:
        return None
    known = _load_words()
    spoken = _spoken(text)
    whole = known.whole_reasons.get("".join(spoken))
    if whole is not None:
        return str(whole)
    return next((str(reason) for phrase, reason in known.reasons if _holds(spoken, phrase)), None)


@dataclass(frozen=True, slots=True)
class StatusColumn:
    """A column of one file in which a CRM says how a lead stands: its place, and the field that it fills there."""

    field: str
    header: str
    system: str
    index: int

    def read(self, cells: Sequence[str]) -> StatusMeaning | None:
        """What a row says in it."""
        cell = cells[self.index]
        return parse_status(cell, self.system) if self.field == "status" else parse_outcome(cell, self.header)


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A row of a file, with the columns in which it says how its lead stands."""

    columns: tuple[StatusColumn, ...] = ()
    cells: Sequence[str] = ()


NO_STATUS = StatusRow()
"""A row that nobody has."""


def find_status_columns(system: str, headers: Sequence[str], mapping: Mapping[str, Any]) -> tuple[StatusColumn, ...]:
    """The columns of status and outcome of an import, from its books."""
    return tuple(
        StatusColumn(field, header, system, index)
        for index, (header, (field, rank, _)) in enumerate(zip(headers, mapping["columns"], strict=True))
        if field in ("status", "outcome") and rank == 0
    )


def pair_status_columns(
    then: Iterable[StatusColumn], now: Iterable[StatusColumn]
) -> Iterator[tuple[StatusColumn, StatusColumn]]:
    """The columns that both files have; one may be read as the status in one file and as the outcome in the other."""
    here = {fold(column.header): column for column in now}
    for column in then:
        if fold(column.header) in here:
            yield column, here[fold(column.header)]


def reverts_status(then: StatusMeaning | None, now: StatusMeaning | None, kinds: Sequence[StatusMeaning]) -> bool:
    """Whether a column said one of these kinds then and says something else now."""
    return then in kinds and now is not None and now not in kinds


def row_reverts_status(then: StatusRow, now: StatusRow, kinds: Sequence[StatusMeaning]) -> bool:
    """Whether a row takes back, in any column, what an older one had said of these kinds."""
    return any(
        reverts_status(before.read(then.cells), after.read(now.cells), kinds)
        for before, after in pair_status_columns(then.columns, now.columns)
    )
