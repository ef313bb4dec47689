"""One column of a file into values, quickly: each distinct cell is read once, what is not understood is counted.

What a cell means is `values`'; which column is what is `mapping`'s.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from leadtriage.core.text import comparable
from leadtriage.importing.normalize import NotRecognized, is_missing, parse_number
from leadtriage.importing.stage.tally import Warnings

Value = TypeVar("Value")

_MOST_REMEMBERED = 10_000
_FEWEST_ASKED = 20_000
"""Where fewer cells than these hold so many different ones, remembering them costs more than it saves."""
_LONGEST_NUMBER = 40


@dataclass(frozen=True, slots=True)
class _Misread:
    why: str
    text: str


class Memo(dict[Any, Any], Generic[Value]):
    """Remembers what cells were read as, up to a bound, so that a file of any length fits.

    Of a column that hardly repeats itself, such as one of addresses, it remembers nothing once that is seen.
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


class ColumnReader(Generic[Value]):
    """Reads the cells of one column; what is not understood becomes unknown, and a warning."""

    def __init__(self, label: str, read: Callable[[Any], Value], warnings: Warnings) -> None:
        self._label = label
        self._given = read
        self._warnings = warnings
        self._misread = False
        self._memo: Memo[Value | _Misread] = Memo(self._read)

    def _read(self, cell: Any) -> Value | _Misread:
        try:
            return self._given(cell)
        except NotRecognized as error:
            self._misread = True
            return _Misread(str(error), cell if isinstance(cell, str) else str(cell[0]))

    def read_all(self, cells: Iterable[Any], unknown: Value) -> list[Value]:
        """Read every cell; `unknown` stands for what is not understood."""
        values = self._memo.read_all(cells)
        if self._misread:
            for position, value in enumerate(values):
                if isinstance(value, _Misread):
                    self._warnings.add(f"{self._label}: {value.why}", value.text)
                    values[position] = unknown
        return cast("list[Value]", values)


def write_json_list(cells: Sequence[str]) -> str:
    """Write a row as a JSON array; the common case, without anything to escape, costs one look."""
    text = "".join(cells)
    if text.isprintable() and '"' not in text and "\\" not in text:
        return '["' + '","'.join(cells) + '"]'
    return json.dumps(cells, ensure_ascii=False)


class ExtraReader:
    """Reads a column that is no field of ours into the parts of the two JSON objects that hold such columns."""

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
        """For each cell its part as it came and in comparable form, or None where it is missing."""
        return self._memo.read_all(cells)


def read_extra_number(cell: str) -> int | float | None:
    """The number that an extra column's cell is compared as, read as the number fields are; None where it is none."""
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
        if present:
            texts.append("{" + ",".join([part[0] for part in present]) + "}")
            compared.append("{" + ",".join([part[1] for part in present]) + "}")
        else:
            texts.append(None)
            compared.append(None)
    return texts, compared
