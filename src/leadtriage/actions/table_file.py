"""Small tables that people fill in: find columns by their header, read cells, and report mistakes by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from leadtriage.core.errors import LeadtriageError, MistakesInFile
from leadtriage.core.tables import unguard_formula
from leadtriage.core.text import format_count
from leadtriage.importing import squeeze
from leadtriage.importing.parse import ReadOptions, Source, open_source

_MAX_MISTAKES = 100


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a file.

    Attributes:
        cells: by field, stripped; empty if the row has a problem.
        raw: all cells as they are in the file.
        problem: why the row cannot be read.
    """

    line: int
    cells: Mapping[str, str]
    raw: list[str]
    problem: str | None = None


def open_table(path: Path | None, stream: BinaryIO | None = None) -> Source:
    """Open a file with one header row and one table; `path` None reads `stream`."""
    return open_source(path, stream, ReadOptions(quote='"', escape="", header_rows=1, skip_rows=0, table=1))


def find_columns(headers: Sequence[str], synonyms: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return the column of each field that has one; the first synonym among the headers wins.

    Args:
        synonyms: the headers of each field as bare letters (`leadtriage.importing.squeeze`).
    """
    places: dict[str, int] = {}
    for place, header in enumerate(headers):
        places.setdefault(squeeze(header), place)
    found = {field: next((places[name] for name in names if name in places), None) for field, names in synonyms.items()}
    return {field: place for field, place in found.items() if place is not None}


def read_rows(source: Source, columns: Mapping[str, int]) -> Iterator[TableRow]:
    """Read the cells of some columns, without the apostrophe that guards formulas."""
    for chunk in source.rows():
        for place, (line, raw) in enumerate(zip(chunk.lines, chunk.cells, strict=True)):
            problem = chunk.problems.get(place)
            cells = {} if problem else {name: unguard_formula(raw[at]).strip() for name, at in columns.items()}
            yield TableRow(line, cells, raw, problem)


class Mistakes:
    """Collects the mistakes of a file, so that one error reports them all.

    Args:
        what: what the file holds, in the plural: "verdicts".
    """

    def __init__(self, place: str, what: str) -> None:
        self._place, self._what = place, what
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, message: str) -> None:
        """Note a mistake."""
        self._found.append((line, message))

    @contextmanager
    def catch(self, line: int) -> Iterator[None]:
        """Note an error that the block raises, with its hint."""
        try:
            yield
        except LeadtriageError as error:
            self.add(line, f"{error.message}; {error.hint}" if error.hint else error.message)

    def raise_if_any(self) -> None:
        """Raise a `MistakesInFile` with all mistakes in the order of their lines."""
        if not self._found:
            return
        messages = [f"line {line}: {message}" for line, message in sorted(self._found)]
        if len(messages) > _MAX_MISTAKES:
            messages[_MAX_MISTAKES:] = [f"and {len(messages) - _MAX_MISTAKES:,} more"]
        many = format_count(len(self._found), "mistake")
        raise MistakesInFile(
            f"{many}; none of its {self._what} was stored", mistakes=tuple(messages), place=self._place
        )
