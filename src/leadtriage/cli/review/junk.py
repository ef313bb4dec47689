"""Goes through junk candidates one by one: shows each, asks for a verdict, stores it, and goes on.

Nothing of the database is open while a person thinks. What is asked after each key is `cli.review_keys`', the second
look at confirmed junk `cli.reviewing_again`'s.

Goes through a sample of confirmed junk one by one, blind: nothing that was said before is shown.

What is said is stored and changes no lead. The sample is `triage.auditing`'s to draw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Engine

from leadtriage.actions import Judgement, audit_lead, describe_verdict, find_leads_flagged_only_by, judge, last_verdicts
from leadtriage.cli.framework.context import Invocation
from leadtriage.cli.framework.options import Selection
from leadtriage.cli.framework.terminal import RETURN, require_terminal
from leadtriage.cli.review.session import (
    AUDIT_HELP,
    AUDIT_QUESTION,
    LAST_QUESTION,
    REVIEW_HELP,
    REVIEW_QUESTION,
    VERDICT_KEYS,
    Session,
    Step,
    TerminalSession,
    Walk,
    ask_judgement,
    ask_reasoned,
    end_review,
    hold,
    read_reasons,
    say_judgement,
)
from leadtriage.core.context import Act
from leadtriage.core.errors import LeadtriageError, NotACandidate
from leadtriage.core.tables import Table
from leadtriage.core.text import format_count
from leadtriage.core.vocabulary import VerdictWord
from leadtriage.criteria import Criteria
from leadtriage.db import reading
from leadtriage.reports.lead import ReadAhead, ReviewedLead, read_audited, read_lead_names, show_lead
from leadtriage.reports.lists import list_candidate_ids
from leadtriage.reports.query import Filters, explain_if_empty

BY_FILE = "fill in verdicts in a list: leadtriage junk --all --format csv, then leadtriage junk --verdicts FILE"
AUDIT_BY_FILE = "fill in a list: leadtriage junk --audit N --format csv, then leadtriage junk --audit N --verdicts FILE"
_SHOWN_OF_ALL = 5


class Review(Walk[Step]):
    """One reviewer's way through the candidates.

    Args:
        limit: after so many of `lead_ids` it ends; the rest count as left.
    """

    def __init__(
        self,
        session: Session,
        engine: Engine,
        criteria: Criteria,
        make_act: Callable[[], Act],
        lead_ids: Sequence[int],
        filters: Filters | None = None,
        *,
        limit: int | None = None,
    ) -> None:
        super().__init__(session, engine, criteria, make_act)
        self._lead_ids = tuple(lead_ids[:limit])
        self._beyond = tuple(lead_ids[len(self._lead_ids) :])
        self._filters = filters or Filters()
        self._reasons = read_reasons(engine, criteria)
        self._reader = ReadAhead(criteria, self._lead_ids)

    def run(self) -> None:
        """Go on until the last candidate is done or the reviewer quits.

        Raises:
            EndOfInput, KeyboardInterrupt: the reviewer left; what was stored stays so.
        """
        going_on = True
        while going_on:
            going_on = self._review_one() if self._place < len(self._lead_ids) else self._ask_whether_done()

    @property
    def left(self) -> int:
        """How many candidates nobody came to."""
        decided = {lead_id for step in self.steps for lead_id in step.decided}
        return sum(lead_id not in decided for lead_id in (*self._lead_ids[self._place :], *self._beyond))

    def _review_one(self) -> bool:
        """Show the lead whose turn it is and do what is said; whether to go on."""
        lead_id = self._lead_ids[self._place]
        if any(lead_id in step.decided for step in self.steps):
            self._place += 1
            return True
        with reading(self._engine) as connection:
            lead = self._reader.read(connection, self._place, self._make_act().as_of)
        if lead is None:
            self._tell_gone(lead_id)
            self._place += 1
            return True
        self._session.show(lead.card, f"{self._place + 1} of {len(self._lead_ids)}")
        keys = (*VERDICT_KEYS, "s", "u", "l", "f", "q", "?")
        key = self._session.ask_key(REVIEW_QUESTION, keys)
        while key == "?":
            key = self._session.ask_key(REVIEW_QUESTION, keys, REVIEW_HELP)
        if key in VERDICT_KEYS:
            self._decide(lead, VERDICT_KEYS[key])
        elif key == "s":
            self.steps.append(Step(self._place))
            self._place += 1
        elif key == "u":
            self._undo()
        elif key == "l":
            self._look(lead)
        elif key == "f":
            self._decide_all_alike(lead)
        return key != "q"

    def _ask_whether_done(self) -> bool:
        """After the last one: let its verdict be taken back; whether to go on."""
        if not self.steps:
            return False
        if self._session.ask_key(LAST_QUESTION, ("u", "q", RETURN)) != "u":
            return False
        self._undo()
        return True

    def _tell_gone(self, lead_id: int) -> None:
        with reading(self._engine) as connection:
            last = last_verdicts(connection, [lead_id]).get(lead_id)
        why = describe_verdict(last, self._make_act()) if last is not None else "nothing nominates it any more"
        self._session.tell(f"lead {lead_id} waits for no verdict: {why}")

    def _decide(self, lead: ReviewedLead, word: VerdictWord) -> None:
        judgement = self._ask(lead, word)
        if judgement is not None:
            self._store(lead, [lead.lead_id], judgement)

    def _ask(self, lead: ReviewedLead, word: VerdictWord) -> Judgement | None:
        today, questions = self._make_act().as_of, lead.questions
        return ask_judgement(self._session, self._reasons, word, today, likely=lead.likely_reason, questions=questions)

    def _store(self, lead: ReviewedLead, lead_ids: Sequence[int], judgement: Judgement) -> None:
        if len(lead_ids) > 1:
            self._session.tell_at_once(f"storing {format_count(len(lead_ids), 'verdict')} ...")
        try:
            judged = judge(self._engine, self._criteria, self._make_act(), lead_ids, judgement)
        except NotACandidate as error:
            self._session.tell(f"lead {lead.lead_id}: {error.message}; nothing was stored")
            self._place += 1
            return
        except LeadtriageError as error:
            self._session.tell(f"not stored: {error}")
            return
        if judged.decided:
            self.steps.append(Step(self._place, judgement, judged.act, judged.decided))
        self._reasons = self._reasons.with_word(judgement.reason)
        if lead.lead_id in judged.decided:
            self._place += 1
        passed = f"; {format_count(len(judged.passed_over), 'lead')} passed over" if judged.passed_over else ""
        whom = lead.who if len(lead_ids) == 1 else format_count(len(judged.decided), "lead")
        self._session.tell(f"stored: {say_judgement(judgement)}: {whom}{passed}")

    def _undo(self) -> None:
        last = self._take_back_last()
        if last is None:
            return
        many = f" of {format_count(len(last.decided), 'lead')}" if len(last.decided) > 1 else ""
        said = (
            f"taken back: {say_judgement(last.judgement)}{many}"
            if last.judgement is not None
            else "back to the one skipped"
        )
        self._session.tell(said)

    def _look(self, lead: ReviewedLead) -> None:
        with reading(self._engine) as connection:
            card = show_lead(connection, self._criteria, lead.lead_id, self._make_act().as_of)
        self._session.page_through(card)

    def _decide_all_alike(self, lead: ReviewedLead) -> None:
        """Give one verdict to all that only the same line nominates, of those that were chosen and not skipped."""
        if len(lead.lines) > 1:
            self._session.tell(
                f"{format_count(len(lead.lines), 'thing')} nominate it; that is for a lead that one does"
            )
            return
        self._session.tell_at_once("looking for all that are alike ...")
        with reading(self._engine) as connection:
            skipped = {self._lead_ids[step.place] for step in self.steps if step.judgement is None}
            chosen = {*list_candidate_ids(connection, self._filters, limit=None)} - skipped
            alike = find_leads_flagged_only_by(connection, self._criteria, self._make_act().as_of, lead.lines[0])
            alike = [lead_id for lead_id in alike if lead_id in chosen]
            names = read_lead_names(connection, alike[:_SHOWN_OF_ALL])
        if len(alike) < 2:
            self._session.tell("there is no other candidate with nothing but that")
            return
        more = len(alike) - len(names)
        below = [
            f"{format_count(len(alike), 'candidate')} with nothing but {lead.lines[0].reason}: {lead.lines[0].text}",
            *(f"  {name}" for name in names),
            *([f"  and {more:,} more"] if more else []),
        ]
        question = f"for all {len(alike):,}: [j]unk [r]escue [n]urture [a]sk, [-] back > "
        key = self._session.ask_key(question, (*VERDICT_KEYS, "-", "\x1b"), below)
        judgement = self._ask(lead, VERDICT_KEYS[key]) if key in VERDICT_KEYS else None
        if judgement is None:
            return
        sure = f"{say_judgement(judgement)} for {format_count(len(alike), 'lead')}? [y/n] > "
        if self._session.ask_key(sure, ("y", "n"), below) == "y":
            self._store(lead, alike, judgement)


def review(invocation: Invocation, selection: Selection) -> None:
    """Hold a review at the terminal and show what it came to.

    Raises:
        UsageError: there is no terminal.
    """
    require_terminal(BY_FILE)
    criteria = invocation.criteria()
    filters = selection.filters(invocation.act(criteria.timezone).as_of)
    with invocation.database() as engine:
        with reading(engine) as connection:
            lead_ids = list_candidate_ids(connection, filters, limit=None)
            nobody = explain_if_empty(connection, Table("Junk candidates", (), ()), filters)
        if not lead_ids:
            invocation.show(nobody)
            return
        with TerminalSession() as session:
            held = Review(
                session,
                engine,
                criteria,
                lambda: invocation.act(criteria.timezone),
                lead_ids,
                filters,
                limit=selection.most,
            )
            code = hold(held.run)
        end_review(invocation, engine, criteria, held, code)


class SecondLook(Walk[Step]):
    """One person's way through a sample."""

    def __init__(
        self,
        session: Session,
        engine: Engine,
        criteria: Criteria,
        make_act: Callable[[], Act],
        lead_ids: Sequence[int],
    ) -> None:
        super().__init__(session, engine, criteria, make_act)
        self._lead_ids = tuple(lead_ids)
        self._reasons = read_reasons(engine, criteria)

    @property
    def left(self) -> int:
        """How many leads nobody came to."""
        return len(self._lead_ids) - self._place

    def run(self) -> None:
        """Go on until the last lead is done or the person quits.

        Raises:
            EndOfInput, KeyboardInterrupt: the person left; what was stored stays so.
        """
        while self._place < len(self._lead_ids):
            with reading(self._engine) as connection:
                lead = read_audited(connection, self._criteria, self._lead_ids[self._place], self._make_act().as_of)
            if lead is None:
                self._session.tell(f"lead {self._lead_ids[self._place]} is no junk any more")
                self._place += 1
            elif not self._look_at(lead):
                return

    def _look_at(self, lead: ReviewedLead) -> bool:
        """Show a lead and store what is said; whether to go on."""
        self._session.show(lead.card, f"{self._place + 1} of {len(self._lead_ids)}, a second look")
        keys = (*VERDICT_KEYS, "s", "q", "?")
        key = self._session.ask_key(AUDIT_QUESTION, keys)
        while key == "?":
            key = self._session.ask_key(AUDIT_QUESTION, keys, AUDIT_HELP)
        if key == "s":
            self.steps.append(Step(self._place))
            self._place += 1
        elif key != "q":
            self._judge(lead, key)
        return key != "q"

    def _judge(self, lead: ReviewedLead, key: str) -> None:
        judgement = ask_reasoned(self._session, self._reasons, VERDICT_KEYS[key])
        if judgement is None:
            return
        try:
            audit_lead(self._engine, self._criteria, self._make_act(), lead.lead_id, judgement)
        except NotACandidate as error:
            self._session.tell(f"lead {lead.lead_id}: {error.message}; nothing was stored")
        except LeadtriageError as error:
            self._session.tell(f"not stored: {error}")
            return
        else:
            self.steps.append(Step(self._place, judgement, decided=(lead.lead_id,)))
        self._place += 1


def review_again(invocation: Invocation, lead_ids: Sequence[int]) -> None:
    """Go through a sample at the terminal and show what it came to.

    Raises:
        UsageError: there is no terminal.
    """
    require_terminal(AUDIT_BY_FILE)
    criteria = invocation.criteria()
    with invocation.database() as engine:
        with TerminalSession() as session:
            held = SecondLook(session, engine, criteria, lambda: invocation.act(criteria.timezone), lead_ids)
            code = hold(held.run)
        end_review(invocation, engine, criteria, held, code)
