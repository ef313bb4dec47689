"""A reviewer's verdicts on junk candidates: each decides one for good, whoever else is reviewing at that time.

What a reviewer says of one candidate, and whether that can mean anything. Carrying it out is `triage.review`'s.

Stores verdicts: each with what had nominated the lead, its score and its ledger as they stood; and finds the last.

What a verdict does to the lead is told by the module of each act.

Which words may be a reason: ours, those of the criteria, and a team's own, unless that is one of these misspelt.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, union_all, update

from leadtriage.actions.unit_of_work import LeadChange, UnitOfWork, unit_of_work
from leadtriage.core.context import Act
from leadtriage.core.errors import LeadNotFound, NotACandidate, UsageError
from leadtriage.core.text import format_author
from leadtriage.core.vocabulary import OPEN_STAGES, EventKind, Reason, Stage, VerdictKind, VerdictWord
from leadtriage.criteria import Criteria, suggest
from leadtriage.db import Event, Lead, LeadScore, Nomination, Verdict, VerdictLine, reserve_ids, table
from leadtriage.db.dialect import batches
from leadtriage.scoring import (
    Explanation,
    NominatingLine,
    explain_leads,
    is_open,
    is_visible,
    nominating_lines,
    open_nominations,
)

_FORM = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 40
_NEAR = 0.75
"""The likeness (0 to 1, of `difflib`) from which on a word is taken to be another one, misspelt."""
_NEAR_END = 0.8
"""The same for a known word without its first part."""


def known_reasons(criteria: Criteria) -> tuple[str, ...]:
    """Return our own reasons, then those that the criteria's disqualifiers give besides."""
    ours = [reason.value for reason in Reason]
    return tuple(dict.fromkeys([*ours, *(line.reason for line in criteria.junk.disqualify)]))


def check_reason(criteria: Criteria, word: str, *, place: str = "--reason", used: Collection[str] = ()) -> str:
    """Return a reason as it is stored: small letters, digits and underscores ("No budget" is `no_budget`).

    Args:
        place: the option or line that gives it, for the message.
        used: words of the team's own that were used before and are as good as ours.

    Raises:
        UsageError: it is no such word, or looks like a known one misspelt.
    """
    reason = re.sub(r"[\s_-]+", "_", word.strip().lower()).strip("_")
    known = dict.fromkeys([*known_reasons(criteria), *used])
    if reason in known:
        return reason
    if not _FORM.fullmatch(reason) or len(reason) > _LONGEST:
        hint = f"write a word of small letters and underscores; known: {', '.join(known)}"
        raise UsageError(f"{word!r} is no reason", place=place, hint=hint)
    # "budget" is meant as no_budget, "competitor" as is_competitor or chose_competitor.
    ends = [each for each in known if get_close_matches(reason, [each.partition("_")[2]], cutoff=_NEAR_END)]
    near = list(dict.fromkeys([*get_close_matches(reason, known, n=3, cutoff=_NEAR), *ends]))
    if near:
        raise UsageError(f"{word!r} is no reason that we know", place=place, hint=f"did you mean {' or '.join(near)}?")
    return reason


NEED_REASON = (VerdictWord.JUNK, VerdictWord.RESCUE)
"""The verdicts that need a reason."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A reviewer's verdict with what belongs to it.

    Attributes:
        reason: needed for junk and rescue; of nurture, why it is parked.
        until: the day until which it is parked; needed for nurture.
        ask_for: the name of the criterion whose question is to be asked first; needed for ask.
    """

    verdict: VerdictWord
    reason: str | None = None
    note: str | None = None
    until: date | None = None
    ask_for: str | None = None


def check_judgement(
    connection: Connection,
    criteria: Criteria,
    judgement: Judgement,
    today: date,
    kind: VerdictKind = VerdictKind.REVIEW,
) -> Judgement:
    """Return a judgement as it is stored, with its reason and question as we spell them.

    Args:
        kind: an audit only says what would have been right, so that it needs neither a day nor a question.

    Raises:
        UsageError: no reason, or one that nobody knows; no day, or none in the future; no such question.
    """
    word = judgement.verdict
    reason = judgement.reason
    if reason is not None:
        reason = check_used_reason(connection, criteria, reason)
    elif word in NEED_REASON:
        raise UsageError(f"the verdict {word} needs a reason", hint="give one such as no_fit, spam or unreachable")
    checked = replace(judgement, reason=reason, note=(judgement.note or "").strip() or None)
    if kind is VerdictKind.AUDIT:
        return replace(checked, until=None, ask_for=None)
    if word is VerdictWord.NURTURE:
        _check_day(judgement.until, today)
    if word is VerdictWord.ASK:
        checked = replace(checked, ask_for=_find_question(criteria, judgement.ask_for))
    return checked


