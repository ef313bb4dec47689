"""A mail's body: what is in it, what is not, and that nothing of a lead is taken as markup."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from sqlalchemy import Engine
from world import TODAY, World, ask, view

from leadtriage.criteria import TeamMember, example_criteria
from leadtriage.rendering import write_digest_html, write_digest_markdown
from leadtriage.reports.manager.digest import MOST_ROWS, Digest, make_digest
from leadtriage.reports.query import Filters

PARTS = ["Overdue", "Back from nurture", "Waiting for a review: flagged as junk by a rule, a rep or the CRM"]
HOSTILE = '<img src="https://x.example/p.png" onload=alert(1)>|[a](javascript:b)`c`\x1b[31m\u202e\n# d'


def days(number: int) -> Any:
    return TODAY + timedelta(days=number)


def digest(engine: Engine, owner: str | None = None, later: int = 0) -> Digest:
    with view(engine) as connection:
        return make_digest(ask(connection, Filters(owner=owner), days(later), example_criteria()))


def ids(made: Digest, part: int) -> list[Any]:
    tables = [table for table in made.tables if table.title == PARTS[part]]
    return [row["id"] for table in tables for row in table.rows]


def make_world() -> World:
    world = World()
    overdue: dict[str, Any] = {"idle_due": days(-3)}
    old = {"created_on": days(-30)}
    world.scored(1, lead=old | {"owner": "Ann", "stage": "working"}, **overdue)
    world.scored(2, lead=old | {"owner": "Bo", "stage": "working"}, promised_due=days(-9))
    parked = old | {"stage": "nurture", "nurture_until": days(-1), "nurture_reason": "bad_timing"}
    world.scored(3, lead=parked | {"owner": "Ann"})
    world.scored(4, lead=parked | {"owner": "Ann", "nurture_until": days(2)})
    world.scored(5, lead=old | {"owner": "Bo", "name": HOSTILE}, candidate=True, reason="spam", queue_from=None)
    world.scored(6, lead={"created_on": days(-6), "owner": "Bo"})
    world.scored(7, lead=old | {"owner": "Ann"}, backlog=True)
    # Nobody may be told of these.
    never = old | {"owner": "Ann", "do_not_contact": True}
    world.scored(8, lead=never, **overdue)
    world.scored(9, lead=never | parked | {"do_not_contact": True})
    world.scored(10, lead=never, candidate=True, reason="spam")
    return world


def test_the_manager_sees_all_and_a_rep_their_own(engine: Engine) -> None:
    make_world().store_in(engine)
    made = digest(engine)
    assert made.title == "All leads, Fri 20 Nov 2026"
    assert [ids(made, part) for part in range(3)] == [[2, 1], [3], [5]]
    assert made.tables[-1].title == "The week's funnel"
    assert made.tables[-1].rows[0]["leads"] == 1
    ann = digest(engine, "ann")
    assert ann.title == "Leads of ann, Fri 20 Nov 2026"
    team = replace(example_criteria(), team=(TeamMember("Ann Berg", "sales", also=("ann",)),))
    with view(engine) as connection:
        assert (
            make_digest(ask(connection, Filters(owner="ANN"), TODAY, team)).title
            == "Leads of Ann Berg, Fri 20 Nov 2026"
        )
    assert [ids(ann, part) for part in range(3)] == [[1], [3], []]
    assert len(ann.tables) == 2, "nothing of Ann's waits for a review, and none came in"
    assert digest(engine, "Cy").tables == ()
    assert digest(engine, "").tables == ()


def test_a_digest_says_how_old_its_scores_are(sqlite_engine: Engine) -> None:
    make_world().store_in(sqlite_engine)
    assert digest(sqlite_engine).remarks == ()
    assert digest(sqlite_engine, later=3).remarks == ("Last scored on 20 Nov: grades and due days are of that day.",)


@pytest.mark.parametrize("leads", [MOST_ROWS, MOST_ROWS + 3])
def test_the_worst_twenty_and_how_many_more(sqlite_engine: Engine, leads: int) -> None:
    world = World()
    for number in range(1, leads + 1):
        lead = {"owner": f"Rep {number % 4}", "created_on": days(-30)}
        world.scored(number, lead=lead, first_touch_due=days(-number))
        world.scored(100 + number, lead=lead, candidate=True, reason="spam", ceiling=number)
        world.scored(200 + number, lead=lead | {"owner": f"Late {number}"}, backlog=True)
        parked = lead | {"stage": "nurture", "nurture_until": days(-number), "nurture_reason": "bad_timing"}
        world.scored(300 + number, lead=parked)
    world.store_in(sqlite_engine)
    made = digest(sqlite_engine)
    assert ids(made, 0) == list(range(leads, leads - MOST_ROWS, -1))
    assert ids(made, 1) == [300 + number for number in range(leads, leads - MOST_ROWS, -1)]
    assert ids(made, 2) == [100 + number for number in range(leads, leads - MOST_ROWS, -1)]
    notes = [table.notes[0] for table in made.tables[:3]]
    if leads > MOST_ROWS:
        assert notes == [f"And 3 more: leadtriage {name} --all" for name in ("stale", "nurture --due", "junk")]
    else:
        assert notes == [f"To see them: leadtriage {name}" for name in ("stale", "nurture --due", "junk")]


class Tags(HTMLParser):
    """Collects what a mail program would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_nothing_of_a_lead_is_markup_and_nothing_is_loaded(sqlite_engine: Engine) -> None:
    world = make_world()
    world.scored(11, lead={"owner": HOSTILE, "company": HOSTILE, "created_on": days(-9)}, first_touch_due=days(-1))
    world.store_in(sqlite_engine)
    for made in (digest(sqlite_engine), digest(sqlite_engine, HOSTILE)):
        text = write_digest_html(made.title, made.remarks, made.tables)
        parser = Tags()
        parser.feed(text)
        assert parser.tags <= set("html head meta title body h1 h2 p table thead tbody tr th td".split())
        assert parser.attributes <= {"lang", "charset", "name", "content", "style", "scope"}
        assert "url(" not in text
        assert not {"\x1b", "\u202e"} & set(text)
        lines = write_digest_markdown(made.title, made.remarks, made.tables).splitlines()
        assert not {"\x1b", "\u202e"} & set("".join(lines))
        assert not [line for line in lines if re.search(r"<img|(?<!\\)\[a\]\(", line)]
        assert sum(line.startswith("#") for line in lines) == 1
        rows = [line for line in lines if line.startswith("|")]
        assert all(line.replace("\\|", "").count("|") in (4, 8, 9) for line in rows)
