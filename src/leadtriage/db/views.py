"""The views that other tools read: what they are, how they are made, and whether those in a database are these.

They show the database as of its last `score` in plain columns; `docs/views.md` tells each one's. A view holds nothing,
so that an upgrade makes all of them anew rather than change them. What differs between the engines is spelled by
`_SPELLINGS`: the texts call it `days_between(LATER, EARLIER)`, `first_name(NAME)`,
`whole_units(AMOUNT, CURRENCY)` and `is_true(FLAG)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy import Connection, inspect

from leadtriage.db.report_view_texts import REPORT_TEXTS
from leadtriage.db.view_texts import LAST_SCORE, TEXTS

_CALL = re.compile(r"(days_between|first_name|whole_units|is_true)\(([\w.]+)(?:, ([\w.]+))?\)")

_WHOLE_UNITS = (
    r"CAST(\2 AS DOUBLE PRECISION) / CASE"
    r" WHEN \3 IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV',"
    r" 'XAF', 'XOF', 'XPF') THEN 1"
    r" WHEN \3 IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 1000"
    r" WHEN \3 IN ('CLF', 'UYW') THEN 10000 ELSE 100 END"
)

_SPELLINGS: Mapping[str, Mapping[str, str]] = {
    "sqlite": {
        "days_between": r"CAST(julianday(\2) - julianday(\3) AS INTEGER)",
        "first_name": r"min(\2)",
        "whole_units": _WHOLE_UNITS,
        "is_true": r"\2 = 1",  # as the partial indexes have it
    },
    "postgresql": {
        "days_between": r"(\2 - \3)",
        "first_name": r'min(\2 COLLATE "C")',  # as `expressions.first_name`
        "whole_units": _WHOLE_UNITS,
        "is_true": r"\2",
    },
}

_ON_TRIAL = "view_on_trial"


def define_views(engine: str) -> dict[str, str]:
    """The query of each view by its name, in the order in which they can be made: one may read those before it.

    Args:
        engine: `sqlite` or `postgresql`.
    """
    spellings = _SPELLINGS[engine]
    texts = {"v_last_score": LAST_SCORE[engine], **TEXTS, **REPORT_TEXTS}
    return {
        name: _CALL.sub(lambda call: call.expand(spellings[call.group(1)]), text).strip()
        for name, text in texts.items()
    }


def make_views(connection: Connection) -> None:
    """Make all views; none of them may be there."""
    for name, query in define_views(connection.dialect.name).items():
        connection.exec_driver_sql(_create(name, query))


def drop_views(connection: Connection) -> None:
    """Drop those of our views that are there, so that the tables beneath them can be changed."""
    there = set(inspect(connection).get_view_names())
    for name in reversed(define_views(connection.dialect.name)):
        if name in there:
            connection.exec_driver_sql(f"DROP VIEW {name}")


def find_other_views(connection: Connection) -> list[str]:
    """The names of our views that are missing, or that are not as this version makes them."""
    there = set(inspect(connection).get_view_names())
    queries = define_views(connection.dialect.name)
    return [name for name, query in queries.items() if name not in there or not _is_made_by(connection, name, query)]


def _create(name: str, query: str, temporary: str = "") -> str:
    return f"CREATE {temporary}VIEW {name} AS\n{query}"


def _is_made_by(connection: Connection, name: str, query: str) -> bool:
    """Whether a view was made by a query; a server, which keeps no text, is asked what it makes of it."""
    definition = inspect(connection).get_view_definition(name)
    if connection.dialect.name == "sqlite":
        return definition == _create(name, query)
    with connection.begin_nested() as trial:
        connection.exec_driver_sql(_create(_ON_TRIAL, query, "TEMPORARY "))
        expected = inspect(connection).get_view_definition(_ON_TRIAL)
        trial.rollback()
    return bool(definition == expected)
