"""The first spelling of a name does not depend on the database's locale."""

from __future__ import annotations

from sqlalchemy import Engine, String, literal, select, union_all
from sqlalchemy.dialects import postgresql, sqlite

from leadtriage.db import Lead, reading, table
from leadtriage.db.expressions import first_spelling
from leadtriage.db.postgres import POSTGRES
from leadtriage.db.sqlite import SQLITE
from leadtriage.db.views import define_views

SPELLINGS = ("web", "Éclair", "WEB", "Web", "éclair")


def test_the_first_spelling_is_that_of_the_code_points(engine: Engine) -> None:
    spelled = union_all(*(select(literal(name, String).label("name")) for name in SPELLINGS)).subquery()
    with reading(engine) as connection:
        assert connection.execute(select(first_spelling(spelled.c.name))).scalar_one() == min(SPELLINGS)


def test_a_server_is_told_to_leave_its_locale_out() -> None:
    # A test server may have no locale but C, in which any statement gives this order.
    chosen = first_spelling(table(Lead).c.source)
    assert str(chosen.compile(dialect=postgresql.dialect())) == 'min((lead.source) COLLATE "C")'
    assert str(chosen.compile(dialect=sqlite.dialect())) == "min((lead.source))"


def test_views_choose_spellings_as_reports_do() -> None:
    for name, count in (("v_sources", 2), ("v_team", 1)):
        assert define_views(POSTGRES)[name].count('COLLATE "C")') == count
        assert "first_spelling" not in define_views(SQLITE)[name]
