"""What was met while a table was read, and what people are told of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Oddities:
    """What was met while a table was read, for the warnings afterwards: counts, and some rows' lines."""

    rows: int = 0
    blank: int = 0
    short: int = 0
    long: list[int] = field(default_factory=list)
    mended: list[int] = field(default_factory=list)
    damaged: int = 0
    notes: int = 0
    another_table_at: int | None = None

    def tell(self, tables: int) -> tuple[str, ...]:
        """Say what of it may be wrong, of a file with so many tables."""
        told = []
        if self.short:
            told.append(f"rows shorter than the header, filled up with nothing: {self.short:,}")
        if 0 < len(self.long) <= 0.2 * self.rows:
            told.append(f"rows with a delimiter too many, whose cells may be shifted: line {list_lines(self.long)}")
        if self.mended:
            told.append(
                f"rows with broken quotation marks or delimiters that were mended: line {list_lines(self.mended)}"
            )
        if self.damaged:
            told.append(f"rows that can't be read because of their delimiters or quotation marks: {self.damaged:,}")
        if self.notes:
            told.append(f"lines below the table that are left out: {self.notes}")
        if self.another_table_at is not None and tables == 1:
            told.append(f"reading stopped at line {self.another_table_at:,}, where another table begins (--table)")
        return tuple(told)


def list_lines(lines: list[int]) -> str:
    """Name the first lines of several, and how many more there are."""
    return ", ".join(map(str, lines[:5])) + (f" and {len(lines) - 5:,} more" if len(lines) > 5 else "")
