"""One page of a list: the columns that several lists have, and how rows come out of the database no further than asked.

A list fetches one row more than its limit, so that "there are more" is known without counting a million; where there
are, they are counted so far that people know what to expect.

Why a list is empty: no leads at all, or a name that no lead has. Looked up only where a list is empty.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
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
from leadtriage.reports.query.score_run import NO_LEADS, has_leads

MOST_COUNTED = 1_000
"""Rows of which a list that is cut tells the exact number; of more than these and than it shows it says just that."""

ID_COLUMN = Column("id", "Id", keep=99, align="right")
NAME_COLUMN = Column("name", "Name", keep=100)
COMPANY_COLUMN = Column("company", "Company", keep=90)
TITLE_COLUMN = Column("title", "Title", keep=40)
EMAIL_COLUMN = Column("email", "E-mail", keep=45)
PHONE_COLUMN = Column("phone", "Phone", keep=44)
SOURCE_COLUMN = Column("source", "Source", keep=30)
OWNER_COLUMN = Column("owner", "Owner", keep=60)
STAGE_COLUMN = Column("stage", "Stage", keep=28)
QUALIFIED_COLUMN = Column("qualified", "Qualified", keep=26)
SCORE_COLUMN = Column("score", "Score", keep=85, align="right", kind="bar")
CEILING_COLUMN = Column("ceiling", "Could reach", keep=55, align="right")
GRADE_COLUMN = Column("grade", "Grade", keep=92, kind="grade", shown="grade_shown")
KNOWN_COLUMN = Column("known", "Answered", keep=35, align="right", kind="share")
AGE_COLUMN = Column("age_days", "Age", keep=50, align="right", kind="days")

Row = Mapping[str, Any]
Rows = list[Row]
CellRow = dict[str, Cell]


def fetch_rows(connection: Connection, statement: Select[Any], most: int | None) -> Rows:
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


def cut_to_limit(rows: Sequence[Row], limit: int | None) -> tuple[Sequence[Row], bool]:
    """Return the page, and whether the limit left rows out."""
    return (rows, False) if limit is None else (rows[:limit], len(rows) > limit)


_lead = table(Lead)
_score = table(LeadScore)

_MOST_NAMES = 3
_TEXTS = ("source", "campaign", "country", "state")


def explain_if_empty(connection: Connection, found: Table, filters: Filters) -> Table:
    """Return a list as it is; where it has no rows, with what says why, as far as that can be told."""
    return found if found.rows else explain_emptiness(connection, found, filters)


def explain_emptiness(connection: Connection, found: Table, filters: Filters) -> Table:
    """Return what no lead is in with what says why, as far as that can be told: a note, or warnings.

    A filter by a name that no lead has at all is warned of, with the nearest names that leads do have: otherwise nobody
    would ever notice a misspelt one in a line of cron.
    """
    if not has_leads(connection):
        return replace(found, notes=tuple(dict.fromkeys((*found.notes, NO_LEADS))))
    return replace(found, warnings=(*found.warnings, *explain_names(connection, filters)))


def explain_unknown(connection: Connection, kind: str, names: Iterable[str]) -> tuple[str, ...]:
    """Say of each name that no lead has which ones are near it; `kind` is a filter by name, such as "owner"."""
    return _explain(connection, [(kind, name) for name in names])


def explain_names(connection: Connection, filters: Filters) -> tuple[str, ...]:
    """Say of each name in the filters that no lead has which ones are near it."""
    given = {kind: getattr(filters, kind) for kind in ("owner", *_TEXTS, "reason")}
    return _explain(connection, [(kind, name) for kind, name in given.items() if name is not None and name.strip()])


def _explain(connection: Connection, asked: Collection[tuple[str, str]]) -> tuple[str, ...]:
    if not asked:
        return ()
    known = _names_by_form(connection, dict.fromkeys(kind for kind, _ in asked))
    stored = [(kind, as_stored(name)) for kind, name in asked]
    by_form = {(kind, _form(kind, name)): name for kind, name in stored}
    return tuple(
        f"no lead has the {kind} “{name}”; {_name_nearest(name, known[kind].values())}"
        for (kind, form), name in by_form.items()
        if form not in known[kind] and not (kind == "owner" and _has_other_name(connection, name, known[kind]))
    )


def _form(kind: str, name: str) -> str:
    """A name as it is compared; reasons are words, compared as they stand."""
    return name if kind == "reason" else comparable(name)


def _has_other_name(connection: Connection, name: str, known: Collection[str]) -> bool:
    """Whether leads have another name of the member of the team who has this one."""
    return any(spelling in known for spelling in connection.execute(select_spellings(name)).scalars())


def _names_by_form(connection: Connection, kinds: Collection[str]) -> dict[str, dict[str, str]]:
    """The names of each kind by the form in which it is compared, as most leads have it, the commonest ones first."""
    statements = {
        "owner": [_count_names("owner", _lead.c.owner_comparable, _lead.c.owner, is_visible())],
        **{kind: [_count_names(kind, _lead.c[f"{kind}_comparable"], _lead.c[kind], is_visible())] for kind in _TEXTS},
        "reason": [
            _count_names("reason", _lead.c.outcome_reason, _lead.c.outcome_reason, is_visible()),
            _count_names("reason", nurture_reason(), nurture_reason(), is_visible()),
            _count_names("reason", _score.c.reason, _score.c.reason, is_visible_score()),
        ],
    }
    counted = union_all(*(statement for kind in kinds for statement in statements[kind])).subquery()
    found: dict[str, dict[str, str]] = {kind: {} for kind in kinds}
    for row in connection.execute(select(counted).order_by(counted.c.leads.desc(), counted.c.name)):
        found[row.kind].setdefault(row.form, row.name)
    if "reason" in found:
        found["reason"] |= {reason.value: reason.value for reason in Reason}
    return found


def _count_names(
    kind: str, form: ColumnElement[str], name: ColumnElement[str], wanted: ColumnElement[bool]
) -> Select[Any]:
    names: list[ColumnElement[Any]] = [literal(kind).label("kind"), form.label("form"), name.label("name")]
    return select(*names, func.count().label("leads")).where(form.is_not(None), wanted).group_by(form, name)


def _name_nearest(asked: str, known: Iterable[str]) -> str:
    """The names that hold what was asked for or look like it; where none does, those that most leads have."""
    by_form = {fold(name): name for name in known}
    holding = [form for form in by_form if fold(asked) in form]
    near = list(dict.fromkeys([*holding, *get_close_matches(fold(asked), by_form, n=_MOST_NAMES)]))
    if near:
        return f"near it: {_list_names(near[:_MOST_NAMES], by_form)}"
    if not by_form:
        return "no lead has any"
    others = ", and others" if len(by_form) > _MOST_NAMES else ""
    return f"known: {_list_names(list(by_form)[:_MOST_NAMES], by_form)}{others}"


def _list_names(forms: Iterable[str], names: Mapping[str, str]) -> str:
    return ", ".join(f"“{names[form]}”" for form in forms)
