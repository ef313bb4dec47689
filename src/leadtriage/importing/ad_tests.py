"""Recognises the rows that an ad platform makes to try out a form. What becomes of them is decided by the import."""

from __future__ import annotations

from collections.abc import Sequence

from leadtriage.importing.headers import squeeze

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