def check_used_reason(connection: Connection, criteria: Criteria, word: str, *, place: str = "reason") -> str:
    """Return a reason as it is stored; a word of the team's own that was used before is as good as ours.

    Raises:
        UsageError: it is no word, or a known one misspelt.
    """
    try:
        return check_reason(criteria, word, place=place)
    except UsageError:
        verdict, nomination = table(Verdict), table(Nomination)
        used = union_all(
            select(verdict.c.reason).where(verdict.c.reason == word).limit(1).subquery().select(),
            select(nomination.c.reason).where(nomination.c.reason == word).limit(1).subquery().select(),
        )
        return check_reason(criteria, word, place=place, used=set(connection.execute(used).scalars()))


def _check_day(until: date | None, today: date) -> None:
    if until is None:
        raise UsageError("the verdict nurture needs the day until which it is parked", hint="such as 3w or next monday")
    if until <= today:
        raise UsageError(f"a lead is parked until a later day, and {until} is none", hint="such as 3w or next monday")


def _find_question(criteria: Criteria, name: str | None) -> str:
    questions = [criterion.name for criterion in criteria.criteria if criterion.ask is not None]
    if name is None:
        hint = f"one of: {', '.join(questions)}" if questions else "no criterion has an `ask`"
        raise UsageError("the verdict ask needs the criterion whose question comes first", hint=hint)
    found = next((known for known in questions if known.casefold() == name.strip().casefold()), None)
    if found is None:
        raise UsageError(
            f"no criterion with a question is called {name!r}{suggest(name, questions)}",
            hint=f"one of: {', '.join(questions)}" if questions else None,
        )
    return found


_verdict, _nomination = table(Verdict), table(Nomination)


def store_verdicts(
    work: UnitOfWork,
    judgements: Mapping[int, Judgement],
    kind: VerdictKind,
    explanations: Mapping[int, Explanation],
    lines: Mapping[int, Sequence[NominatingLine]],
    again: Mapping[int, int] | None = None,
) -> None:
    """Store one verdict for each lead.

    Args:
        explanations: the score of each lead and its ledger as they stand.
        lines: what nominates each.
        again: the verdict that is looked at again, by the lead's id.
    """
    if not judgements:
        return
    act = work.act
    first = reserve_ids(work.connection, "verdict", len(judgements))
    rows: list[dict[str, Any]] = []
    nominating: list[dict[str, Any]] = []
    for number, (lead_id, judgement) in enumerate(judgements.items(), first):
        told = explanations[lead_id]
        rows.append(
            {
                "lead_id": lead_id,
                "id": number,
                "act": work.id,
                "kind": kind.value,
                "verdict": judgement.verdict.value,
                "reason": judgement.reason,
                "note": judgement.note,
                "by": act.by,
                "at": act.at,
                "recorded_at": act.recorded_at,
                "score": told.score,
                "ceiling": told.ceiling,
                "known": told.known,
                "grade": told.grade.value,
                "criteria_digest": work.criteria.digest,
                "ledger": [asdict(line) for line in told.ledger],
                "audited_id": (again or {}).get(lead_id),
            }
        )
        nominating += [
            {"lead_id": lead_id, "verdict_id": number, "place": place, **asdict(line)}
            for place, line in enumerate(lines.get(lead_id, ()))
        ]
    work.connection.execute(insert(_verdict), rows)
    if nominating:
        work.connection.execute(insert(table(VerdictLine)), nominating)


def withdraw_nominations(work: UnitOfWork, lead_ids: Collection[int]) -> None:
    """Let no word of people and systems nominate these leads any more: they are decided."""
    for group in batches(sorted(lead_ids)):
        work.connection.execute(
            update(_nomination)
            .where(_nomination.c.lead_id.in_(group), open_nominations())
            .values(withdrawn_at=work.act.recorded_at, withdrawn_act=work.id)
        )


