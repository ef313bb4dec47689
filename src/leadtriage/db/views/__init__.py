"""The views that other tools read: one SQL file each, described in `docs/views.md`.

They show the database as of its last `score`. A view stores nothing, so an upgrade creates all of them again.
Both engines run the same SQL; calls like `days_between(LATER, EARLIER)` expand to the engine's own expression.
"""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Connection, inspect

from leadtriage.core.money import MINOR_DIGITS
from leadtriage.db.dialect import Backend, backend

VIEWS = (
    *("v_last_score", "v_leads", "v_queue", "v_stale", "v_junk", "v_history", "v_aging"),
    *("v_funnel", "v_funnel_steps", "v_sources", "v_spend", "v_team"),
)
"""The names of all views, each after those that it reads."""

_CALL = re.compile(
    r"\b(days_between|next_day|first_spelling|is_true|integer_at|whole_units)\(([\w.]+)(?:, ([\w.]+))?\)"
)
_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)
_TRIAL = "view_on_trial"


def define_views(engine: Backend) -> dict[str, str]:
    """Return the query of each view by its name, in the order of `VIEWS`."""
    functions = {**engine.view_functions, "whole_units": _whole_units()}
    queries = {}
    for name in VIEWS:
        text = _COMMENT.sub("", (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8"))
        queries[name] = _CALL.sub(lambda call: call.expand(functions[call[1]]), text).strip()
    return queries


def create_views(connection: Connection) -> None:
    """Create all views; none of them may exist."""
    for name, query in define_views(backend(connection)).items():
        connection.exec_driver_sql(_create(name, query))


def drop_views(connection: Connection) -> None:
    """Drop our views, so that the tables beneath them can be changed."""
    existing = set(inspect(connection).get_view_names())
    for name in reversed(VIEWS):
        if name in existing:
            connection.exec_driver_sql(f"DROP VIEW {name}")


def find_changed_views(connection: Connection) -> list[str]:
    """Return the names of our views that are missing, or differ from this version's."""
    existing = set(inspect(connection).get_view_names())
    queries = define_views(backend(connection))
    return [name for name, query in queries.items() if name not in existing or _is_changed(connection, name, query)]


def _whole_units() -> str:
    cases = ""
    for digits in sorted(set(MINOR_DIGITS.values())):
        currencies = ", ".join(f"'{code}'" for code, count in MINOR_DIGITS.items() if count == digits)
        cases += rf" WHEN \3 IN ({currencies}) THEN {10**digits}"
    return rf"CAST(\2 AS DOUBLE PRECISION) / CASE{cases} ELSE 100 END"


def _create(name: str, query: str, temporary: str = "") -> str:
    return f"CREATE {temporary}VIEW {name} AS\n{query}"


def _is_changed(connection: Connection, name: str, query: str) -> bool:
    definition = inspect(connection).get_view_definition(name)
    if connection.dialect.name == "sqlite":
        return definition != _create(name, query)
    # A server stores no text: compare with what it makes of a trial view.
    with connection.begin_nested() as trial:
        connection.exec_driver_sql(_create(_TRIAL, query, "TEMPORARY "))
        expected = inspect(connection).get_view_definition(_TRIAL)
        trial.rollback()
    return bool(definition != expected)
