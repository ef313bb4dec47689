"""What a list tells besides its rows: how many there are in all, how many leads a group has, and why it is empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine
from world import TODAY, World, ask, random_world, view

from leadtriage.core.tables import Table
from leadtriage.core.vocabulary import Clock
from leadtriage.criteria import example_criteria
from leadtriage.rendering import Screen, safe
from leadtriage.rendering.text import lay_out
from leadtriage.reports.lists import find_leads, list_leads, list_queue, list_stale, stale
from leadtriage.reports.manager import list_funnel, list_reasons
from leadtriage.reports.query import Filters, ListRequest, explain_if_empty, paging
from leadtriage.reports.query.score_run import NO_LEADS, NOT_SCORED
from leadtriage.reports.registry import FunnelBy

MARIA = Filters(owner="Maria")
LISTS: dict[str, Callable[[ListRequest], Table]] = {
    "queue": list_queue,
    "needs answers": lambda request: list_queue(request, needs_answers=True),
    "queue of one": lambda request: list_queue(replace(request, filters=MARIA)),
    "leads": list_leads,
    "find": lambda request: find_leads(request, "ann"),
    "stale": list_stale,
    "stale of one": lambda request: list_stale(replace(request, filters=MARIA)),
    **{f"stale: {clock}": lambda request, clock=clock: list_stale(request, clocks=[clock]) for clock in Clock},
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_is_cut_tells_how_many_rows_there_are(engine: Engine, name: str) -> None:
    random_world(3, leads=160).store_in(engine)
    with view(engine) as connection:
        whole = LISTS[name](ListRequest(connection, Filters(), TODAY, None))
        part = LISTS[name](ListRequest(connection, Filters(), TODAY, 2))
    assert len(part.rows) == 2 < len(whole.rows)
    assert (part.total, part.more_than, part.is_cut) == (len(whole.rows), None, True)
    assert (whole.total, whole.more_than, whole.is_cut) == (None, None, False)


@pytest.mark.parametrize("name", ["queue", "leads", "stale"])
def test_counting_ends_somewhere(sqlite_engine: Engine, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random_world(3).store_in(sqlite_engine)
    count_at_most(4, monkeypatch)
    with view(sqlite_engine) as connection:
        part = LISTS[name](ListRequest(connection, Filters(), TODAY, 2))
    assert (part.total, part.more_than, part.is_cut) == (None, 4, True)


@pytest.mark.parametrize("name", ["leads", "stale"])
def test_a_list_never_shows_more_rows_than_it_says_there_are(
    sqlite_engine: Engine, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    random_world(3).store_in(sqlite_engine)
    count_at_most(2, monkeypatch)
    with view(sqlite_engine) as connection:
        part = LISTS[name](ListRequest(connection, Filters(), TODAY, 6))
    assert (len(part.rows), part.total, part.more_than) == (6, None, 6)


@pytest.mark.parametrize("limit", [None, 1, 7, 20])
def test_a_group_of_stale_leads_counts_its_leads_in_all(sqlite_engine: Engine, limit: int | None) -> None:
    random_world(12).store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        stale = list_stale(ListRequest(connection, Filters(), TODAY, limit))
        whole = list_stale(ListRequest(connection, Filters(), TODAY, None)).rows
    late = [(row["person"], row["leads"]) for row in whole if row["clock"] == Clock.BACKLOG]
    overdue = {(row["person"], row["id"]) for row in whole if row["clock"] != Clock.BACKLOG}
    counted = Counter(desk for desk, _ in overdue)
    for desk, leads in late:
        counted[desk] += leads
    assert dict(stale.group_sizes) == dict(counted)


def count_at_most(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (paging, stale):
        monkeypatch.setattr(module, "MOST_COUNTED", rows)


def test_a_group_of_which_not_all_are_counted_has_no_number(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    random_world(12).store_in(sqlite_engine)
    count_at_most(4, monkeypatch)
    with view(sqlite_engine) as connection:
        stale = list_stale(ListRequest(connection, Filters(), TODAY, 2))
    headings = [heading for heading, _ in lay_out(stale, Screen()).groups]
    assert headings == list(dict.fromkeys(row["owner_shown"] for row in stale.rows))


def test_groups_that_look_alike_have_headings_of_their_own(sqlite_engine: Engine) -> None:
    world = World()
    sources = [None] * 3 + ["no source"] * 2 + ["Fair\u200b", "Fair\u200e", "Fair\u200e"]
    for lead_id, source in enumerate(sources, start=1):
        owner = None if source is None else source.replace("source", "owner")
        late = TODAY - timedelta(days=2 + len(owner or ""))
        world.scored(lead_id, lead={"source": source, "owner": owner, "created_on": TODAY}, idle_due=late)
    world.store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        funnel = list_funnel(ask(connection, Filters(), TODAY), FunnelBy.SOURCE)
        stale = list_stale(ListRequest(connection, Filters(), TODAY))
    headings = [[heading for heading, _ in lay_out(table, Screen()).groups] for table in (funnel, stale)]
    fair = safe("Fair\u200b")
    assert headings[0] == ["no source (3)", f"{fair} (2)", "no source (2)", f"{fair} (1)"]
    assert headings[1] == ["no owner (2)", f"{fair} (1)", f"{fair} (2)", "no owner (3)"]


def test_the_reasons_are_counted_in_their_headings(sqlite_engine: Engine) -> None:
    world = World()
    for lead_id, stage in enumerate(["lost", "lost", "junk", "nurture"], start=1):
        world.scored(lead_id, lead={"stage": stage, "outcome_reason": f"reason {lead_id}", "closed_on": TODAY})
    world.store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        table = list_reasons(ask(connection, Filters(), TODAY, example_criteria()))
    headings = [heading for heading, _ in lay_out(table, Screen()).groups]
    assert headings == ["junk (1)", "lost (2)", "snoozed (1)"]


def small_world(engine: Engine) -> None:
    world = World()
    names = ["Anna Berg", "Anna Berg", "ANNA BERG", "Bo Lund", "Zoë Ødegård", None]
    for lead_id, owner in enumerate(names, start=1):
        world.scored(lead_id, lead={"owner": owner, "source": "Trade show", "campaign": None})
    world.lead(7, owner="Long Gone", removed_by=1)
    world.lead(8, stage="lost", outcome_reason="too_far")
    world.store_in(engine)


def notes_of(connection: Connection, filters: Filters) -> tuple[str, ...]:
    found = explain_if_empty(connection, list_leads(ListRequest(connection, filters, TODAY)), filters)
    assert not found.rows
    return (*found.warnings, *found.notes)


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (
            Filters(owner="Anna Borg"),
            ["no lead has the owner “Anna Borg”; did you mean “Anna Berg”?"],
        ),
        (Filters(owner="lund"), ["no lead has the owner “lund”; did you mean “Bo Lund”?"]),
        (
            Filters(owner="Xyz"),
            ["no lead has the owner “Xyz”; known: “Anna Berg”, “Bo Lund”, “Zoë Ødegård”"],
        ),
        (
            Filters(owner="Long Gone"),
            ["no lead has the owner “Long Gone”; known: “Anna Berg”, “Bo Lund”, “Zoë Ødegård”"],
        ),
        (
            Filters(owner="zoe odegard", source="tradeshow"),
            [
                "no lead has the owner “zoe odegard”; did you mean “Zoë Ødegård”?",
                "no lead has the source “tradeshow”; did you mean “Trade show”?",
            ],
        ),
        (Filters(campaign="Spring"), ["no lead has the campaign “Spring”; no lead has any"]),
        (Filters(reason="to_far"), ["no lead has the reason “to_far”; did you mean “too_far”?"]),
        (Filters(reason="Spam"), ["no lead has the reason “Spam”; did you mean “spam”?"]),
        (Filters(reason="price"), []),
        (Filters(owner="bo  LUND", grade=("A",)), []),
        (Filters(owner="", source="Trade show", stage=("won",)), []),
        (Filters(owner="Bo Lund", source="Fair"), ["no lead has the source “Fair”; known: “Trade show”"]),
    ],
)
def test_a_name_that_no_lead_has_is_told_with_those_near_it(engine: Engine, filters: Filters, said: list[str]) -> None:
    small_world(engine)
    with view(engine) as connection:
        assert list(notes_of(connection, filters)) == said


def test_names_are_only_looked_up_where_a_list_is_empty(sqlite_engine: Engine) -> None:
    small_world(sqlite_engine)
    filters = Filters(owner="anna berg")
    with view(sqlite_engine) as connection:
        found = list_leads(ListRequest(connection, filters, TODAY))
        assert explain_if_empty(connection, found, filters) is found


def test_an_empty_database_and_one_that_is_not_scored_say_different_things(engine: Engine) -> None:
    def notes() -> tuple[Any, ...]:
        with view(engine) as connection:
            return (
                list_queue(ListRequest(connection, Filters(), TODAY)).notes,
                explain_if_empty(connection, list_queue(ListRequest(connection, Filters(), TODAY)), Filters()).notes,
                explain_if_empty(connection, list_leads(ListRequest(connection, Filters(), TODAY)), Filters()).notes,
            )

    assert notes() == ((NO_LEADS,), (NO_LEADS,), (NO_LEADS,))
    world = World()
    world.lead(1, removed_by=1)
    world.store_in(engine)
    assert notes() == ((NO_LEADS,), (NO_LEADS,), (NO_LEADS,))
    world = World()
    world.lead(2)
    world.store_in(engine)
    assert notes() == ((NOT_SCORED,), (NOT_SCORED,), ())
