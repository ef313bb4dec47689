"""SQL expressions that SQLite and PostgreSQL spell differently, and some that all packages share."""

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
    literal_column,
    null,
    or_,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.functions import FunctionElement

from leadtriage.core.vocabulary import EventKind
from leadtriage.db.tables.lead import Lead, table

_MOST_ARGUMENTS = 100
"""The limit of SQLite's functions is 127 before version 3.48."""


class _Call(FunctionElement[Any]):
    """A call of a function that has another name in each engine: SQLite's, then PostgreSQL's."""

    inherit_cache = True
    names: tuple[str, str]


class _Position(_Call):
    type = Integer()
    inherit_cache = True
    names = ("instr", "strpos")


class _Largest(_Call):
    inherit_cache = True
    names = ("max", "greatest")


class _Smallest(_Call):
    inherit_cache = True
    names = ("min", "least")


@compiles(_Call)
def _compile_call(element: _Call, compiler: SQLCompiler, **options: Any) -> str:
    return f"{_choose(compiler, *element.names)}({compiler.process(element.clauses, **options)})"


def _choose(compiler: SQLCompiler, sqlite: str, postgresql: str) -> str:
    return sqlite if compiler.dialect.name == "sqlite" else postgresql


class _HoldsOneOf(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True


@compiles(_HoldsOneOf)
def _compile_holds_one_of(element: _HoldsOneOf, compiler: SQLCompiler, **options: Any) -> str:
    text, *parts = (compiler.process(clause, **options) for clause in element.clauses)
    find = _choose(compiler, *_Position.names)
    return " OR ".join(f"{find}({text}, {part}) > 0" for part in parts)


class _DaysBetween(FunctionElement[int]):
    type = Integer()
    inherit_cache = True


@compiles(_DaysBetween)
def _compile_days_between(element: _DaysBetween, compiler: SQLCompiler, **options: Any) -> str:
    later, earlier = (compiler.process(cast(part, Date), **options) for part in element.clauses)
    return f"({later} - {earlier})"


@compiles(_DaysBetween, "sqlite")
def _compile_days_between_sqlite(element: _DaysBetween, compiler: SQLCompiler, **options: Any) -> str:
    later, earlier = element.clauses
    return compiler.process(cast(func.julianday(later) - func.julianday(earlier), Integer), **options)


class _FirstSpelling(FunctionElement[Any]):
    type = String()
    inherit_cache = True


@compiles(_FirstSpelling)
def _compile_first_spelling(element: _FirstSpelling, compiler: SQLCompiler, **options: Any) -> str:
    collation = _choose(compiler, "", ' COLLATE "C"')
    return f"min({compiler.process(element.clauses, **options)}{collation})"


def position(text: Any, part: Any) -> ColumnElement[int]:
    """Return the position of a part in a text, from 1; 0 if it is not there."""
    return _Position(text, part)


def holds_one_of(text: ColumnElement[str], parts: Sequence[ColumnElement[str]]) -> ColumnElement[bool]:
    """Whether a text contains one of up to a few hundred parts; builds much faster than an OR of positions."""
    return Grouping(_HoldsOneOf(text, *parts))


def days_between(later: Any, earlier: Any) -> ColumnElement[int]:
    """Return the whole days from the second date to the first."""
    return _DaysBetween(later, earlier)


_TEXT = literal_column("t", String)


def _text_from(start: Any) -> ColumnElement[str]:
    return func.substr(_TEXT, start)


def _text_up_to(end: str) -> ColumnElement[str]:
    return func.substr(_TEXT, 1, position(_TEXT + end, literal(end, String)) - 1)


def _replace_each(text: ColumnElement[str], delimiters: str, by: str) -> ColumnElement[str]:
    for delimiter in delimiters:
        text = func.replace(text, delimiter, by)
    return text


def _after_scheme() -> ColumnElement[str]:
    cut = _replace_each(_TEXT + literal("/", String), " ?#", "/")
    slashes = position(literal(":", String) + _TEXT, literal("://", String))
    return func.substr(cut, case((slashes == position(cut, literal("/", String)), slashes + 2), else_=1))


_URL_STEPS = (_replace_each(_TEXT, "\x1f\\,;", " "), _after_scheme(), _text_up_to("/"))
_AFTER_LAST_AT = _text_from(func.length(func.rtrim(_TEXT, func.replace(_TEXT, "@", ""))) + 1)
_MARKED = literal(".", String) + func.rtrim(_text_up_to(":"), ".") + literal("/", String)


class _HostOf(FunctionElement[str]):
    type = String()
    inherit_cache = True
    name = "host_of"
    steps: tuple[ColumnElement[str], ...] = (*_URL_STEPS, _AFTER_LAST_AT, _MARKED)


class _HostOfAddress(_HostOf):
    inherit_cache = True
    name = "host_of_address"
    steps = (_text_up_to("\x1f"), _AFTER_LAST_AT, *_URL_STEPS, _MARKED)


@compiles(_HostOf)
@compiles(_HostOfAddress)
def _write_host_of(element: _HostOf, compiler: SQLCompiler, **options: Any) -> str:
    # A common table for each step, since a step uses its text several times, and SQLite limits how deep calls nest.
    selected = [compiler.process(element.clauses, **options)]
    selected += [f"{compiler.process(step, literal_binds=True)} FROM host_{n}" for n, step in enumerate(element.steps)]
    tables = ", ".join(f"host_{n} (t) AS (SELECT {each} LIMIT 1 OFFSET 0)" for n, each in enumerate(selected[:-1]))
    return f"(WITH {tables} SELECT {selected[-1]})"


def host_of(text: ColumnElement[str], *, is_address: bool = False) -> ColumnElement[str]:
    """The host of a URL, website or e-mail address between a dot and a slash: ".www.example.com/"; "./" without one.

    Args:
        text: in comparable form.
        is_address: all up to the last @ is an address's local part, which may hold a slash or question mark.
    """
    return _HostOfAddress(text) if is_address else _HostOf(text)


def largest(*values: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the largest of some values of a row, none of them NULL."""
    return _nest(_Largest, values)


def smallest(*values: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the smallest of some values of a row, none of them NULL."""
    return _nest(_Smallest, values)


def _nest(kind: type[_Call], values: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
    while len(values) > 1:
        groups = [values[i : i + _MOST_ARGUMENTS] for i in range(0, len(values), _MOST_ARGUMENTS)]
        values = [kind(*group) if len(group) > 1 else group[0] for group in groups]
    return values[0]


def first_spelling(name: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the first spelling of a name in a group, in code point order as in SQLite and Python.

    A server sorts by its own locale, which would give another spelling.
    """
    return _FirstSpelling(Grouping(name))


def text_before(text: ColumnElement[str], mark: str) -> ColumnElement[str]:
    """Return the part of a text before the first `mark`; empty without one."""
    return func.substr(text, 1, position(text, literal(mark)) - 1)


def text_for(value: ColumnElement[Any], names: Mapping[Any, str]) -> ColumnElement[str]:
    """Return the text that `names` gives a value, else NULL."""
    return case({key: literal(name) for key, name in names.items()}, value=value)


def value_if(
    condition: ColumnElement[bool], value: ColumnElement[Any], otherwise: ColumnElement[Any] | None = None
) -> ColumnElement[Any]:
    """Return a value if the condition is true, else the other one or NULL."""
    return case((condition, value), else_=otherwise if otherwise is not None else null())


def one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """Return 1 if the condition is true, else 0: a number to add up."""
    return case((condition, 1), else_=0)


class _JsonWith(FunctionElement[Any]):
    type = JSON()
    inherit_cache = True


@compiles(_JsonWith, "sqlite")
def _compile_json_with_sqlite(element: _JsonWith, compiler: SQLCompiler, **options: Any) -> str:
    target, key, source = element.clauses
    path = literal("$.") + key
    written = func.json_set(func.coalesce(target, literal("{}", String)), path, func.json_extract(source, path))
    return compiler.process(type_coerce(written, String), **options)


@compiles(_JsonWith, "postgresql")
def _compile_json_with_postgresql(element: _JsonWith, compiler: SQLCompiler, **options: Any) -> str:
    # Costs every command on a local file a tenth of its start-up time.
    from sqlalchemy.dialects import postgresql

    target, key, source = element.clauses
    binary = postgresql.JSONB
    empty = cast(literal("{}", String), binary)
    value = cast(source, binary).op("->")(key)
    written = func.coalesce(cast(target, binary), empty).op("||")(func.jsonb_build_object(key, value))
    return compiler.process(cast(written, postgresql.JSON), **options)


def json_with(target: ColumnElement[Any], key: str, source: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a JSON object with one key's value taken from another object, null if that has none."""
    return _JsonWith(target, literal(key, String), source)


def json_text(column: ColumnElement[Any], key: str) -> ColumnElement[str]:
    """Return a text from a JSON object. `key` is one of ours (`c1`), never a header of a file."""
    return cast(column[key].as_string(), String)


def json_number(column: ColumnElement[Any], key: str) -> ColumnElement[float]:
    """Return a number from a JSON object; NULL if there is none."""
    return cast(column[key].as_string(), Float)


_ACTIVITY_FIELDS = (
    *("touches", "unanswered_touches", "replies", "nurture_until"),
    *("outcome_reason", "outcome_value", "closed_on"),
)
"""Fields that tell what was done with a lead, not what it is."""


def unqualified_by_person() -> ColumnElement[bool]:
    """Whether a person called a lead unqualified, and neither its status nor a field of it has changed since.

    For statements that select from `lead`.
    """
    # Lists need no history, whose tables take long to load.
    from leadtriage.db.tables.history import Event

    lead, call = table(Lead), table(Event).alias("call")
    later, undoing = table(Event).alias("later"), table(Event).alias("undoing")
    outdated = exists().where(
        later.c.lead_id == call.c.lead_id,
        later.c.id > call.c.id,
        or_(
            later.c.kind.in_([EventKind.QUALIFIED, EventKind.STATUS]),
            and_(later.c.kind == EventKind.FIELD, later.c.field.not_in(_ACTIVITY_FIELDS)),
        ),
    )
    undone = exists().where(undoing.c.lead_id == call.c.lead_id, undoing.c.undoes == call.c.act)
    return exists().where(
        call.c.lead_id == lead.c.id,
        call.c.kind == EventKind.QUALIFIED,
        call.c.new.is_(None),
        call.c.changes.is_not(None),
        ~outdated,
        ~undone,
    )
