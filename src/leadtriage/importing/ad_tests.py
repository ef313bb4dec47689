"""Recognises the rows that an ad platform makes to try out a form. What becomes of them is decided by the import."""

from __future__ import annotations

from collections.abc import Mapping

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


def find_test_row(cells: Mapping[str, str]) -> bool:
    """Tell whether a row, header to cell, is a platform's own test lead (Meta, Google, LinkedIn)."""
    text = f"{_BETWEEN}{_BETWEEN.join(cells.values())}{_BETWEEN}".lower()
    if "test" not in text and "firstname" not in text and "dummy" not in text and not _has_flag(cells):
        return False
    return (
        any(mark in text for mark in _ANYWHERE)
        or any(mark in text for mark in _WHOLE_CELLS)
        or any(
            squeeze(header) in _FLAG_HEADERS and value.strip().lower() in _FLAGGED for header, value in cells.items()
        )
    )


def _has_flag(cells: Mapping[str, str]) -> bool:
    return any("test" in header.lower() for header in cells)
