"""Collects the mistakes in a criteria file, with their places and the nearest valid names."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from leadtriage.errors import CriteriaError

LONGEST_QUOTE = 60
MOST_NAMES_LISTED = 8


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in the file; line and column count from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Mistakes:
    """Grows while a file is read, so that all its mistakes can be told at once."""

    found: list[tuple[Place, str]] = field(default_factory=list)

    def add(self, place: Place, text: str) -> None:
        """Note a mistake: what was found, what was expected."""
        self.found.append((place, text))

    def lines(self) -> tuple[str, ...]:
        """Return them as `line:column: text`, in the order of the file, each once."""
        ordered = dict.fromkeys(sorted(self.found, key=lambda mistake: mistake[0]))
        return tuple(f"{place.line}:{place.column}: {text}" for place, text in ordered)

    def raise_if_any(self, place: str) -> None:
        """Raise all of them as one CriteriaError; `place` is the file's name."""
        lines = self.lines()
        if lines:
            count = "a mistake" if len(lines) == 1 else f"{len(lines)} mistakes, each"
            raise CriteriaError(f"{count} at line:column", mistakes=lines, place=place)


def quote(text: str) -> str:
    """Return the text in quotes for a message: shortened, and without characters that a terminal acts on."""
    short = text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in short) + '"'


def list_names(names: Iterable[str], *, last: str = "or") -> str:
    """Return the names as a person would list them: "a, b or c"."""
    listed = list(names)
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} {last} {listed[-1]}"


def expect_name(text: str, valid: Collection[str]) -> str:
    """Return what was expected instead of an unknown name: the nearest one, all of them, or both where they are few."""
    near = suggest(text, valid)
    listed = f", expected {list_names(valid)}" if not near or len(valid) <= MOST_NAMES_LISTED else ""
    return listed + near


def suggest(text: str, valid: Collection[str]) -> str:
    """Return "; did you mean NAME?" for the valid name nearest to the text, or nothing where none is near."""
    by_lower = {name.lower(): name for name in valid}
    wanted = text.strip().lower()
    for form in (wanted, wanted.replace(" ", "_").replace("-", "_")):
        near = difflib.get_close_matches(form, by_lower, n=1)
        if near:
            return f"; did you mean {by_lower[near[0]]}?"
    return ""
