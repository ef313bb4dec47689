"""Lists of leads: the columns that they share, one page of rows, and why a list is empty.

A list fetches one row more than its limit, which shows whether there are more without counting a million.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, union_all

from leadtriage.core.tables import Cell, Column, Table
from leadtriage.core.text import comparable, fold
from leadtriage.core.vocabulary import Reason
from leadtriage.db import Lead, LeadScore, table
from leadtriage.reports.query.filters import (
    Filters,
    as_stored,
    is_visible,
    is_visible_score,
    nurture_reason,
    select_spellings,
)
from leadtriage.reports.query.score_run import NO_LEADS, ScoreSnapshot, has_leads

MOST_COUNTED = 1_000
"""A list that a limit cuts counts its rows up to this many."""

Row = Mapping[str, Any]
Rows = list[Row]
CellRow = dict[str, Cell]

_lead = table(Lead)
_score = table(LeadScore)

_SHARED: dict[str, tuple[Column, ColumnElement[Any]]] = {
    column.key: (column, value)
    for column, value in (
        (Column("id", "Id", keep=99, align="right"), _lead.c.id),
        (Column("name", "Name", keep=100), _lead.c.name),
        (Column("company", "Company", keep=90), _lead.c.company),
        (Column("title", "Title", keep=40), _lead.c.title),
        (Column("email", "E-mail", keep=45), _lead.c.email),
        (Column("phone", "Phone", keep=44), _lead.c.phone),
        (Column("source", "Source", keep=30), _lead.c.source),
        (Column("campaign", "Campaign", keep=20), _lead.c.campaign),
        (Column("owner", "Owner", keep=60), _lead.c.owner),
        (Column("stage", "Stage", keep=28), _lead.c.stage),
        (Column("status", "Status", keep=15), _lead.c.status),
        (Column("qualified", "Qualified", keep=26), _lead.c.qualified_on),
        (Column("score", "Score", keep=85, align="right", kind="bar"), _score.c.score),
        (Column("ceiling", "Potential", keep=55, align="right"), _score.c.ceiling),
        (Column("grade", "Grade", keep=92, kind="grade", shown="grade_shown"), _score.c.grade),
        (Column("known", "Known", keep=35, align="right", kind="share"), _score.c.known),
        (Column("reason", "Reason", keep=32), _score.c.reason),
        (Column("created", "Came in", keep=50), _lead.c.created_on),
        (Column("age_days", "Age", keep=50, align="right", kind="days"), _lead.c.created_on),
        (Column("last_touch", "Last contact", keep=50), _lead.c.last_touch_on),
    )
}
"""Each shared column with the value that is selected for it. The keys are a contract."""


def pick_columns(*wanted: str | Column) -> tuple[Column, ...]:
    """Return the shared columns of these keys, separated by spaces; a column of the list's own stays as it is."""
    each = (part for given in wanted for part in (given.split() if isinstance(given, str) else (given,)))
    return tuple(_SHARED[part][0] if isinstance(part, str) else part for part in each)


