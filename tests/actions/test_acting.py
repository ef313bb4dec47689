"""An act changes leads and tells the history in one transaction, and the last one can be taken back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError
from stored_leads import NOON, act_by, criteria, read_lead, store_lead

from leadtriage.actions import undo_last_act
from leadtriage.actions.unit_of_work import LeadChange, text_columns, unit_of_work
from leadtriage.core.errors import LeadtriageError
from leadtriage.core.vocabulary import EventKind
from leadtriage.db import Event, FieldOrigin, LeadScore, reading, table, writing


def read_events(engine: Engine, lead_id: int) -> list[dict[str, Any]]:
    event = table(Event)
    with reading(engine) as connection:
        found = connection.execute(select(event).where(event.c.lead_id == lead_id).order_by(event.c.id)).mappings()
        return [dict(row) for row in found]


def close(engine: Engine, lead_id: int, stage: str = "lost", by: str = "Maria") -> None:
    with unit_of_work(engine, criteria(), act_by(by)) as work:
        lead = work.read_lead(lead_id)
        values = {"stage": stage, "closed_on": date(2026, 11, 18), "outcome_reason": "price"}
        work.record([LeadChange(lead_id, EventKind.STAGE, values, old=lead["stage"], new=stage, reason="price")])


def test_an_act_changes_the_lead_tells_it_and_scores_it_anew(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee", title="CEO")
    with unit_of_work(engine, criteria(), act_by("Maria")) as work:
        values = text_columns("owner", "Sam") | {"assigned_on": date(2026, 11, 18), "title": "CEO"}
        work.record([LeadChange(lead_id, EventKind.OWNER, values, field="owner", new="Sam", note="by hand")])
    lead = read_lead(engine, lead_id)
    assert (lead["owner"], lead["owner_comparable"], lead["assigned_on"]) == ("Sam", "sam", date(2026, 11, 18))
    told = [event for event in read_events(engine, lead_id) if event["kind"] == EventKind.OWNER]
    assert [(event["old"], event["new"], event["by"], event["note"]) for event in told] == [
        (None, "Sam", "Maria", "by hand")
    ]
    assert told[0]["changes"] == {
        "owner": [None, "Sam"],
        "owner_comparable": [None, "sam"],
        "assigned_on": [None, "2026-11-18"],
    }
    with reading(engine) as connection:
        assert connection.execute(select(table(LeadScore).c.owner)).scalar_one() == "Sam"


def test_a_field_beside_the_act_has_a_line_of_its_own(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    close(engine, lead_id)
    told = [(event["kind"], event["field"], event["new"]) for event in read_events(engine, lead_id)]
    assert told[-2:] == [("stage", None, "lost"), ("field", "outcome_reason", "price")]


def test_taking_back_restores_everything_by_new_events(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    before = read_lead(engine, lead_id)
    close(engine, lead_id)
    taken = undo_last_act(engine, criteria(), act_by("Maria"))
    after = read_lead(engine, lead_id)
    assert {**after, "changed_at": None} == {**before, "changed_at": None}
    assert [event["kind"] for event in taken.events] == ["stage", "field"]
    undone = [event for event in read_events(engine, lead_id) if event["kind"] == EventKind.UNDONE]
    assert [event["undoes"] for event in undone] == [taken.act] * 2
    with reading(engine) as connection:
        origin = table(FieldOrigin)
        assert not connection.execute(select(origin).where(origin.c.field == "outcome_reason")).all()


def test_acts_are_taken_back_one_after_another_and_each_once(engine: Engine) -> None:
    first, second = store_lead(engine, name="Ann Lee"), store_lead(engine, name="Bob Fox")
    close(engine, first)
    close(engine, second)
    close(engine, store_lead(engine, name="Sam's"), by="Sam")
    undone = [undo_last_act(engine, criteria(), act_by("Maria")).events[0]["lead_id"] for _ in range(2)]
    assert undone == [second, first]
    with pytest.raises(LeadtriageError, match="Maria has done nothing that could be undone"):
        undo_last_act(engine, criteria(), act_by("Maria"))


def test_what_was_changed_since_is_not_taken_back(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    close(engine, lead_id)
    close(engine, lead_id, stage="won", by="Sam")
    with pytest.raises(LeadtriageError, match="its stage was changed again since"):
        undo_last_act(engine, criteria(), act_by("Maria"))
    assert read_lead(engine, lead_id)["stage"] == "won"


def test_what_stands_in_the_way_is_told_and_the_rest_taken_back(engine: Engine) -> None:
    kept, changed, owned = (store_lead(engine, name=name) for name in ("Kept", "Changed", "Owned"))
    with unit_of_work(engine, criteria(), act_by("Maria")) as work:
        values = {"stage": "lost", "closed_on": date(2026, 11, 18), **text_columns("owner", "Sam")}
        work.record(
            [LeadChange(lead, EventKind.STAGE, values, old="new", new="lost") for lead in (kept, changed, owned)]
        )
    with unit_of_work(engine, criteria(), act_by("Sam")) as work:
        work.record([LeadChange(changed, EventKind.STAGE, {"closed_on": date(2026, 11, 17)})])
        work.record([LeadChange(owned, EventKind.OWNER, text_columns("owner", "Ann"))])
    with pytest.raises(LeadtriageError) as refused:
        undo_last_act(engine, criteria(), act_by("Maria"))
    assert refused.value.message == (
        f"of its 3 leads some were changed again since: lead {changed} (its outcome), lead {owned} (its owner)"
    )
    assert "leadtriage undo --rest" in (refused.value.hint or "")
    taken = undo_last_act(engine, criteria(), act_by(" maria "), rest=True)
    assert (taken.left, {event["lead_id"] for event in taken.events}) == ((changed, owned), {kept})
    assert [read_lead(engine, lead)["stage"] for lead in (kept, changed, owned)] == ["new", "lost", "lost"]
    with pytest.raises(LeadtriageError, match="has done nothing that could be undone"):
        undo_last_act(engine, criteria(), act_by("Maria"))


def test_an_act_of_which_every_lead_was_changed_again_has_no_rest(sqlite_engine: Engine) -> None:
    lead_id = store_lead(sqlite_engine, name="Ann Lee")
    close(sqlite_engine, lead_id)
    close(sqlite_engine, lead_id, stage="won", by="Sam")
    for rest in (False, True):
        with pytest.raises(LeadtriageError, match="its stage was changed again since") as refused:
            undo_last_act(sqlite_engine, criteria(), act_by("Maria"), rest=rest)
        assert "--rest" not in str(refused.value)


def test_an_act_that_fails_leaves_nothing(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    before, told = read_lead(engine, lead_id), read_events(engine, lead_id)
    with pytest.raises(LeadtriageError), unit_of_work(engine, criteria(), act_by("Maria")) as work:
        work.record([LeadChange(lead_id, EventKind.STAGE, {"stage": "won"}, new="won")])
        raise LeadtriageError("no")
    assert (read_lead(engine, lead_id), read_events(engine, lead_id)) == (before, told)


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_database_refuses_to_change_the_history(engine: Engine, change: str) -> None:
    store_lead(engine, name="Ann Lee")
    event = table(Event)
    statement = event.delete() if change == "delete" else event.update().values(by="nobody")
    with pytest.raises(DBAPIError, match="the history is never changed"), writing(engine) as connection:
        connection.execute(statement)


def test_acts_have_the_time_of_their_day(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    with unit_of_work(engine, criteria(), act_by("Maria", at=NOON - timedelta(days=3))) as work:
        work.record([LeadChange(lead_id, EventKind.TOUCH, {"stage": "working"}, field="call")])
    told = [(event["kind"], event["old"], event["new"], event["at"]) for event in read_events(engine, lead_id)[1:]]
    day = datetime(2026, 11, 15, 12)
    assert told == [("touch", None, None, day), ("stage", "new", "working", day)]
