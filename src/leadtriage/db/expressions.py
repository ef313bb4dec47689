"""Expressions that SQLite and PostgreSQL spell differently; what else differs between them is `db.dialect`'s.

Words of people that stand against what scores and imports would say again, as conditions on statements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    Date,
    Float,
    Integer,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.functions import FunctionElement

from leadtriage.core.vocabulary import EventKind
from leadtriage.db.tables.history import Event
from leadtriage.db.tables.lead import Lead, table

_MOST_ARGUMENTS = 100
"""Of one SQLite function: its own limit is 127 before version 3.48."""


class _Position(FunctionElement[int]):
    type = Integer()
    inherit_cache = True
    name = "position"


@compiles(_Position, "sqlite")
def _position_sqlite(element: _Position, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(_Position, "postgresql")
def _position_postgresql(element: _Position, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


class _HoldsOneOf(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True
    name = "holds_one_of"


@compiles(_HoldsOneOf, "sqlite")
def _holds_one_of_sqlite(element: _HoldsOneOf, compiler: SQLCompiler, **options: Any) -> str:
    text, *parts = (compiler.process(clause, **options) for clause in element.clauses)
    return " OR ".join(f"instr({text}, {part}) > 0" for part in parts)


@compiles(_HoldsOneOf, "postgresql")
def _holds_one_of_postgresql(element: _HoldsOneOf, compiler: SQLCompiler, **options: Any) -> str:
    text, *parts = (compiler.process(clause, **options) for clause in element.clauses)
    return " OR ".join(f"strpos({text}, {part}) > 0" for part in parts)


class _DaysBetween(FunctionElement[int]):
    type = Integer()
    inherit_cache = True
    name = "days_between"


@compiles(_DaysBetween, "sqlite")
def _days_sqlite(element: _DaysBetween, compiler: SQLCompiler, **options: Any) -> str:
    later, earlier = element.clauses
    difference = func.julianday(later) - func.julianday(earlier)
    return compiler.process(cast(difference, Integer), **options)


@compiles(_DaysBetween, "postgresql")
def _days_postgresql(element: _DaysBetween, compiler: SQLCompiler, **options: Any) -> str:
    later, earlier = (compiler.process(cast(part, Date), **options) for part in element.clauses)
    return f"({later} - {earlier})"


def position(text: Any, part: Any) -> ColumnElement[int]:
    """Where a part stands in a text, from 1; 0 where it does not."""
    return _Position(text, part)


def holds_one_of(text: ColumnElement[str], parts: Sequence[ColumnElement[str]]) -> ColumnElement[bool]:
    """Whether a text holds one of at most a few hundred parts: put together much faster than from their positions."""
    return Grouping(_HoldsOneOf(text, *parts))


def days_between(later: Any, earlier: Any) -> ColumnElement[int]:
    """Whole days from the second date to the first."""
    return _DaysBetween(later, earlier)


class _Extreme(FunctionElement[Any]):
    inherit_cache = True
    words: tuple[str, str] = ("max", "greatest")


class _Largest(_Extreme):
    name = "largest"
    inherit_cache = True


class _Smallest(_Extreme):
    name = "smallest"
    inherit_cache = True
    words = ("min", "least")


@compiles(_Largest, "sqlite")
@compiles(_Smallest, "sqlite")
def _extreme_sqlite(element: _Extreme, compiler: SQLCompiler, **options: Any) -> str:
    return f"{element.words[0]}({compiler.process(element.clauses, **options)})"


@compiles(_Largest, "postgresql")
@compiles(_Smallest, "postgresql")
def _extreme_postgresql(element: _Extreme, compiler: SQLCompiler, **options: Any) -> str:
    return f"{element.words[1]}({compiler.process(element.clauses, **options)})"


def _extreme(kind: type[_Extreme], values: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
    while len(values) > 1:
        groups = [values[i : i + _MOST_ARGUMENTS] for i in range(0, len(values), _MOST_ARGUMENTS)]
        values = [kind(*group) if len(group) > 1 else group[0] for group in groups]
    return values[0]


def largest(*values: ColumnElement[Any]) -> ColumnElement[Any]:
    """The largest of one or more values of a row; none of them may be NULL."""
    return _extreme(_Largest, values)


def smallest(*values: ColumnElement[Any]) -> ColumnElement[Any]:
    """The smallest of one or more values of a row; none of them may be NULL."""
    return _extreme(_Smallest, values)


class _FirstName(FunctionElement[Any]):
    type = String()
    inherit_cache = True
    name = "first_name"


@compiles(_FirstName, "sqlite")
def _first_name_sqlite(element: _FirstName, compiler: SQLCompiler, **options: Any) -> str:
    return f"min({compiler.process(element.clauses, **options)})"


@compiles(_FirstName, "postgresql")
def _first_name_postgresql(element: _FirstName, compiler: SQLCompiler, **options: Any) -> str:
    return f'min({compiler.process(element.clauses, **options)} COLLATE "C")'


def first_spelling(name: ColumnElement[Any]) -> ColumnElement[Any]:
    """The first of a group's spellings of a name by their code points, as SQLite and Python order them.

    A server orders texts by its own locale, and would choose another spelling.
    """
    return _FirstName(Grouping(name))


def text_before(text: ColumnElement[str], mark: str) -> ColumnElement[str]:
    """What stands before the first `mark` in a text; nothing where there is none."""
    return func.substr(text, 1, position(text, literal(mark)) - 1)


def text_for(value: ColumnElement[Any], names: Mapping[Any, str]) -> ColumnElement[str]:
    """A text for each of some values."""
    return case({key: literal(name) for key, name in names.items()}, value=value)


def value_if(
    condition: ColumnElement[bool], value: ColumnElement[Any], otherwise: ColumnElement[Any] | None = None
) -> ColumnElement[Any]:
    """A value where the condition is true, else the other one or NULL."""
    return case((condition, value), else_=otherwise if otherwise is not None else null())


def one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """1 where the condition is true, else 0: a number that can be added up."""
    return case((condition, 1), else_=0)


class _JsonWith(FunctionElement[Any]):
    type = JSON()
    inherit_cache = True
    name = "json_with"


@compiles(_JsonWith, "sqlite")
def _json_with_sqlite(element: _JsonWith, compiler: SQLCompiler, **options: Any) -> str:
    target, key, source = element.clauses
    path = literal("$.") + key
    written = func.json_set(func.coalesce(target, literal("{}", String)), path, func.json_extract(source, path))
    return compiler.process(type_coerce(written, String), **options)


@compiles(_JsonWith, "postgresql")
def _json_with_postgresql(element: _JsonWith, compiler: SQLCompiler, **options: Any) -> str:
    # Loading it costs every command on a local file a tenth of its start.
    from sqlalchemy.dialects import postgresql

    target, key, source = element.clauses
    binary = postgresql.JSONB
    empty = cast(literal("{}", String), binary)
    value = cast(source, binary).op("->")(key)
    written = func.coalesce(cast(target, binary), empty).op("||")(func.jsonb_build_object(key, value))
    return compiler.process(cast(written, postgresql.JSON), **options)


def json_with(target: ColumnElement[Any], key: str, source: ColumnElement[Any]) -> ColumnElement[Any]:
    """A JSON object with one key's value taken from another object, null where that has none."""
    return _JsonWith(target, literal(key, String), source)


