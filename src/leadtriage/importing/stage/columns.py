"""One column of cells to values: each distinct cell is parsed once, and what cannot be parsed is counted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from leadtriage.core.text import comparable, format_count
from leadtriage.importing.normalize import DateOrderEvidence, NotRecognized, is_missing, parse_number

Value = TypeVar("Value")

_MOST_REMEMBERED = 10_000
_FEWEST_ASKED = 20_000
"""If fewer cells than these hold so many different values, remembering them costs more than it saves."""
_LONGEST_NUMBER = 40
_LONGEST_EXAMPLE = 60


@dataclass(slots=True)
class Warnings:
    """Equal warnings about rows, counted together.

    Attributes:
        counts: the number of rows for each sentence.
        examples: for each sentence the first line and its cell.
        lines: the line of each row of the chunk that is being parsed.
    """

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[int, str]] = field(default_factory=dict)
    lines: Sequence[int] = ()

    def add(self, sentence: str, position: int, cell: str) -> None:
        """Count a sentence about the row at a position of the chunk."""
        self.counts[sentence] += 1
        if sentence not in self.examples:
            self.examples[sentence] = self.lines[position], cell[:_LONGEST_EXAMPLE]

    def include(self, other: Warnings) -> None:
        """Add the warnings about other rows of the same file."""
        self.counts.update(other.counts)
        for sentence, example in other.examples.items():
            self.examples[sentence] = min(example, self.examples.get(sentence, example))

    def sentences(self) -> tuple[str, ...]:
        """Return `37 rows: no deal value (line 12: "tbd")` for each sentence, the most frequent first."""
        examples = {sentence: f'line {line}: "{cell}"' for sentence, (line, cell) in self.examples.items()}
        return tuple(
            f"{format_count(count, 'row')}: {sentence} ({examples[sentence]})"
            for sentence, count in self.counts.most_common()
        )


@dataclass(slots=True)
class Tally:
    """What was noticed while the rows of a file were parsed.

    Attributes:
        file_warnings: warnings about the file as a whole.
        closed: the number of rows imported as closed, by column and outcome.
        evidence: for each date column, by its index, what its values show about their order.
        unmarked_money: the number of sums without a currency.
    """

    warnings: Warnings = field(default_factory=Warnings)
    file_warnings: tuple[str, ...] = ()
    closed: Counter[tuple[str, str]] = field(default_factory=Counter)
    evidence: dict[int, DateOrderEvidence] = field(default_factory=dict)
    unmarked_money: int = 0
    rows: int = 0

    def include(self, other: Tally) -> None:
        """Add what was noticed in other rows of the same file."""
        self.warnings.include(other.warnings)
        self.closed.update(other.closed)
        for index, evidence in other.evidence.items():
            self.evidence[index].include(evidence)
        self.unmarked_money += other.unmarked_money
        self.rows += other.rows


class Memo(dict[Any, Any], Generic[Value]):
    """Remembers the value of each distinct cell, up to a bound, so that files of any length fit.

    For a column that hardly repeats itself, such as addresses, it soon stops remembering.
    """

    def __init__(self, read: Callable[[Any], Value]) -> None:
        super().__init__()
        self._read = read
        self._look_up: Callable[[Any], Value] = self.__getitem__
        self._asked = 0

    def __missing__(self, key: Any) -> Value:
        value = self._read(key)
        if len(self) < _MOST_REMEMBERED:
            self[key] = value
        return value

    def read_all(self, cells: Iterable[Any]) -> list[Value]:
        """Read every cell."""
        values = list(map(self._look_up, cells))
        self._asked += len(values)
        if len(self) == _MOST_REMEMBERED and self._asked < _FEWEST_ASKED:
            self._look_up = self._read
            self.clear()
        return values


@dataclass(frozen=True, slots=True)
class _Unparsed:
    why: str
    cell: str


class ColumnReader(Generic[Value]):
    """Parses the cells of one column; a cell that cannot be parsed becomes unknown, with a warning."""

    def __init__(self, header: str, parse: Callable[[Any], Value], warnings: Warnings) -> None:
        self._header = header
        self._parse = parse
        self._warnings = warnings
        self._has_unparsed = False
        self._memo: Memo[Value | _Unparsed] = Memo(self._read)

    def _read(self, cell: Any) -> Value | _Unparsed:
        try:
            return self._parse(cell)
        except NotRecognized as error:
            self._has_unparsed = True
            return _Unparsed(str(error), cell if isinstance(cell, str) else str(cell[0]))

    def read_all(self, cells: Iterable[Any], unknown: Value) -> list[Value]:
        """Parse every cell; return `unknown` for those that cannot be parsed."""
        values = self._memo.read_all(cells)
        if self._has_unparsed:
            for position, value in enumerate(values):
                if isinstance(value, _Unparsed):
                    self._warnings.add(f"{self._header} ignored, {value.why}", position, value.cell)
                    values[position] = unknown
        return cast("list[Value]", values)


def write_json_list(cells: Sequence[str]) -> str:
    """Write a row as a JSON array; fast if nothing needs an escape."""
    text = "".join(cells)
    if text.isprintable() and '"' not in text and "\\" not in text:
        return '["' + '","'.join(cells) + '"]'
    return json.dumps(cells, ensure_ascii=False)


class ExtraReader:
    """Reads an extra column into parts of the two JSON objects that hold extra columns."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._memo: Memo[tuple[str, str] | None] = Memo(self._read)

    def _read(self, cell: str) -> tuple[str, str] | None:
        if is_missing(cell):
            return None
        text = f'"c{self._number}":{json.dumps(cell, ensure_ascii=False)}'
        compared = f'"c{self._number}":{json.dumps(comparable(cell), ensure_ascii=False)}'
        number = read_extra_number(cell)
        if number is not None:
            compared += f',"n{self._number}":{number}'
        return text, compared

    def read_all(self, cells: Iterable[str]) -> list[tuple[str, str] | None]:
        """For each cell, its part as written and its comparable part; None if the cell is missing."""
        return self._memo.read_all(cells)


def read_extra_number(cell: str) -> int | float | None:
    """Parse a cell of an extra column as number fields are parsed; None if it is not a number."""
    if len(cell) > _LONGEST_NUMBER or not any(map(str.isdecimal, cell)):
        return None
    try:
        return parse_number(cell)
    except NotRecognized:
        return None


def join_extras(
    columns: Sequence[list[tuple[str, str] | None]], count: int
) -> tuple[list[str | None], list[str | None]]:
    """Join the parts of each row to its two JSON objects; None for a row without any."""
    if not columns:
        return [None] * count, [None] * count
    texts: list[str | None] = []
    compared: list[str | None] = []
    for parts in zip(*columns, strict=True):
        present = [part for part in parts if part is not None]
        texts.append("{" + ",".join([part[0] for part in present]) + "}" if present else None)
        compared.append("{" + ",".join([part[1] for part in present]) + "}" if present else None)
    return texts, compared
