"""What each row's status and outcome say: how a lead comes in, and who nominates it as junk.

Recognises the rows that an ad platform makes to try out a form. What becomes of them is decided by the import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leadtriage.core.vocabulary import Reason, Stage, StatusMeaning
from leadtriage.importing.mapping import (
    OWN_SYSTEM,
    HeaderPlan,
    parse_outcome,
    parse_status,
    parse_status_reason,
    squeeze,
)
from leadtriage.importing.stage.columns import Memo
from leadtriage.importing.stage.tally import Tally

_BETWEEN = "\x1f"
_ANYWHERE = ("test lead: dummy data for", "dummy data for ", "tester-123-abcdefgh")
"""Meta's lead ads testing tool fills each answer so; Google's webhook test has such a click id."""

_WHOLE_CELLS = tuple(
    f"{_BETWEEN}{text}{_BETWEEN}"
    for text in (
        "test@fb.com",
        "test@meta.com",
        "firstname lastname",
        f"firstname{_BETWEEN}lastname",
    )
)
_FLAG_HEADERS = frozenset(("istest", "testlead", "istestlead"))
_FLAGGED = frozenset(("true", "yes", "1", "y", "test"))


def find_test_rows(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> frozenset[int]:
    """Return the places, from 0, of the rows that are a platform's own test leads (Meta, Google, LinkedIn)."""
    flags = [index for index, header in enumerate(headers) if squeeze(header) in _FLAG_HEADERS]
    return frozenset(place for place, row in enumerate(rows) if _is_test(row, flags))


def _is_test(row: Sequence[str], flags: Sequence[int]) -> bool:
    text = _BETWEEN.join(row).lower()
    if ("test" in text or "firstname" in text or "dummy" in text) and (
        any(mark in text for mark in _ANYWHERE) or any(cell in f"{_BETWEEN}{text}{_BETWEEN}" for cell in _WHOLE_CELLS)
    ):
        return True
    return any(index < len(row) and row[index].strip().lower() in _FLAGGED for index in flags)


CLOSING = {
    StatusMeaning.WON: Stage.WON,
    StatusMeaning.LOST: Stage.LOST,
    StatusMeaning.CONVERTED: Stage.CONVERTED,
}
"""What a CRM says that ends a lead, and the stage in which it ends."""

OPENING = (StatusMeaning.OPEN, StatusMeaning.CONTACTED, StatusMeaning.QUALIFIED, StatusMeaning.NURTURE)
"""What a CRM says of a lead that has not ended."""

QUALIFYING = (StatusMeaning.QUALIFIED, StatusMeaning.CONVERTED, StatusMeaning.WON)
"""What a CRM says of a lead that is qualified, or was."""

JUNK = (StatusMeaning.JUNK, StatusMeaning.UNQUALIFIED)
"""What a CRM says that nominates a lead for a review."""

_CALLEDJUNK = "called_junk"
_CALLED_UNQUALIFIED = "called_unqualified"
"""Reasons of our own for a CRM's word that gives none."""


class MeaningReader:
    """Reads them; holds what it remembers of repeated words."""

    def __init__(
        self, plan: HeaderPlan, headers: tuple[str, ...], system: str, tally: Tally, *, keep_open: bool = False
    ) -> None:
        self._plan, self._headers, self._system, self._tally = plan, headers, system, tally
        self._keep_open = keep_open
        self._statuses = Memo(lambda text: parse_status(text, system))

    def read(self, rows: Sequence[Sequence[str]], cells: list[tuple[str, ...]], staged: dict[str, list[Any]]) -> None:
        """Put `meaning`, `junk_reason`, `junk_by` and `contacted` of a chunk's rows.

        Our own exports repeat what leads here are; that is no CRM's word.
        """
        count = len(rows)
        if self._system == OWN_SYSTEM:
            staged |= {name: [None] * count for name in ("meaning", "junk_reason", "junk_by")}
            staged["contacted"] = [False] * count
            return
        status_cells, status_header = self._find_cells("status", cells, count)
        outcome_cells, outcome_header = self._find_cells("outcome", cells, count)
        settle = Memo(lambda pair: self._settle(pair[0], pair[1], status_header, outcome_header))
        settled = settle.read_all(zip(status_cells, outcome_cells, strict=True))
        staged["meaning"] = [meaning for meaning, _, _ in settled]
        staged["junk_reason"] = reasons = [reason for _, reason, _ in settled]
        staged["contacted"] = [contacted for _, _, contacted in settled]
        staged["junk_by"] = by = [self._system if reason else None for reason in reasons]
        for position in find_test_rows(self._headers, rows):
            reasons[position], by[position] = Reason.TEST.value, self._system

    def _find_cells(self, field: str, cells: list[tuple[str, ...]], count: int) -> tuple[Sequence[str], str]:
        """The cells of the column that is a field, and its header; empty ones where no column is."""
        found: tuple[Sequence[str], str] = ([""] * count, "")
        for column in self._plan.find(field):
            found = cells[column.index], column.header
        return found

    def _settle(
        self, status_text: str, outcome_text: str, status_header: str, outcome_header: str
    ) -> tuple[str | None, str | None, bool]:
        """Return the meaning that counts, a reason to nominate, and whether the status proves contact."""
        status = self._statuses[status_text] if status_text else None
        outcome = parse_outcome(outcome_text, outcome_header) if outcome_text else None
        said = [meaning for meaning in (outcome, status) if meaning is not None]
        if self._keep_open:
            said = [meaning for meaning in said if meaning not in CLOSING]
        contacted = status is StatusMeaning.CONTACTED
        for meaning in said:
            if meaning in CLOSING:
                return meaning.value, None, contacted
        for meaning, text in ((status, status_text), (outcome, outcome_text)):
            if meaning in JUNK and meaning in said:
                without = _CALLEDJUNK if meaning is StatusMeaning.JUNK else _CALLED_UNQUALIFIED
                return meaning.value, parse_status_reason(text) or without, contacted
        order = (StatusMeaning.NURTURE, StatusMeaning.QUALIFIED, StatusMeaning.CONTACTED, StatusMeaning.OPEN)
        return next((meaning.value for meaning in order if meaning in said), None), None, contacted

    def count_closed(self, cells: list[tuple[str, ...]], staged: Mapping[str, Sequence[Any]]) -> None:
        """Count the rows of a chunk that come in closed, by `meaning`; those that have a `problem` do not come in."""
        statuses, status_header = self._find_cells("status", cells, len(staged["meaning"]))
        outcomes, outcome_header = self._find_cells("outcome", cells, len(staged["meaning"]))
        rows = zip(statuses, outcomes, staged["meaning"], staged["problem"], strict=True)
        for status_text, outcome_text, meaning, problem in rows:
            if meaning not in CLOSING or problem:
                continue
            status = self._statuses[status_text] if status_text else None
            outcome = parse_outcome(outcome_text, outcome_header) if outcome_text else None
            by, other, header, text = outcome_header, status, status_header, status_text
            if outcome not in CLOSING:
                by, other, header, text = status_header, outcome, outcome_header, outcome_text
            self._tally.closed[by, str(meaning)] += 1
            if other in JUNK:
                self._tally.warnings.add(
                    f"a row is both {meaning} by {by} and called junk by {header}: taken as {meaning}", text
                )
