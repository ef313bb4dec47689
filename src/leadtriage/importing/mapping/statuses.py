"""What the status, outcome and reason words of CRMs mean, and the columns of a file that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from leadtriage.core.text import fold
from leadtriage.core.vocabulary import Reason, StatusMeaning
from leadtriage.importing.mapping.header_synonyms import find_phrase, flatten, read_yaml, split_words, squeeze

_CLOSING = (StatusMeaning.CONVERTED, StatusMeaning.WON, StatusMeaning.LOST)
_NEGATIONS = frozenset(
    ("not", "no", "non", "never", "nicht", "kein", "keine", "pas", "sin", "sem", "nao", "niet", "geen", "un", "не")
)
_LONGEST = 200
"""Characters; a longer text is no status."""


@dataclass(frozen=True, slots=True)
class _StatusWords:
    """The content of `statuses.yaml`, which explains each part: by squeezed text, or by phrase."""

    statuses: Mapping[str, StatusMeaning]
    phrases: tuple[tuple[tuple[str, ...], StatusMeaning], ...]
    outcomes: Mapping[str, StatusMeaning]
    yes_means: Mapping[str, StatusMeaning]
    yes: frozenset[str]
    no: frozenset[str]
    reasons: Mapping[tuple[str, ...], Reason]
    whole_reasons: Mapping[str, Reason]


@cache
def _load_words() -> _StatusWords:
    document = read_yaml(files(__package__) / "statuses.yaml")

    def pairs(section: str) -> Iterator[tuple[str, str]]:
        return ((text, name) for name, lists in document[section].items() for text in flatten(lists))

    statuses: dict[str, StatusMeaning] = {}
    phrases: dict[tuple[str, ...], StatusMeaning] = {}
    for text, meaning in pairs("statuses"):
        statuses.setdefault(_key(text), StatusMeaning(meaning))
        phrases.setdefault(split_words(text), StatusMeaning(meaning))
    reasons: dict[tuple[str, ...], Reason] = {}
    for text, reason in pairs("reasons"):
        reasons.setdefault(split_words(text), Reason(reason))
    return _StatusWords(
        statuses=statuses,
        phrases=tuple(sorted(phrases.items(), key=lambda item: -len("".join(item[0])))),
        outcomes={_key(text): StatusMeaning(meaning) for text, meaning in pairs("outcomes")},
        yes_means={squeeze(text): StatusMeaning(meaning) for text, meaning in pairs("yes_means")},
        yes=frozenset(map(_key, document["yes"])),
        no=frozenset(map(_key, document["no"])),
        reasons=reasons,
        whole_reasons={str(reason).replace("_", ""): reason for reason in Reason}
        | {_key(text): Reason(reason) for text, reason in pairs("whole_reasons")},
    )


def _key(text: str) -> str:
    """Return the squeezed text; a mere sign ("✓") stays itself."""
    return squeeze(text) or text.strip()


def _split_status(text: str) -> tuple[str, ...]:
    """Return the words of a status without the number that orders it in a list ("03 - Contacted")."""
    words = split_words(text)
    return words[1:] if len(words) > 1 and words[0].isdecimal() else words


@lru_cache(maxsize=4096)
def parse_status(text: str, system: str | None = None) -> StatusMeaning | None:
    """Return what a CRM's status word means; None where it is unknown.

    An unlisted text may contain a listed one ("02 - Attempted to contact (SMS)"). A closing phrase only counts at its
    start ("Closed Won - renewal"), since a lead closed by mistake is lost from sight.

    Args:
        system: the preset's system, as "deleted" says nothing about a lead in Pipedrive.
    """
    if not text or len(text) > _LONGEST:
        return None
    known = _load_words()
    words = _split_status(text)
    key = "".join(words) or text.strip()
    if system == "pipedrive" and key == "deleted":
        return None
    if key in known.statuses:
        return known.statuses[key]
    held = [
        (phrase, start, meaning)
        for phrase, meaning in known.phrases
        if len("".join(phrase)) > 3 and (start := find_phrase(phrase, words)) is not None
    ]
    for phrase, start, meaning in held:
        if meaning in _CLOSING:
            return meaning if len(phrase) > 1 and start == 0 else None
    if not held:
        return None
    _, start, meaning = held[0]
    return meaning if _NEGATIONS.isdisjoint(words[:start]) else None


@lru_cache(maxsize=4096)
def parse_outcome(text: str, header: str) -> StatusMeaning | None:
    """Return what a value means in a column of outcomes, life-cycle stages or deal stages; None where it is unknown.

    A yes means what the header says ("Converted"), else a win; a no means that the lead is still open. OPEN is also
    any stage before the end: "Lead", "Subscriber", "Marketing Qualified Lead", "Prospecting".
    """
    if not text or len(text) > _LONGEST:
        return None
    known = _load_words()
    key = "".join(_split_status(text)) or text.strip()
    if key in known.no:
        return StatusMeaning.OPEN
    if key in known.yes:
        asked = squeeze(header)
        return next((meaning for word, meaning in known.yes_means.items() if word in asked), StatusMeaning.WON)
    return known.outcomes.get(key) or parse_status(text)


@lru_cache(maxsize=4096)
def parse_status_reason(text: str) -> str | None:
    """Return the value of the `Reason` that a status or reason word gives; None where it gives none."""
    if not text or len(text) > _LONGEST:
        return None
    known = _load_words()
    words = _split_status(text)
    held = (reason for phrase, reason in known.reasons.items() if find_phrase(phrase, words) is not None)
    reason = known.whole_reasons.get("".join(words)) or next(held, None)
    return reason.value if reason else None


@dataclass(frozen=True, slots=True)
class StatusColumn:
    """A column of a file that fills the field `status` or `outcome`."""

    field: str
    header: str
    system: str
    index: int

    def parse(self, cells: Sequence[str]) -> StatusMeaning | None:
        """Return what a row says in this column."""
        cell = cells[self.index]
        return parse_status(cell, self.system) if self.field == "status" else parse_outcome(cell, self.header)


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A row of a file with its status columns."""

    columns: tuple[StatusColumn, ...] = ()
    cells: Sequence[str] = ()


NO_STATUS = StatusRow()
"""A row of no file."""


def find_status_columns(system: str, headers: Sequence[str], mapping: Mapping[str, Any]) -> tuple[StatusColumn, ...]:
    """Return the status columns of an import by its stored mapping."""
    return tuple(
        StatusColumn(field, header, system, index)
        for index, (header, (field, rank, _)) in enumerate(zip(headers, mapping["columns"], strict=True))
        if field in ("status", "outcome") and rank == 0
    )


def pair_status_columns(
    before: Iterable[StatusColumn], after: Iterable[StatusColumn]
) -> Iterator[tuple[StatusColumn, StatusColumn]]:
    """Yield the columns that two files share, even if one file has it as the status and the other as the outcome."""
    by_header = {fold(column.header): column for column in after}
    for column in before:
        if fold(column.header) in by_header:
            yield column, by_header[fold(column.header)]


def reverts_status(
    before: StatusMeaning | None, after: StatusMeaning | None, meanings: Sequence[StatusMeaning]
) -> bool:
    """Return whether a column had one of these meanings before and has another meaning now."""
    return before in meanings and after is not None and after not in meanings


def row_reverts_status(before: StatusRow, after: StatusRow, meanings: Sequence[StatusMeaning]) -> bool:
    """Return whether any column of a row reverts one of these meanings of an older row."""
    return any(
        reverts_status(old.parse(before.cells), new.parse(after.cells), meanings)
        for old, new in pair_status_columns(before.columns, after.columns)
    )
