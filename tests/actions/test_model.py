"""Random acts, imports and undos by two people, against a plain model: leads, stages, values, keys and sums agree.

The model keeps what was said, in order, and what was taken back of it; what is left says how each lead must stand.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from candidates import rules
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from imports import act_on, bring
from sqlalchemy import func, select

from databases import make_database
from effort import examples
from leadtriage.actions import (
    Closing,
    Contact,
    GivenAnswer,
    Judgement,
    Snooze,
    close_leads,
    compare_leads,
    flag_lead,
    forget_person,
    judge,
    log_contact,
    merge_leads,
    qualify_lead,
    reopen_lead,
    restore_lead,
    snooze_leads,
    store_answers,
    undo_last_act,
)
from leadtriage.core.errors import LeadtriageError
from leadtriage.core.vocabulary import EventKind, Stage, TouchKind, VerdictWord
from leadtriage.db import (
    Event,
    Lead,
    LeadKey,
    Nomination,
    Touch,
    check_database,
    open_database,
    reading,
    table,
    writing,
)
from leadtriage.importing import undo_batch
from leadtriage.scoring import score_leads

OPEN = ("new", "working", "nurture")
PEOPLE = st.sampled_from(["Maria", "Sam"])
PERSONS = st.integers(1, 3)
LATER = date(2030, 1, 7)


@dataclass
class Done:
    """An act: what it made of a lead's facts, and of its nominations; or what an import says of a lead's title."""

    by: str
    lead: ModelLead
    facts: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    flagged: str | None = None
    unflagged: set[str] = field(default_factory=set)
    title: str | None = None
    batch: int | None = None
    merged: ModelLead | None = None
    persons: set[int] = field(default_factory=set)
    retracted: bool = False

    def concerns(self, lead: ModelLead) -> bool:
        return lead is self.lead or lead is self.merged

    @property
    def stands(self) -> bool:
        return not self.retracted


@dataclass
class ModelLead:
    """A lead of the model."""

    id: int
    persons: set[int]
    facts: dict[str, Any] = field(default_factory=lambda: {"stage": "new", "touches": None, "qualified": False})
    first_title: str | None = None
    flags: set[str] = field(default_factory=set)
    there: bool = True
    merged_into: ModelLead | None = None


class Leads(RuleBasedStateMachine):
    """The machine: each rule does one thing to the database and to the model."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        path = Path(self.folder.name) / "leads.db"
        shutil.copy(self.template, path)
        self.engine = open_database(str(path))
        self.day = 0
        self.leads: list[ModelLead] = []
        self.said: list[Done] = []
        self.batches: dict[int, bool] = {}
        self.forgotten: set[int] = set()

    def teardown(self) -> None:
        self.engine.dispose()
        self.folder.cleanup()

    def act(self, by: str) -> Any:
        self.day += 1
        return act_on(self.day, by)

    def lead_of(self, person: int) -> ModelLead | None:
        return next((lead for lead in self.visible() if person in lead.persons), None)

    def visible(self) -> list[ModelLead]:
        return [lead for lead in self.leads if lead.there and lead.merged_into is None]

    def title_of(self, lead: ModelLead) -> str | None:
        titles = [done.title for done in self.said if done.lead is lead and done.stands and done.title]
        return titles[-1] if titles else lead.first_title

    @contextmanager
    def expected(self, allowed: bool) -> Iterator[None]:
        """What the model does not allow must be refused, and leave everything as it is."""
        if allowed:
            yield
            return
        with pytest.raises(LeadtriageError):
            yield

    def do(self, done: Done) -> None:
        """Let an act have its effect in the model."""
        for name, (_, after) in done.facts.items():
            done.lead.facts[name] = after
        done.lead.flags -= done.unflagged
        if done.flagged:
            done.lead.flags.add(done.flagged)
        self.said.append(done)

    def carry_out(self, by: str, person: int, run: Callable[[Any, int], Any], plan: Callable[[ModelLead], Any]) -> None:
        """Run an act on a person's lead; `plan` gives what it does in the model, or None where it must be refused."""
        lead = self.lead_of(person)
        if lead is None:
            return
        planned = plan(lead)
        with self.expected(planned is not None):
            run(self.act(by), lead.id)
        if planned is not None:
            facts = {name: (lead.facts[name], after) for name, after in planned.pop("facts", {}).items()}
            changed = {name: pair for name, pair in facts.items() if pair[0] != pair[1]}
            self.do(Done(by, lead, changed, **planned))

    # Imports

    @initialize(titles=st.lists(st.sampled_from(["", "CEO"]), min_size=2, max_size=2))
    def start(self, titles: list[str]) -> None:
        self.bring(dict(enumerate(titles, start=1)))

    @rule(titles=st.dictionaries(PERSONS, st.sampled_from(["", "CEO", "CTO"]), min_size=1, max_size=2))
    def bring(self, titles: dict[int, str]) -> None:
        self.day += 1
        titles = {person: "" if self.is_repeated(person, title) else title for person, title in titles.items()}
        rows = [f"{n},Person {n},p{n}@acme.example,{title}" for n, title in titles.items()]
        batch = bring(
            self.engine, self.day, f"Id,Name,Email,Title,Nothing {self.day}", *[f"{row}," for row in rows]
        ).batch
        assert batch is not None
        self.batches[batch] = True
        created = self.read_created(batch)
        for person, title in titles.items():
            if person in self.forgotten:
                continue
            lead = self.lead_of(person)
            if lead is None:
                lead = ModelLead(created.pop(0), {person}, first_title=title or None)
                self.leads.append(lead)
            self.said.append(Done("crm", lead, title=title or None, batch=batch))
        assert not created

    def is_repeated(self, person: int, title: str) -> bool:
        """Whether a file repeats a title that a person changed: it changes nothing, as the import tests show."""
        said = [done for done in self.said if done.lead is self.lead_of(person) and done.title]
        return bool(said) and said[-1].by != "crm" and title in [done.title for done in said if done.by == "crm"]

    def read_created(self, batch: int) -> list[int]:
        lead = table(Lead)
        with reading(self.engine) as connection:
            made = select(lead.c.id).where(lead.c.batch_id == batch).order_by(lead.c.id)
            return list(connection.execute(made).scalars())

    @rule(pick=st.integers(0, 9))
    def undo_import(self, pick: int) -> None:
        standing = [batch for batch, stands in self.batches.items() if stands]
        if not standing:
            return
        batch = standing[pick % len(standing)]
        undo_batch(self.engine, batch, self.act("Maria"))
        self.batches[batch] = False
        for done in self.said:
            done.retracted = done.retracted or done.batch == batch
        for lead in {id(done.lead): done.lead for done in self.said if done.batch == batch}.values():
            lead.there = lead.there and any(done.concerns(lead) and done.stands for done in self.said)

    # Acts

    @rule(by=PEOPLE, person=PERSONS, kind=st.sampled_from([TouchKind.CALL, TouchKind.MEETING]))
    def contact(self, by: str, person: int, kind: TouchKind) -> None:
        def plan(lead: ModelLead) -> Any:
            stage = lead.facts["stage"]
            if stage not in OPEN:
                return None
            becomes = {"touches": (lead.facts["touches"] or 0) + 1}
            return {"facts": becomes | ({"stage": "working"} if stage == "new" else {})}

        self.carry_out(by, person, lambda act, lead: log_contact(self.engine, rules(), act, lead, Contact(kind)), plan)

    @rule(by=PEOPLE, person=PERSONS)
    def lose(self, by: str, person: int) -> None:
        def plan(lead: ModelLead) -> Any:
            return {"facts": {"stage": "lost"}} if lead.facts["stage"] in OPEN else None

        closing = Closing(Stage.LOST, "price")
        self.carry_out(by, person, lambda act, lead: close_leads(self.engine, rules(), act, [lead], closing), plan)

    @rule(by=PEOPLE, person=PERSONS)
    def nurture(self, by: str, person: int) -> None:
        def plan(lead: ModelLead) -> Any:
            return {"facts": {"stage": "nurture"}} if lead.facts["stage"] in OPEN else None

        parking = Snooze(LATER, "bad_timing")
        self.carry_out(by, person, lambda act, lead: snooze_leads(self.engine, rules(), act, [lead], parking), plan)

    @rule(by=PEOPLE, person=PERSONS)
    def come_back(self, by: str, person: int) -> None:
        def plan(lead: ModelLead) -> Any:
            if lead.facts["stage"] not in ("lost", "nurture"):
                return None
            return {"facts": {"stage": self.stage_before(lead)}}

        self.carry_out(by, person, lambda act, lead: reopen_lead(self.engine, rules(), act, lead), plan)

    @rule(by=PEOPLE, person=PERSONS)
    def bring_back_junk(self, by: str, person: int) -> None:
        def plan(lead: ModelLead) -> Any:
            return {"facts": {"stage": self.stage_before(lead)}} if lead.facts["stage"] == "junk" else None

        self.carry_out(by, person, lambda act, lead: restore_lead(self.engine, rules(), act, lead), plan)

    def stage_before(self, lead: ModelLead) -> str:
        """The stage from which it was last moved to where it is, by an act that stands."""
        now = lead.facts["stage"]
        moves = [
            done.facts["stage"] for done in self.said if done.lead is lead and done.stands and "stage" in done.facts
        ]
        others = [stage for stage in OPEN if stage != now]
        left = [old for old, new in moves if (new == now if now == "junk" else old in others and new not in others)]
        return left[-1] if left else ("new" if lead.facts["touches"] is None else "working")

    @rule(by=PEOPLE, person=PERSONS)
    def call_qualified(self, by: str, person: int) -> None:
        def plan(lead: ModelLead) -> Any:
            fits = lead.facts["stage"] in OPEN and not lead.facts["qualified"]
            return {"facts": {"qualified": True}} if fits else None

        self.carry_out(by, person, lambda act, lead: qualify_lead(self.engine, rules(), act, lead, "said so"), plan)

    @rule(by=PEOPLE, person=PERSONS, title=st.sampled_from(["Owner", "CEO"]))
    def answer(self, by: str, person: int, title: str) -> None:
        def plan(lead: ModelLead) -> Any:
            return {"title": title} if lead.facts["stage"] in OPEN else None

        def run(act: Any, lead: int) -> None:
            store_answers(self.engine, rules(), act, [GivenAnswer(lead, "title", title)])

        self.carry_out(by, person, run, plan)

    @rule(by=PEOPLE, person=PERSONS)
    def nominate(self, by: str, person: int) -> None:
        def plan(lead: ModelLead) -> Any:
            fits = lead.facts["stage"] in OPEN and by not in lead.flags
            return {"flagged": by} if fits else None

        self.carry_out(by, person, lambda act, lead: flag_lead(self.engine, rules(), act, lead, "spam"), plan)

    @rule(by=PEOPLE, person=PERSONS, word=st.sampled_from([VerdictWord.JUNK, VerdictWord.RESCUE]))
    def review(self, by: str, person: int, word: VerdictWord) -> None:
        def plan(lead: ModelLead) -> Any:
            if lead.facts["stage"] not in OPEN or not lead.flags:
                return None
            facts = {"stage": "junk"} if word is VerdictWord.JUNK else {}
            return {"facts": facts, "unflagged": set(lead.flags)}

        judgement = Judgement(word, reason="spam")
        self.carry_out(by, person, lambda act, lead: judge(self.engine, rules(), act, [lead], judgement), plan)

    @rule(by=PEOPLE, pair=st.sampled_from([(1, 2), (2, 1), (2, 3), (3, 1)]))
    def join(self, by: str, pair: tuple[int, int]) -> None:
        winner, loser = (self.lead_of(person) for person in pair)
        if winner is None or loser is None:
            return
        with self.expected(winner is not loser):
            with reading(self.engine) as connection:
                lead = table(Lead)
                chosen = select(lead).where(lead.c.id.in_([winner.id, loser.id]))
                rows = {row["id"]: dict(row) for row in connection.execute(chosen).mappings()}
                differences = compare_leads(connection, rows[winner.id], rows[loser.id])
            kept = {difference.field: winner.id for difference in differences}
            merge_leads(self.engine, rules(), self.act(by), winner.id, loser.id, kept)
        if winner is loser:
            return
        becomes = {"qualified": winner.facts["qualified"] or loser.facts["qualified"]}
        counts = [one.facts["touches"] for one in (winner, loser) if one.facts["touches"] is not None]
        becomes["touches"] = sum(counts) if counts else None
        if (winner.facts["stage"], loser.facts["stage"]) == ("new", "working"):
            becomes["stage"] = "working"
        facts = {name: (winner.facts[name], after) for name, after in becomes.items() if winner.facts[name] != after}
        self.do(Done(by, winner, facts, merged=loser, persons=set(loser.persons)))
        winner.persons |= loser.persons
        loser.merged_into = winner

    @rule(by=PEOPLE)
    def take_back(self, by: str) -> None:
        mine = [done for done in self.said if done.by == by and done.stands]
        if not mine:
            with self.expected(False):
                undo_last_act(self.engine, rules(), self.act(by))
            return
        last = mine[-1]
        since = self.said[self.said.index(last) + 1 :]
        if not last.lead.there:
            return
        try:
            undo_last_act(self.engine, rules(), self.act(by))
        except LeadtriageError as refused:
            assert "since" in str(refused)
            assert any(done.concerns(last.lead) for done in since), "nothing has changed it since"
            return
        if last.merged is not None:
            assert last.lead.merged_into is None, "the lead that was left was merged since"
            last.merged.merged_into = None
            last.lead.persons -= last.persons
        for name, (before, after) in last.facts.items():
            assert last.lead.facts[name] == after, "it was changed again since"
            last.lead.facts[name] = before
        if last.flagged:
            last.lead.flags.discard(last.flagged)
            for done in since:
                if done.lead is last.lead:
                    done.unflagged.discard(last.flagged)
        last.lead.flags |= last.unflagged
        last.retracted = True

    @rule(by=PEOPLE, person=st.just(3))
    def erase(self, by: str, person: int) -> None:
        lead = self.lead_of(person)
        if lead is None or self.day < 12:
            return
        erased = forget_person(self.engine, rules(), self.act("The officer"), lead.id)
        self.forgotten |= lead.persons
        for each in self.leads:
            if each.id in erased.lead_ids:
                each.there, each.merged_into = False, None
        for done in self.said:
            done.retracted = done.retracted or not done.lead.there

    @rule()
    def score(self) -> None:
        with writing(self.engine) as connection:
            score_leads(connection, rules(), self.act("cron"))

    # What always holds

    @invariant()
    def the_leads_agree(self) -> None:
        lead, nomination = table(Lead), table(Nomination)
        columns = (lead.c.id, lead.c.stage, lead.c.touches, lead.c.title, lead.c.qualified_on)
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(*columns).where(lead.c.removed_by.is_(None), lead.c.merged_into.is_(None))
            ).all()
            flags = connection.execute(
                select(nomination.c.lead_id, nomination.c.by).where(nomination.c.withdrawn_at.is_(None))
            ).all()
        stored = {
            row.id: (
                row.stage,
                row.touches,
                row.title,
                row.qualified_on is not None,
                {by for of, by in flags if of == row.id},
            )
            for row in rows
        }
        assert stored == {
            each.id: (
                each.facts["stage"],
                each.facts["touches"],
                self.title_of(each),
                each.facts["qualified"],
                each.flags,
            )
            for each in self.visible()
        }

    @invariant()
    def the_keys_agree(self) -> None:
        key = table(LeadKey)
        with reading(self.engine) as connection:
            stored = {line.key: line.lead_id for line in connection.execute(select(key.c.key, key.c.lead_id))}
        assert stored == {
            key: lead.id
            for lead in self.visible()
            for person in lead.persons
            for key in (f"e:p{person}@acme.example", f"i:crm:{person}")
        }

    @invariant()
    def the_sums_agree(self) -> None:
        event, row = table(Event), table(Touch)
        undone = select(event.c.undoes).where(event.c.undoes.is_not(None))
        with reading(self.engine) as connection:
            told = select(func.count()).where(event.c.kind == EventKind.TOUCH, event.c.act.not_in(undone))
            stands = select(func.count()).where(row.c.withdrawn_at.is_(None))
            assert connection.execute(told).scalar_one() == connection.execute(stands).scalar_one()
            wrong = [line for line in check_database(connection).rows if line["found"]]
        assert wrong == []


def test_the_database_and_the_model_agree(tmp_path: Path) -> None:
    path = tmp_path / "template.db"
    make_database(path).dispose()
    Leads.template = path
    Leads.TestCase.settings = settings(
        max_examples=examples(6),
        stateful_step_count=16,
        deadline=None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    Leads.TestCase().runTest()
