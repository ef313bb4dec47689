"""What the status and the outcome of each row mean: its stage, and whether it is flagged as junk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leadtriage.core.vocabulary import Reason, Stage, StatusMeaning
from leadtriage.importing.mapping import OWN_SYSTEM, parse_outcome, parse_status, parse_status_reason, squeeze
from leadtriage.importing.stage.columns import Memo, Tally
from leadtriage.importing.stage.settings import ParseSettings

CLOSING = {
    StatusMeaning.WON: Stage.WON,
    StatusMeaning.LOST: Stage.LOST,
    StatusMeaning.CONVERTED: Stage.CONVERTED,
}
"""Meanings that close a lead, and the stage of the closed lead."""

OPENING = (StatusMeaning.OPEN, StatusMeaning.CONTACTED, StatusMeaning.QUALIFIED, StatusMeaning.NURTURE)
"""Meanings of an open lead."""

QUALIFYING = (StatusMeaning.QUALIFIED, StatusMeaning.CONVERTED, StatusMeaning.WON)
"""Meanings of a lead that is or was qualified."""

JUNK = (StatusMeaning.JUNK, StatusMeaning.UNQUALIFIED)
"""Meanings that flag a lead as junk."""

_REASON_WITHOUT_WORD = {StatusMeaning.JUNK: "called_junk", StatusMeaning.UNQUALIFIED: "called_unqualified"}
_OPEN_PRECEDENCE = (StatusMeaning.NURTURE, StatusMeaning.QUALIFIED, StatusMeaning.CONTACTED, StatusMeaning.OPEN)

_BETWEEN = "\x1f"
_TEST_TEXTS = ("test lead: dummy data for", "dummy data for ", "tester-123-abcdefgh")
"""Answers of Meta's lead ads testing tool, and the click id of Google's webhook test."""
_TEST_CELLS = tuple(
    f"{_BETWEEN}{text}{_BETWEEN}"
    for text in ("test@fb.com", "test@meta.com", "firstname lastname", f"firstname{_BETWEEN}lastname")
)
_FLAG_HEADERS = frozenset(("istest", "testlead", "istestlead"))
_FLAGGED = frozenset(("true", "yes", "1", "y", "test"))


def find_test_rows(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> frozenset[int]:
    """Return the positions of the rows that are an ad platform's own test leads (Meta, Google, LinkedIn)."""
    flags = [index for index, header in enumerate(headers) if squeeze(header) in _FLAG_HEADERS]
    return frozenset(position for position, row in enumerate(rows) if _is_test(row, flags))


def _is_test(row: Sequence[str], flags: Sequence[int]) -> bool:
    text = _BETWEEN.join(row).lower()
    if ("test" in text or "firstname" in text or "dummy" in text) and (
        any(mark in text for mark in _TEST_TEXTS) or any(cell in f"{_BETWEEN}{text}{_BETWEEN}" for cell in _TEST_CELLS)
    ):
        return True
    return any(index < len(row) and row[index].strip().lower() in _FLAGGED for index in flags)


class MeaningReader:
    """Reads the status and the outcome column of a file."""

    def __init__(self, settings: ParseSettings, tally: Tally) -> None:
        self._settings, self._tally = settings, tally
        self._columns = [next(iter(settings.plan.find(name)), None) for name in ("status", "outcome")]
        self._status_header, self._outcome_header = (column.header if column else "" for column in self._columns)
        self._statuses = Memo(lambda text: parse_status(text, settings.system))

    def read(self, rows: Sequence[Sequence[str]], cells: list[tuple[str, ...]], staged: dict[str, list[Any]]) -> None:
        """Set `meaning`, `junk_reason`, `junk_by` and `contacted` of a chunk's rows.

        They stay empty in our own exports, which repeat what we know and are no statement of a CRM.
        """
        count, system = len(rows), self._settings.system
        if system == OWN_SYSTEM:
            staged |= {name: [None] * count for name in ("meaning", "junk_reason", "junk_by")}
            staged["contacted"] = [False] * count
            return
        found = Memo(lambda texts: self._combine(*texts)).read_all(zip(*self._texts(cells, count), strict=True))
        staged["meaning"] = [meaning for meaning, _, _ in found]
        staged["junk_reason"] = reasons = [reason for _, reason, _ in found]
        staged["contacted"] = [contacted for _, _, contacted in found]
        staged["junk_by"] = by = [system if reason else None for reason in reasons]
        for position in find_test_rows(self._settings.headers, rows):
            reasons[position], by[position] = Reason.TEST.value, system

    def _texts(self, cells: list[tuple[str, ...]], count: int) -> list[Sequence[str]]:
        """The cells of the status and the outcome column; empty texts for a column that the file lacks."""
        return [cells[column.index] if column else [""] * count for column in self._columns]

    def _parse(self, status_text: str, outcome_text: str) -> tuple[StatusMeaning | None, StatusMeaning | None]:
        status = self._statuses[status_text] if status_text else None
        return status, parse_outcome(outcome_text, self._outcome_header) if outcome_text else None

    def _combine(self, status_text: str, outcome_text: str) -> tuple[str | None, str | None, bool]:
        """Return the meaning that counts, the reason to flag the lead, and whether the status proves contact."""
        status, outcome = self._parse(status_text, outcome_text)
        meanings = [meaning for meaning in (outcome, status) if meaning is not None]
        if self._settings.keep_open:
            meanings = [meaning for meaning in meanings if meaning not in CLOSING]
        contacted = status is StatusMeaning.CONTACTED
        for meaning in meanings:
            if meaning in CLOSING:
                return meaning.value, None, contacted
        for junk, text in ((status, status_text), (outcome, outcome_text)):
            if junk in _REASON_WITHOUT_WORD:
                return junk.value, parse_status_reason(text) or _REASON_WITHOUT_WORD[junk], contacted
        return next((meaning.value for meaning in _OPEN_PRECEDENCE if meaning in meanings), None), None, contacted

    def count_closed(self, cells: list[tuple[str, ...]], staged: Mapping[str, Sequence[Any]]) -> None:
        """Count the accepted rows of a chunk that are imported as closed."""
        meanings = staged["meaning"]
        rows = zip(*self._texts(cells, len(meanings)), meanings, staged["problem"], strict=True)
        for position, (status_text, outcome_text, meaning, problem) in enumerate(rows):
            if meaning not in CLOSING or problem:
                continue
            status, outcome = self._parse(status_text, outcome_text)
            by, other, header, text = self._outcome_header, status, self._status_header, status_text
            if outcome not in CLOSING:
                by, other, header, text = self._status_header, outcome, self._outcome_header, outcome_text
            self._tally.closed[by, str(meaning)] += 1
            if other in JUNK:
                sentence = f"{meaning} in {by} but junk in {header}, read as {meaning}"
                self._tally.warnings.add(sentence, position, text)
