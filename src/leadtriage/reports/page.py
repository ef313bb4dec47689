"""One page of a list: the columns that several lists have, and how rows come out of the database no further than asked.

A list fetches one row more than its limit, so that "there are more" is known without counting a million; where there
are, they are counted so far that people know what to expect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, func, literal, select

from leadtriage.tabular import Cell, Column, Table

USUAL_LIMIT = 50
MOST_COUNTED = 1_000
"""Rows of which a list that is cut tells the exact number; of more than these and than it shows it says just that."""

ID = Column("id", "Id", keep=99, align="right")
NAME = Column("name", "Name", keep=100)
COMPANY = Column("company", "Company", keep=90)
TITLE = Column("title", "Title", keep=40)
EMAIL = Column("email", "E-mail", keep=45)
PHONE = Column("phone", "Phone", keep=44)
SOURCE = Column("source", "Source", keep=30)
OWNER = Column("owner", "Owner", keep=60)
STAGE = Column("stage", "Stage", keep=28)
QUALIFIED = Column("qualified", "Qualified", keep=26)
SCORE = Column("score", "Score", keep=85, align="right", kind="bar")
CEILING = Column("ceiling", "Could reach", keep=55, align="right")
GRADE = Column("grade", "Grade", keep=92, kind="grade", shown="grade_shown")
KNOWN = Column("known", "Answered", keep=35, align="right", kind="share")
AGE = Column("age_days", "Age", keep=50, align="right", kind="days")

Row = Mapping[str, Any]
Rows = list[Row]
CellRow = dict[str, Cell]


def fetch(connection: Connection, statement: Select[Any], most: int | None) -> Rows:
    """Run a statement in its own order for at most so many rows, or all."""
    limited = statement if most is None else statement.limit(most)
    return [dict(row) for row in connection.execute(limited).mappings()]


def one_more(limit: int | None) -> int | None:
    """How many rows to ask for in order to see whether a limit leaves some out."""
    return None if limit is None else limit + 1


def with_count(connection: Connection, found: Table, *statements: Select[Any]) -> Table:
    """Return a list; where a limit cut it, with how many rows the statements have together, as far as is counted."""
    if not found.more:
        return found
    counted, most = 0, max(MOST_COUNTED, len(found.rows))
    for statement in statements:
        rows = statement.with_only_columns(literal(1), maintain_column_froms=True).order_by(None)
        limited = rows.limit(most + 1 - counted).subquery()
        counted += connection.execute(select(func.count()).select_from(limited)).scalar_one()
        if counted > most:
            return replace(found, more_than=most)
    return replace(found, total=counted)


def cut(rows: Sequence[Row], limit: int | None) -> tuple[Sequence[Row], bool]:
    """Return the page, and whether the limit left rows out."""
    return (rows, False) if limit is None else (rows[:limit], len(rows) > limit)
