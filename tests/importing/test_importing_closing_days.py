"""The day on which a lead closed, as a file tells it: undone, put right by one file only, and kept by people's word."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations

import pytest
from importing_tools import FIRST_DAY, act_on, describe_events, dump_visible, import_rows, read_table, undo
from sqlalchemy import Engine, select

from leadtriage.actions import Closing, close_leads, reopen_lead
from leadtriage.core.vocabulary import DateBasis, Stage
from leadtriage.criteria import example_criteria
from leadtriage.db import Lead, check_database, reading, table
from leadtriage.reports.query.periods import known_day

HEADER = ["Email", "Lead Status", "Created Date", "Close Date"]
OPEN = ["a@acme.com", "New", "2026-09-01", "2026-12-24"]
UNTOLD = ["a@acme.com", "Closed Won", "2026-09-01", ""]
TOLD = ["a@acme.com", "Closed Won", "2026-09-01", "2026-11-02"]


def bring(engine: Engine, *files: list[str]) -> None:
    """Import files of one row, a day each."""
    for day, row in enumerate(files, start=1):
        import_rows(engine, [HEADER, row], day)


def closed_on(engine: Engine) -> date | None:
    (lead,) = read_table(engine, Lead)
    day: date | None = lead["closed_on"]
    return day


def assert_sound(engine: Engine) -> None:
    with reading(engine) as connection:
        assert {row["result"] for row in check_database(connection).rows} == {"ok"}


@pytest.mark.parametrize(
    ("files", "undone", "day"),
    [
        ([UNTOLD, TOLD], 2, FIRST_DAY),
        ([OPEN, TOLD], 2, None),
        ([OPEN, UNTOLD, TOLD], 3, FIRST_DAY + timedelta(days=1)),
        ([OPEN, UNTOLD, TOLD], 2, date(2026, 11, 2)),
        ([OPEN, TOLD, UNTOLD], 2, FIRST_DAY + timedelta(days=2)),
        ([UNTOLD, TOLD, [*TOLD[:3], "2026-11-03"]], 2, date(2026, 11, 3)),
    ],
    ids=["corrected", "closed", "the one that corrected", "the one that closed", "the one that told", "one of two"],
)
def test_undoing_gives_the_day_that_the_others_tell(
    engine: Engine, files: list[list[str]], undone: int, day: date | None
) -> None:
    bring(engine, *files)
    assert closed_on(engine) == date(2026, 11, 2)
    undo(engine, undone)
    assert closed_on(engine) == day
    assert_sound(engine)


def test_the_order_of_undoing_does_not_matter(sqlite_engine: Engine) -> None:
    bring(sqlite_engine, OPEN)
    before = dump_visible(sqlite_engine)
    for order in permutations((0, 1)):
        batches = [import_rows(sqlite_engine, [HEADER, row], day).batch for day, row in enumerate((UNTOLD, TOLD), 2)]
        for place in order:
            undo(sqlite_engine, batches[place])
        assert dump_visible(sqlite_engine) == before


def test_a_day_that_a_file_tells_is_known_and_that_of_an_import_is_not(engine: Engine) -> None:
    bring(engine, TOLD)
    import_rows(engine, [HEADER, ["b@acme.com", *UNTOLD[1:]]], 1)
    with reading(engine) as connection:
        days = connection.execute(select(known_day(DateBasis.CLOSED)).order_by(table(Lead).c.id)).scalars().all()
    assert days == [date(2026, 11, 2), None]


def test_what_a_person_closed_keeps_its_day(engine: Engine) -> None:
    bring(engine, OPEN)
    close_leads(engine, example_criteria(), act_on(2), [1], Closing(Stage.WON))
    import_rows(engine, [HEADER, TOLD], 3)
    assert closed_on(engine) == FIRST_DAY + timedelta(days=1)
    assert "1 field closed_on" not in " ".join(describe_events(engine))
    assert_sound(engine)


def test_a_lead_that_was_reopened_here_has_no_closing_day(engine: Engine) -> None:
    bring(engine, UNTOLD, TOLD)
    reopen_lead(engine, example_criteria(), act_on(3), 1)
    undo(engine, 2)
    assert closed_on(engine) is None
    assert_sound(engine)