def select_values(columns: Iterable[Column], *more: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """Return what to select for the shared columns among these, and for `present_lead`."""
    keys = dict.fromkeys((*(column.key for column in columns), "known", "created"))
    return [*(_SHARED[key][1].label(key) for key in keys if key in _SHARED and key != "age_days"), *more]


def present_lead(row: Row, columns: Iterable[Column], snapshot: ScoreSnapshot, as_of: date) -> CellRow:
    """Return the cells of a row that `select_values` selected; columns of the list's own get the value of their key."""
    cells: CellRow = {column.key: row.get(column.key) for column in columns}
    if "grade" in cells:
        cells["grade_shown"] = snapshot.format_grade(row["grade"], row["known"])
    if "age_days" in cells:
        cells["age_days"] = count_days(row["created"], as_of)
    return cells


def count_days(since: date, as_of: date) -> int:
    """Return the days from one day to another; 0 where the first is yet to come."""
    return max(0, (as_of - since).days)


def fill_page(
    connection: Connection,
    limit: int | None,
    empty: Table,
    statement: Select[Any],
    present: Callable[[Sequence[Row]], Iterable[Mapping[str, Cell]]],
) -> Table:
    """Return a table with the first rows of a statement and, where the limit leaves rows out, their number.

    Args:
        present: turns the selected rows into cells.
    """
    shown, more = cut_to_limit(fetch_rows(connection, statement, one_more(limit)), limit)
    return with_count(connection, replace(empty, rows=tuple(present(shown)), more=more), statement)


def fetch_rows(connection: Connection, statement: Select[Any], most: int | None) -> Rows:
    """Return at most so many rows of a statement, or all for None."""
    limited = statement if most is None else statement.limit(most)
    return [dict(row) for row in connection.execute(limited).mappings()]


def one_more(limit: int | None) -> int | None:
    """Return how many rows to fetch to see whether a limit leaves some out."""
    return None if limit is None else limit + 1


def cut_to_limit(rows: Sequence[Row], limit: int | None) -> tuple[Sequence[Row], bool]:
    """Return the page, and whether the limit left rows out."""
    return (rows, False) if limit is None else (rows[:limit], len(rows) > limit)


def with_count(connection: Connection, found: Table, statement: Select[Any]) -> Table:
    """Return a table that a limit cut with the number of the statement's rows, or that there are more than counted."""
    if not found.more:
        return found
    most = max(MOST_COUNTED, len(found.rows))
    rows = statement.with_only_columns(literal(1), maintain_column_froms=True).order_by(None).limit(most + 1)
    counted = connection.execute(select(func.count()).select_from(rows.subquery())).scalar_one()
    return replace(found, more_than=most) if counted > most else replace(found, total=counted)


_MOST_NAMES = 3
_NAMES = ("owner", "source", "campaign", "country", "state")
"""The filters by a name that leads have, each with a column of the same name and one of its comparable form."""


def explain_if_empty(connection: Connection, found: Table, filters: Filters) -> Table:
    """Return a list as it is or, without rows, with the reasons for that."""
    return found if found.rows else explain_emptiness(connection, found, filters)


def explain_emptiness(connection: Connection, found: Table, filters: Filters) -> Table:
    """Return an empty list with the reasons for that: a note, or warnings of names that no lead has.

    The warnings make a misspelt name in a cron job visible.
    """
    if not has_leads(connection):
        return replace(found, notes=tuple(dict.fromkeys((*found.notes, NO_LEADS))))
    return replace(found, warnings=(*found.warnings, *explain_names(connection, filters)))


def explain_names(connection: Connection, filters: Filters) -> tuple[str, ...]:
    """Return a sentence for each name in the filters that no lead has, with the nearest known names."""
    given = {kind: getattr(filters, kind) for kind in (*_NAMES, "reason")}
    return tuple(
        sentence
        for kind, name in given.items()
        if name is not None and name.strip()
        for sentence in explain_unknown(connection, kind, [name])
    )


def explain_unknown(connection: Connection, kind: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return a sentence for each name that no lead has, with the nearest known names.

    Args:
        kind: a filter by name, such as "owner".
    """
    stored = [as_stored(name) for name in names]
    by_form = {name if kind == "reason" else comparable(name): name for name in stored}
    known = _read_names(connection, kind) if by_form else {}
    return tuple(
        f"no lead has the {kind} “{name}”; {_describe_nearest(name, known.values())}"
        for form, name in by_form.items()
        if form not in known and not (kind == "owner" and _has_other_name(connection, name, known))
    )


def _has_other_name(connection: Connection, name: str, known: Collection[str]) -> bool:
    """Whether leads have another name of the same member of the team."""
    return any(spelling in known for spelling in connection.execute(select_spellings(name)).scalars())


def _read_names(connection: Connection, kind: str) -> dict[str, str]:
    """Return the names that leads have by their comparable form, the commonest first; reasons compare as they are."""
    if kind == "reason":
        statements = [
            _count_names(_lead.c.outcome_reason, _lead.c.outcome_reason, is_visible()),
            _count_names(nurture_reason(), nurture_reason(), is_visible()),
            _count_names(_score.c.reason, _score.c.reason, is_visible_score()),
        ]
    else:
        statements = [_count_names(_lead.c[f"{kind}_comparable"], _lead.c[kind], is_visible())]
    counted = union_all(*statements).subquery()
    found: dict[str, str] = {}
    for row in connection.execute(select(counted).order_by(counted.c.leads.desc(), counted.c.name)):
        found.setdefault(row.form, row.name)
    return found | {reason.value: reason.value for reason in Reason} if kind == "reason" else found


def _count_names(form: ColumnElement[str], name: ColumnElement[str], wanted: ColumnElement[bool]) -> Select[Any]:
    names: list[ColumnElement[Any]] = [form.label("form"), name.label("name"), func.count().label("leads")]
    return select(*names).where(form.is_not(None), wanted).group_by(form, name)


def _describe_nearest(asked: str, known: Iterable[str]) -> str:
    """Suggest the names that contain or resemble this one, else name the commonest."""
    by_form = {fold(name): name for name in known}
    holding = [form for form in by_form if fold(asked) in form]
    near = list(dict.fromkeys([*holding, *get_close_matches(fold(asked), by_form, n=_MOST_NAMES)]))
    quoted = [f"“{by_form[form]}”" for form in (near or by_form)]
    if near:
        return f"did you mean {' or '.join(quoted[:_MOST_NAMES])}?"
    if not by_form:
        return "no lead has any"
    others = ", and others" if len(by_form) > _MOST_NAMES else ""
    return f"known: {', '.join(quoted[:_MOST_NAMES])}{others}"
