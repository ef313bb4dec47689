"""The score of the Pollock benchmark of CSV loading, and its one-row pollutions of a table of our own.

After Vitagliano et al., "Pollock: A Data Loading Benchmark", PVLDB 16(8), 2023. A file's score of 10 is one point for
being loaded at all and three each (precision, recall, F1) for its header, its records and its cells. The original
folds dates and numbers before it compares; here text must be equal, which can only score lower.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

Table = Sequence[Sequence[str]]


def score_table(clean: Table, loaded: Table) -> float:
    """The simple Pollock score of one file, 0 to 10; the first row of each table counts as its header."""
    if not clean:
        return 10.0
    header = _measure(clean[0], loaded[0] if loaded else [])
    records = _measure(["".join(row) for row in clean[1:]], ["".join(row) for row in loaded[1:]])
    cells = _measure([cell for row in clean for cell in row], [cell for row in loaded for cell in row])
    return 1 + header + records + cells


def _measure(expected: Sequence[str], found: Sequence[str]) -> float:
    if not expected:
        return 3.0
    shared = sum((Counter(expected) & Counter(found)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(expected), shared / len(found)
    return precision + recall + 2 * precision * recall / (precision + recall)


def write_row(row: Sequence[str], quoted: Sequence[int], delimiters: Sequence[str] | str = ",") -> str:
    """One line: cells in the columns of `quoted` in quotation marks, others where they hold a comma."""
    cells = [
        '"' + cell.replace('"', '""') + '"' if column in quoted or "," in cell else cell
        for column, cell in enumerate(row)
    ]
    between = [delimiters] * (len(cells) - 1) if isinstance(delimiters, str) else delimiters
    return cells[0] + "".join(mark + cell for mark, cell in zip(between, cells[1:], strict=True))


def pollute_rows(table: Table, quoted: Sequence[int]) -> Iterator[tuple[str, str, list[list[str]]]]:
    """Files with one damaged row each: the pollution's name, the text, what should come out."""
    lines = [write_row(row, quoted) for row in table]
    for number, row in enumerate(table):

        def with_line(line: str, number: int = number) -> str:
            return "".join(text + "\r\n" for text in [*lines[:number], line, *lines[number + 1 :]])

        clean = [list(each) for each in table]
        for column in range(len(row)):
            commas = [","] * (len(row) - 1)
            if column == 0:
                yield "row_more_sep", with_line("," + lines[number]), clean
            else:
                more, less = list(commas), list(commas)
                more[column - 1], less[column - 1] = ",,", ""
                yield "row_more_sep", with_line(write_row(row, quoted, more)), clean
                yield "row_less_sep", with_line(write_row(row, quoted, less)), clean
            marked = [
                write_row([cell], [0] if place in quoted or "," in cell else []) for place, cell in enumerate(row)
            ]
            opening = '"' if marked[column].startswith('"') else ""
            marked[column] = opening + '"' + marked[column][len(opening) :]
            expected = [list(each) for each in table]
            expected[number][column] = '"' + row[column]
            yield "row_extra_quote", with_line(",".join(marked)), expected
        yield "row_field_delimiter", with_line(write_row(row, quoted, " ")), clean
