"""The reviews of junk candidates: the first review, and the blind audit of leads that a review called junk."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from string import ascii_lowercase, digits

from leadtriage.actions import (
    NEED_REASON,
    Judgement,
    audit_lead,
    check_used_reason,
    describe_verdict,
    find_leads_flagged_only_by,
    judge,
    known_reasons,
    last_verdicts,
)
from leadtriage.cli.framework.context import Context, Printer
from leadtriage.cli.framework.options import Selection
from leadtriage.cli.framework.terminal import ESCAPE, RETURN, require_terminal, write_out
from leadtriage.cli.review.session import Review, Reviewer, Session, Step, hold_at_terminal
from leadtriage.core.context import OutputFormat
from leadtriage.core.dates import parse_future_day
from leadtriage.core.errors import LeadtriageError, NotACandidate, UsageError
from leadtriage.core.tables import Card, Column, Table
from leadtriage.core.text import format_count
from leadtriage.core.vocabulary import VerdictWord
from leadtriage.db import reading
from leadtriage.reports.lead import ReadAhead, ReviewedLead, read_audited, read_lead_names, show_lead
from leadtriage.reports.lists import list_candidate_ids
from leadtriage.reports.manager import list_overturns
from leadtriage.reports.query import Filters, explain_if_empty
from leadtriage.scoring import OpenQuestion

BY_FILE = "fill in the list of `leadtriage junk --all --format csv`, then run `leadtriage junk --verdicts FILE`"
AUDIT_BY_FILE = (
    "fill in the list of `leadtriage junk --audit N --format csv`, then run `leadtriage junk --audit N --verdicts FILE`"
)
VERDICT_KEYS: Mapping[str, VerdictWord] = {
    "j": VerdictWord.JUNK,
    "r": VerdictWord.RESCUE,
    "n": VerdictWord.NURTURE,
    "a": VerdictWord.ASK,
}
_BACK = ("-", ESCAPE)
_OTHER = "/"
_NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Reasons:
    """The reasons that a verdict can have.

    Attributes:
        words: those that have a key.
        check: returns another word as it is stored, or raises a `UsageError`.
    """

    words: tuple[str, ...]
    check: Callable[[str], str]

    @property
    def keys(self) -> dict[str, str]:
        """The key of each word: the same ones with the same criteria, so that people can learn them."""
        return dict(zip(ascii_lowercase + digits, self.words, strict=False))

    def with_word(self, word: str | None) -> Reasons:
        """These reasons and a word that was used; a new one gets the next key."""
        return self if word is None or word in self.words else replace(self, words=(*self.words, word))


class VerdictReview(Review[ReviewedLead, Judgement]):
    """A review whose outcomes are verdicts."""

    def __init__(self, reviewer: Reviewer, lead_ids: Sequence[int]) -> None:
        super().__init__(reviewer, len(lead_ids))
        self.lead_ids = tuple(lead_ids)
        self.reasons = Reasons(known_reasons(reviewer.criteria), self._check_reason)

    @abstractmethod
    def decide(self, lead: ReviewedLead, word: VerdictWord) -> None:
        """Ask for what a verdict needs, and store it."""

    def build_card(self, item: ReviewedLead) -> Card:
        """The lead."""
        return item.card

    def list_actions(self, item: ReviewedLead) -> Mapping[str, Callable[[], None]]:
        """A verdict for each key."""
        return {key: partial(self.decide, item, word) for key, word in VERDICT_KEYS.items()}

    def describe(self, step: Step[Judgement]) -> str:
        """The verdict, and the number of leads if there are several."""
        assert step.outcome is not None
        leads = f" of {format_count(len(step.lead_ids), 'lead')}" if len(step.lead_ids) > 1 else ""
        return f"{describe_judgement(step.outcome)}{leads}"

    def show_summary(self, printer: Printer) -> None:
        """Print the verdicts by reason and, for people, how often verdicts were overturned."""
        counts: dict[tuple[VerdictWord, str | None], int] = {}
        for step in self.steps:
            if step.outcome is not None:
                key = (step.outcome.verdict, step.outcome.reason)
                counts[key] = counts.get(key, 0) + len(step.lead_ids)
        order = [*VerdictWord]
        by_verdict = sorted(counts, key=lambda key: (order.index(key[0]), -counts[key], key[1] or ""))
        columns = (Column("verdict", "Verdict"), Column("reason", "Reason"), Column("leads", "Leads", align="right"))
        rows = tuple({"verdict": key[0].value, "reason": key[1], "leads": counts[key]} for key in by_verdict)
        printer.show(Table("Verdicts", columns, rows))
        stored, skipped = format_count(sum(counts.values()), "verdict"), self.count_outcomes()[None]
        printer.note(f"{stored} stored, {format_count(skipped, 'lead')} skipped, {self.left:,} left")
        if rows and printer.format is OutputFormat.TABLE:
            with reading(self.reviewer.engine) as connection:
                rates = list_overturns(connection, self.reviewer.criteria)
            write_out("\n")
            printer.show(rates)

    def ask_reasoned(self, word: VerdictWord, likely: str | None = None) -> Judgement | None:
        """Ask for a reason if the verdict needs one, and for a note; None if the person goes back.

        Args:
            likely: the reason that Return gives.
        """
        reason = None
        if word in NEED_REASON:
            reason = self._ask_reason(word, likely)
            if reason is None:
                return None
        return Judgement(word, reason, self.session.ask_line("note (Return for none) > ") or None)

    def _ask_reason(self, word: VerdictWord, likely: str | None) -> str | None:
        keys = self.reasons.keys
        first = f"[Return] {likely}  " if likely else ""
        question = f"why {word}? {first}[{_OTHER}] another word  [-] back > "
        accepted = (*keys, _OTHER, *_BACK, *([RETURN] if likely else []))
        while True:
            key = self.session.ask_key(question, accepted, choices=[f"{key} {reason}" for key, reason in keys.items()])
            if key in _BACK:
                return None
            if key == RETURN:
                return likely
            if key != _OTHER:
                return keys[key]
            written = self.session.ask_line("reason, in a word such as no_fit > ")
            try:
                return self.reasons.check(written)
            except UsageError as error:
                self.session.tell(str(error))

    def _check_reason(self, word: str) -> str:
        with reading(self.reviewer.engine) as connection:
            return check_used_reason(connection, self.reviewer.criteria, word)


class JunkReview(VerdictReview):
    """Reviews junk candidates.

    Args:
        limit: how many of `lead_ids` to review; the rest count as left.
    """

    question = "[j]unk [r]escue [n]urture [a]sk [s]kip [u]ndo [l]ook [f]or all [q]uit [?] > "
    last_question = "that was the last one: [u]ndo [q]uit > "
    help = (
        "j  junk: close the lead, with a reason",
        "r  rescue: not junk, with a reason; the lead returns to the queue",
        "n  nurture: snooze it until a day",
        "a  ask first: put one of its open questions on top",
        "s  skip: leave it for another review",
        "u  undo your last verdict and go back to that lead",
        "l  look at everything known about it",
        "f  for all: the same verdict for all leads flagged only for this",
        "q  quit: verdicts are stored already",
    )

    def __init__(
        self, reviewer: Reviewer, lead_ids: Sequence[int], filters: Filters | None = None, *, limit: int | None = None
    ) -> None:
        super().__init__(reviewer, lead_ids[:limit])
        self._beyond = tuple(lead_ids[self.total :])
        self._filters = filters or Filters()
        self._reader = ReadAhead(reviewer.criteria, self.lead_ids)

    @property
    def left(self) -> int:
        """How many candidates were not reached, those beyond the limit included."""
        return sum(not self._is_decided(lead_id) for lead_id in (*self.lead_ids[self.place :], *self._beyond))

    def _is_decided(self, lead_id: int) -> bool:
        return any(lead_id in step.lead_ids for step in self.steps)

    def read(self) -> ReviewedLead | None:
        """Read the lead; None if it was decided meanwhile, here or by someone else."""
        lead_id = self.lead_ids[self.place]
        if self._is_decided(lead_id):
            return None
        with reading(self.reviewer.engine) as connection:
            lead = self._reader.read(connection, self.place, self.reviewer.today)
            last = last_verdicts(connection, [lead_id]).get(lead_id) if lead is None else None
        if lead is None:
            why = describe_verdict(last, self.reviewer.make_act()) if last is not None else "it is no longer flagged"
            self.session.tell(f"lead {lead_id} no longer needs a verdict: {why}")
        return lead

    def list_actions(self, item: ReviewedLead) -> Mapping[str, Callable[[], None]]:
        """The verdicts, look, and a verdict for all alike."""
        return {**super().list_actions(item), "l": partial(self._look, item), "f": partial(self._decide_all, item)}

    def decide(self, lead: ReviewedLead, word: VerdictWord) -> None:
        """Store a verdict on one lead."""
        judgement = self._ask(lead, word)
        if judgement is not None:
            self._store(lead, [lead.lead_id], judgement)

    def _ask(self, lead: ReviewedLead, word: VerdictWord) -> Judgement | None:
        """Ask for what the verdict needs; None if the person goes back."""
        if word is VerdictWord.NURTURE:
            until = _ask_day(self.session, self.reviewer.today)
            return None if until is None else Judgement(word, until=until)
        if word is VerdictWord.ASK:
            question = _ask_question(self.session, lead.questions)
            return None if question is None else Judgement(word, ask_for=question)
        # The reason for the flag is no reason to rescue the lead.
        return self.ask_reasoned(word, lead.likely_reason if word is VerdictWord.JUNK else None)

    def _store(self, lead: ReviewedLead, lead_ids: Sequence[int], judgement: Judgement) -> None:
        if len(lead_ids) > 1:
            self.session.tell_at_once(f"storing {format_count(len(lead_ids), 'verdict')} ...")
        reviewer = self.reviewer
        try:
            judged = judge(reviewer.engine, reviewer.criteria, reviewer.make_act(), lead_ids, judgement)
        except NotACandidate as error:
            self.session.tell(f"lead {lead.lead_id}: {error.message}; nothing was stored")
            self.place += 1
            return
        except LeadtriageError as error:
            self.session.tell(f"not stored: {error}")
            return
        if judged.decided:
            self.steps.append(Step(self.place, judgement, judged.act, judged.decided))
        self.reasons = self.reasons.with_word(judgement.reason)
        if lead.lead_id in judged.decided:
            self.place += 1
        skipped = f"; {format_count(len(judged.passed_over), 'lead')} skipped" if judged.passed_over else ""
        who = lead.who if len(lead_ids) == 1 else format_count(len(judged.decided), "lead")
        self.session.tell(f"stored: {describe_judgement(judgement)}: {who}{skipped}")

    def _look(self, lead: ReviewedLead) -> None:
        with reading(self.reviewer.engine) as connection:
            card = show_lead(connection, self.reviewer.criteria, lead.lead_id, self.reviewer.today)
        self.session.page_through(card)

    def _decide_all(self, lead: ReviewedLead) -> None:
        """Give one verdict to all leads flagged only for the same line, among those selected and not skipped."""
        if len(lead.lines) > 1:
            self.session.tell(f"flagged {len(lead.lines)} times; [f] is for leads flagged once")
            return
        line = lead.lines[0]
        self.session.tell_at_once("looking for leads flagged only for this ...")
        with reading(self.reviewer.engine) as connection:
            skipped = {self.lead_ids[step.place] for step in self.steps if step.outcome is None}
            selected = {*list_candidate_ids(connection, self._filters)} - skipped
            found = find_leads_flagged_only_by(connection, self.reviewer.criteria, self.reviewer.today, line)
            alike = [lead_id for lead_id in found if lead_id in selected]
            names = read_lead_names(connection, alike[:_NAMES_SHOWN])
        if len(alike) < 2:
            self.session.tell("no other candidate is flagged only for this")
            return
        more = len(alike) - len(names)
        below = [
            f"{format_count(len(alike), 'candidate')} flagged only as {line.reason}: {line.text}",
            *(f"  {name}" for name in names),
            *([f"  and {more:,} more"] if more else []),
        ]
        question = f"for all {len(alike):,}: [j]unk [r]escue [n]urture [a]sk, [-] back > "
        key = self.session.ask_key(question, (*VERDICT_KEYS, *_BACK), below)
        judgement = self._ask(lead, VERDICT_KEYS[key]) if key in VERDICT_KEYS else None
        if judgement is None:
            return
        sure = f"{describe_judgement(judgement)} for {format_count(len(alike), 'lead')}? [y/n] > "
        if self.session.ask_key(sure, ("y", "n"), below) == "y":
            self._store(lead, alike, judgement)


class AuditReview(VerdictReview):
    """Reviews a sample of junk leads again, without what was said before; its verdicts change no lead."""

    question = "[j]unk [r]escue [n]urture [a]sk [s]kip [q]uit [?] > "
    help = (
        "Your verdict is stored, and changes nothing about the lead. Would you call it",
        "j  junk, with a reason",
        "r  rescued: not junk, with a reason",
        "n  a lead to snooze",
        "a  a lead to ask something first?",
        "s  skip    q  quit",
    )

    @property
    def progress(self) -> str:
        """Where the reviewer is."""
        return f"{super().progress}, audit"

    def read(self) -> ReviewedLead | None:
        """Read the lead; None if it is no longer junk."""
        lead_id = self.lead_ids[self.place]
        with reading(self.reviewer.engine) as connection:
            lead = read_audited(connection, self.reviewer.criteria, lead_id, self.reviewer.today)
        if lead is None:
            self.session.tell(f"lead {lead_id} is no longer junk")
        return lead

    def decide(self, lead: ReviewedLead, word: VerdictWord) -> None:
        """Store a verdict of the audit."""
        judgement = self.ask_reasoned(word)
        if judgement is None:
            return
        reviewer = self.reviewer
        try:
            audit_lead(reviewer.engine, reviewer.criteria, reviewer.make_act(), lead.lead_id, judgement)
        except NotACandidate as error:
            self.session.tell(f"lead {lead.lead_id}: {error.message}; nothing was stored")
            self.place += 1
        except LeadtriageError as error:
            self.session.tell(f"not stored: {error}")
        else:
            self.complete(Step(self.place, judgement, lead_ids=(lead.lead_id,)))


def _ask_day(session: Session, today: date) -> date | None:
    while True:
        written = session.ask_line("until when? 3w, 2m, next monday or 2027-01-31; Return to go back > ")
        if not written:
            return None
        try:
            return parse_future_day(written, today)
        except UsageError as error:
            session.tell(str(error))


def _ask_question(session: Session, questions: Sequence[OpenQuestion]) -> str | None:
    if not questions:
        session.tell("no open questions: all are answered")
        return None
    keys = dict(zip(digits[1:] + ascii_lowercase, questions, strict=False))
    below = [f"{key} {question.ask} (up to +{question.gain})" for key, question in keys.items()]
    key = session.ask_key("which question first? its number, [-] back > ", (*keys, *_BACK), below)
    return None if key in _BACK else keys[key].criterion


def describe_judgement(judgement: Judgement) -> str:
    """A verdict in a few words: with its reason, its question or its day."""
    details = [judgement.reason, judgement.ask_for, judgement.until.isoformat() if judgement.until else None]
    return ", ".join([judgement.verdict.value, *(detail for detail in details if detail)])


def review_candidates(context: Context, selection: Selection) -> None:
    """Review junk candidates at the terminal.

    Raises:
        UsageError: there is no terminal.
    """
    require_terminal(BY_FILE)
    filters = selection.filters(context.act().as_of)
    with context.database() as engine:
        with reading(engine) as connection:
            lead_ids = list_candidate_ids(connection, filters)
            nobody = explain_if_empty(connection, Table("Junk candidates", (), ()), filters)
        if not lead_ids:
            context.printer.show(nobody)
            return
        hold_at_terminal(
            context, engine, lambda reviewer: JunkReview(reviewer, lead_ids, filters, limit=selection.most)
        )


def review_audit(context: Context, lead_ids: Sequence[int]) -> None:
    """Review the sample of an audit at the terminal.

    Raises:
        UsageError: there is no terminal.
    """
    require_terminal(AUDIT_BY_FILE)
    with context.database() as engine:
        hold_at_terminal(context, engine, lambda reviewer: AuditReview(reviewer, lead_ids))