def json_text(column: ColumnElement[Any], key: str) -> ColumnElement[str]:
    """A text in a JSON object's column. `key` is one of ours (`c1`), never a header of a file."""
    return cast(column[key].as_string(), String)


def json_number(column: ColumnElement[Any], key: str) -> ColumnElement[float]:
    """A number in a JSON object's column; NULL where there is none."""
    return cast(column[key].as_string(), Float)


_NOTHING_NEW = (
    *("touches", "unanswered_touches", "replies", "nurture_until"),
    *("outcome_reason", "outcome_value", "closed_on"),
)
"""Fields of which a change tells what was done with a lead, not what it is."""


def called_unqualified() -> ColumnElement[bool]:
    """Whether a person's word that a lead is not qualified stands: neither its status nor a field has changed since.

    For statements that select from `lead`.
    """
    lead, said = table(Lead), table(Event).alias("said")
    later, undoing = table(Event).alias("later"), table(Event).alias("undoing")
    outdated = exists().where(
        later.c.lead_id == said.c.lead_id,
        later.c.id > said.c.id,
        or_(
            later.c.kind.in_([EventKind.QUALIFIED, EventKind.STATUS]),
            and_(later.c.kind == EventKind.FIELD, later.c.field.not_in(_NOTHING_NEW)),
        ),
    )
    undone = exists().where(undoing.c.lead_id == said.c.lead_id, undoing.c.undoes == said.c.act)
    return exists().where(
        said.c.lead_id == lead.c.id,
        said.c.kind == EventKind.QUALIFIED,
        said.c.new.is_(None),
        said.c.changes.is_not(None),
        ~outdated,
        ~undone,
    )