def last_verdicts(connection: Connection, lead_ids: Collection[int]) -> dict[int, Mapping[str, Any]]:
    """The last verdict of a review that stands, by the lead's id, without its ledger."""
    wanted = [column for column in _verdict.c if column.name != "ledger"]
    found: dict[int, Mapping[str, Any]] = {}
    for group in batches(sorted(lead_ids)):
        last = (
            select(_verdict.c.lead_id, func.max(_verdict.c.id).label("id"))
            .where(_verdict.c.lead_id.in_(group), counts_as_review())
            .group_by(_verdict.c.lead_id)
            .subquery()
        )
        rows = select(*wanted).join(last, (last.c.lead_id == _verdict.c.lead_id) & (last.c.id == _verdict.c.id))
        found |= {row["lead_id"]: dict(row) for row in connection.execute(rows).mappings()}
    return found


def counts_as_review() -> Any:
    """Whether a verdict decided a candidate and was not taken back: a condition on a statement over `verdict`."""
    return (_verdict.c.kind == VerdictKind.REVIEW.value) & _verdict.c.withdrawn_at.is_(None)


def describe_verdict(verdict: Mapping[str, Any], act: Act) -> str:
    """Who decided what, and when: by the clock where it was today."""
    at = verdict["at"]
    when = f"at {at:%H:%M}" if at.date() == act.as_of else f"on {at:%Y-%m-%d}"
    said = {"rescue": "rescued it", "ask": "wanted a question asked first", "nurture": "parked it"}
    return f"{format_author(verdict['by'])} {said.get(verdict['verdict'], 'called it ' + verdict['verdict'])} {when}"


_score, _event = table(LeadScore), table(Event)


@dataclass(frozen=True, slots=True)
class SkippedLead:
    """A lead on which nothing was decided, and why not: a sentence without the lead."""

    lead_id: int
    why: str


@dataclass(frozen=True, slots=True)
class ReviewResult:
    """What a reviewer's act did.

    Attributes:
        act: its number.
        decided: the leads that it decided.
        passed_over: those that wait for no verdict any more.
    """

    act: int
    decided: tuple[int, ...]
    passed_over: tuple[SkippedLead, ...]


def judge(engine: Engine, criteria: Criteria, act: Act, lead_ids: Sequence[int], judgement: Judgement) -> ReviewResult:
    """Give one verdict on one candidate, or the same on many, in one transaction.

    Junk closes the lead with that reason; rescue keeps it open and lets its shelf life start anew; nurture parks it;
    ask puts a question on top of those it is to be asked. Nothing that nominated it counts any more, but new evidence.

    Raises:
        UsageError: the judgement lacks something; see `check_judgement`.
        NotACandidate: the only lead that was given waits for no verdict any more. Of many, such leads are passed over.
        LeadNotFound: there is no such lead.
    """
    with unit_of_work(engine, criteria, act) as work:
        checked = check_judgement(work.connection, criteria, judgement, act.as_of)
        judged = decide(work, dict.fromkeys(lead_ids, checked))
        if len(lead_ids) == 1 and judged.passed_over:
            raise NotACandidate(
                judged.passed_over[0].why, place=f"lead {lead_ids[0]}", hint="see the candidates: leadtriage junk"
            )
    return judged


def decide(work: UnitOfWork, judgements: Mapping[int, Judgement]) -> ReviewResult:
    """Carry out judgements that were checked, one on each lead; leads that wait for none are passed over.

    Raises:
        LeadNotFound: there is no such lead.
    """
    leads = work.read_leads(judgements)
    missing = [lead_id for lead_id in judgements if lead_id not in leads]
    if missing:
        raise LeadNotFound(f"there is no lead {missing[0]}", hint="see: leadtriage leads")
    lines = nominating_lines(work.connection, work.criteria, judgements, work.act.as_of)
    why_not = _why_not(work, leads, lines)
    waiting = [lead_id for lead_id in judgements if lead_id not in why_not]
    explanations = explain_leads(work.connection, work.criteria, waiting, work.act.as_of)
    why_not |= {
        lead_id: f"it has answered {judgements[lead_id].ask_for} already"
        for lead_id in waiting
        if _is_answered(explanations[lead_id], judgements[lead_id].ask_for)
    }
    decided = {lead_id: judgement for lead_id, judgement in judgements.items() if lead_id not in why_not}
    store_verdicts(work, decided, VerdictKind.REVIEW, explanations, lines)
    withdraw_nominations(work, decided)
    work.record(
        [
            LeadChange(
                lead_id,
                EventKind.VERDICT,
                _effect(judgement, work.act),
                new=judgement.verdict.value,
                reason=judgement.reason,
                note=judgement.note,
            )
            for lead_id, judgement in decided.items()
        ]
    )
    return ReviewResult(
        act=work.id,
        decided=tuple(decided),
        passed_over=tuple(SkippedLead(lead_id, why_not[lead_id]) for lead_id in judgements if lead_id in why_not),
    )


def find_leads_flagged_only_by(
    connection: Connection, criteria: Criteria, as_of: date, line: NominatingLine
) -> list[int]:
    """The candidates that nothing nominates but this line: the same reason by the same person, system or rule.

    Those that could reach most come first.
    """
    lead = table(Lead)
    alike = (
        select(_score.c.lead_id)
        .join(lead, lead.c.id == _score.c.lead_id)
        .where(_score.c.candidate, _score.c.reason == line.reason, is_visible(), is_open())
        .order_by(_score.c.ceiling.desc(), _score.c.lead_id.desc())
    )
    ids = list(connection.execute(alike).scalars())
    lines = nominating_lines(connection, criteria, ids, as_of)
    return [lead_id for lead_id in ids if [_kind(mine) for mine in lines.get(lead_id, ())] == [_kind(line)]]


def _kind(line: NominatingLine) -> tuple[str, str, str | None]:
    return line.by, line.reason, line.rule


def _effect(judgement: Judgement, act: Act) -> dict[str, Any]:
    """What a verdict changes in the lead."""
    match judgement.verdict:
        case VerdictWord.JUNK:
            closed = {"closed_on": act.as_of, "outcome_reason": judgement.reason, "worked_here": True}
            return {"stage": Stage.JUNK.value, **closed}
        case VerdictWord.RESCUE:
            return {"shelf_from": act.as_of}
        case VerdictWord.NURTURE:
            return {
                "stage": Stage.NURTURE.value,
                "nurture_until": judgement.until,
                "nurture_reason": judgement.reason,
                "parked_on": act.as_of,
            }
        case VerdictWord.ASK:
            return {"ask_for": judgement.ask_for}


def _why_not(
    work: UnitOfWork, leads: Mapping[int, Mapping[str, Any]], lines: Mapping[int, Sequence[NominatingLine]]
) -> dict[int, str]:
    """Of the leads that wait for no verdict: why not."""
    listed: set[int] = set()
    for group in batches(sorted(leads)):
        found = select(_score.c.lead_id).where(_score.c.lead_id.in_(group), _score.c.candidate)
        listed |= set(work.connection.execute(found).scalars())
    others = [lead_id for lead_id, lead in leads.items() if lead_id not in listed or lead["stage"] not in OPEN_STAGES]
    last = last_verdicts(work.connection, others)
    why: dict[int, str] = {}
    for lead_id, lead in leads.items():
        if lead["merged_into"] is not None:
            why[lead_id] = f"it was merged into lead {lead['merged_into']}"
        elif lead["removed_by"] is not None:
            why[lead_id] = "it was taken back by an undo"
        elif lead["stage"] not in OPEN_STAGES:
            why[lead_id] = _say_closed(work, lead, last.get(lead_id))
        elif lead_id not in listed:
            why[lead_id] = describe_verdict(last[lead_id], work.act) if lead_id in last else "nothing flags it as junk"
        elif lead_id not in lines:
            why[lead_id] = "nothing flags it as junk any more: run leadtriage score"
    return why


def _say_closed(work: UnitOfWork, lead: Mapping[str, Any], last: Mapping[str, Any] | None) -> str:
    if last is not None and lead["stage"] == last["verdict"]:
        return describe_verdict(last, work.act)
    moved = (
        select(_event.c.by, _event.c.at)
        .where(_event.c.lead_id == lead["id"], _event.c.kind == EventKind.STAGE, _event.c.new == lead["stage"])
        .order_by(_event.c.id.desc())
        .limit(1)
    )
    by = work.connection.execute(moved).first()
    if by is None:
        return f"it is {lead['stage']}"
    return describe_verdict({"by": by.by, "at": by.at, "verdict": lead["stage"]}, work.act)


def _is_answered(explanation: Explanation, question: str | None) -> bool:
    return any(line.criterion == question and line.known for line in explanation.ledger)
