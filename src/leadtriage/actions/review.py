"""Verdicts of reviewers on junk candidates: their reasons, their checks, what they change, and how they are stored.

Each candidate is decided once, whoever else reviews at the same time. A verdict keeps the score, the ledger and the
nominations that it was based on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from difflib import get_close_matches
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, select, union_all, update

from leadtriage.actions.unit_of_work import LeadChange, UnitOfWork, describe_hidden, unit_of_work
from leadtriage.core.context import Act
from leadtriage.core.errors import NotACandidate, UsageError
from leadtriage.core.text import format_author
from leadtriage.core.vocabulary import OPEN_STAGES, EventKind, Reason, Stage, VerdictKind, VerdictWord
from leadtriage.criteria import Criteria, suggest
from leadtriage.db import Event, Lead, LeadScore, Nomination, Verdict, VerdictLine, table
from leadtriage.db.dialect import batches
from leadtriage.scoring import (
    Explanation,
    JunkLine,
    explain_leads,
    find_junk_lines,
    is_open,
    is_visible,
    open_nominations,
)

NEED_REASON = (VerdictWord.JUNK, VerdictWord.RESCUE)
"""The verdicts that need a reason."""

_REASON_FORM = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_MAX_REASON_LENGTH = 40
_SIMILAR, _SIMILAR_END = 0.75, 0.8
"""The similarity (0 to 1, of `difflib`) from which a word is a known one misspelt; and for its part after the first."""

_score, _event, _verdict, _nomination = table(LeadScore), table(Event), table(Verdict), table(Nomination)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with what belongs to it.

    Attributes:
        reason: needed for junk and rescue; optional for the others.
        until: the day the lead returns to the queue; needed for nurture.
        ask_for: the criterion whose question comes first; needed for ask.
    """

    verdict: VerdictWord
    reason: str | None = None
    note: str | None = None
    until: date | None = None
    ask_for: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewResult:
    """The result of a review act: the leads that it decided, and why others await no verdict."""

    act: int
    decided: tuple[int, ...]
    passed_over: Mapping[int, str]


def known_reasons(criteria: Criteria) -> tuple[str, ...]:
    """Return the built-in reasons, then those of the criteria's disqualifiers."""
    return tuple(dict.fromkeys([*map(str, Reason), *(line.reason for line in criteria.junk.disqualify)]))


def check_reason(criteria: Criteria, word: str, *, place: str = "--reason", used: Collection[str] = ()) -> str:
    """Return a reason in its stored form: "No budget" is `no_budget`.

    Args:
        place: the option or column that gives it, for the message.
        used: the team's own words that were used before and count as known.

    Raises:
        UsageError: the reason is not a word, or looks like a known one misspelt.
    """
    reason = re.sub(r"[\s_-]+", "_", word.strip().lower()).strip("_")
    known = dict.fromkeys([*known_reasons(criteria), *used])
    if reason in known:
        return reason
    if not _REASON_FORM.fullmatch(reason) or len(reason) > _MAX_REASON_LENGTH:
        hint = f"use a word of lower-case letters and underscores; known reasons: {', '.join(known)}"
        raise UsageError(f'not a reason: "{word}"', place=place, hint=hint)
    # "budget" means no_budget, "competitor" is_competitor or chose_competitor.
    ends = [each for each in known if get_close_matches(reason, [each.partition("_")[2]], cutoff=_SIMILAR_END)]
    similar = list(dict.fromkeys([*get_close_matches(reason, known, n=3, cutoff=_SIMILAR), *ends]))
    if similar:
        raise UsageError(f'unknown reason "{word}"', place=place, hint=f"did you mean {' or '.join(similar)}?")
    return reason


def check_used_reason(connection: Connection, criteria: Criteria, word: str, *, place: str = "reason") -> str:
    """Return a reason in its stored form; words that the team used before count as known.

    Raises:
        UsageError: the reason is not a word, or looks like a known one misspelt.
    """
    try:
        return check_reason(criteria, word, place=place)
    except UsageError:
        columns = (_verdict.c.reason, _nomination.c.reason)
        used = union_all(*(select(reason).where(reason == word).limit(1).subquery().select() for reason in columns))
        return check_reason(criteria, word, place=place, used=set(connection.execute(used).scalars()))


def check_judgement(
    connection: Connection,
    criteria: Criteria,
    judgement: Judgement,
    today: date,
    kind: VerdictKind = VerdictKind.REVIEW,
) -> Judgement:
    """Return a judgement with its reason and question in their stored form.

    Args:
        kind: an audit needs neither a day nor a question, as it changes nothing.

    Raises:
        UsageError: the reason, the future day or the question is missing or unknown.
    """
    verdict, reason = judgement.verdict, judgement.reason
    if reason is not None:
        reason = check_used_reason(connection, criteria, reason)
    elif verdict in NEED_REASON:
        raise UsageError(f"the verdict {verdict} needs a reason", hint="give one such as no_fit, spam or unreachable")
    checked = replace(judgement, reason=reason, note=(judgement.note or "").strip() or None)
    if kind is VerdictKind.AUDIT:
        return replace(checked, until=None, ask_for=None)
    if verdict is VerdictWord.NURTURE:
        if judgement.until is None:
            raise UsageError("the verdict nurture needs the day the lead comes back", hint="such as 3w or next monday")
        if judgement.until <= today:
            raise UsageError(f"{judgement.until} is not later than today", hint="such as 3w or next monday")
    if verdict is VerdictWord.ASK:
        return replace(checked, ask_for=_find_question(criteria, judgement.ask_for))
    return checked


def _find_question(criteria: Criteria, name: str | None) -> str:
    questions = [criterion.name for criterion in criteria.criteria if criterion.ask is not None]
    hint = f"use one of: {', '.join(questions)}" if questions else "no criterion has an `ask`"
    if name is None:
        raise UsageError("the verdict ask needs the criterion whose question comes first", hint=hint)
    for known in questions:
        if known.casefold() == name.strip().casefold():
            return known
    raise UsageError(f'no criterion with a question is called "{name}"{suggest(name, questions)}', hint=hint)


def judge(engine: Engine, criteria: Criteria, act: Act, lead_ids: Sequence[int], judgement: Judgement) -> ReviewResult:
    """Give one verdict on one or many candidates.

    Junk closes the lead with its reason. Rescue keeps it open and restarts its shelf life. Nurture snoozes it. Ask puts
    a question first. Only new evidence flags the lead again.

    Raises:
        UsageError: the judgement is incomplete; see `check_judgement`.
        NotACandidate: the only given lead awaits no verdict. Of many, such leads are passed over.
        LeadNotFound: a lead does not exist.
    """
    with unit_of_work(engine, criteria, act) as work:
        checked = check_judgement(work.connection, criteria, judgement, act.as_of)
        result = decide(work, dict.fromkeys(lead_ids, checked))
        if len(lead_ids) == 1 and result.passed_over:
            hint = "list the candidates: leadtriage junk"
            raise NotACandidate(result.passed_over[lead_ids[0]], place=f"lead {lead_ids[0]}", hint=hint)
    return result


def decide(work: UnitOfWork, judgements: Mapping[int, Judgement]) -> ReviewResult:
    """Carry out checked judgements by lead id; pass over leads that await none.

    Raises:
        LeadNotFound: a lead does not exist.
    """
    leads = work.read_leads(judgements, required=True)
    lines = find_junk_lines(work.connection, work.criteria, judgements, work.act.as_of)
    skipped = _find_skipped(work, leads, lines)
    waiting = [lead_id for lead_id in judgements if lead_id not in skipped]
    explanations = explain_leads(work.connection, work.criteria, waiting, work.act.as_of)
    for lead_id in waiting:
        question = judgements[lead_id].ask_for
        if any(line.criterion == question and line.known for line in explanations[lead_id].ledger):
            skipped[lead_id] = f"its question {question} is already answered"
    decided = {lead_id: judgement for lead_id, judgement in judgements.items() if lead_id not in skipped}
    store_verdicts(work, decided, VerdictKind.REVIEW, explanations, lines=lines)
    for group in batches(sorted(decided)):
        work.connection.execute(
            update(_nomination)
            .where(_nomination.c.lead_id.in_(group), open_nominations())
            .values(withdrawn_at=work.act.recorded_at, withdrawn_act=work.id)
        )
    work.record(
        [
            verdict_change(lead_id, judgement, values=_build_values(judgement, work.act))
            for lead_id, judgement in decided.items()
        ]
    )
    return ReviewResult(work.id, tuple(decided), {key: skipped[key] for key in judgements if key in skipped})


def verdict_change(lead_id: int, judgement: Judgement, **more: Any) -> LeadChange:
    """Build the change that records a verdict; `more` are other attributes of it."""
    word, reason, note = judgement.verdict.value, judgement.reason, judgement.note
    return LeadChange(lead_id, EventKind.VERDICT, new=word, reason=reason, note=note, **more)


def _build_values(judgement: Judgement, act: Act) -> dict[str, Any]:
    """The columns of `lead` that a verdict changes."""
    match judgement.verdict:
        case VerdictWord.JUNK:
            closed = {"closed_on": act.as_of, "outcome_reason": judgement.reason, "worked_here": True}
            return {"stage": Stage.JUNK.value, **closed}
        case VerdictWord.RESCUE:
            return {"shelf_from": act.as_of}
        case VerdictWord.NURTURE:
            snooze = {"nurture_until": judgement.until, "nurture_reason": judgement.reason, "parked_on": act.as_of}
            return {"stage": Stage.NURTURE.value, **snooze}
        case VerdictWord.ASK:
            return {"ask_for": judgement.ask_for}


def _find_skipped(
    work: UnitOfWork, leads: Mapping[int, Mapping[str, Any]], lines: Mapping[int, Sequence[JunkLine]]
) -> dict[int, str]:
    """The leads that await no verdict, each with the reason."""
    candidates: set[int] = set()
    for group in batches(sorted(leads)):
        found = select(_score.c.lead_id).where(_score.c.lead_id.in_(group), _score.c.candidate)
        candidates |= set(work.connection.execute(found).scalars())
    closed = {lead_id for lead_id, lead in leads.items() if lead["stage"] not in OPEN_STAGES}
    last = last_verdicts(work.connection, closed | (set(leads) - candidates))
    skipped: dict[int, str] = {}
    for lead_id, lead in leads.items():
        if hidden := describe_hidden(lead):
            skipped[lead_id] = hidden
        elif lead_id in closed:
            skipped[lead_id] = _describe_closed(work, lead, last.get(lead_id))
        elif lead_id not in candidates:
            skipped[lead_id] = "nothing flags it as junk"
            if lead_id in last:
                skipped[lead_id] = describe_verdict(last[lead_id], work.act)
        elif lead_id not in lines:
            skipped[lead_id] = "nothing flags it as junk any more: run leadtriage score"
    return skipped


def _describe_closed(work: UnitOfWork, lead: Mapping[str, Any], last: Mapping[str, Any] | None) -> str:
    if last is not None and lead["stage"] == last["verdict"]:
        return describe_verdict(last, work.act)
    moved = select(_event.c.by, _event.c.at).where(
        _event.c.lead_id == lead["id"], _event.c.kind == EventKind.STAGE, _event.c.new == lead["stage"]
    )
    event = work.connection.execute(moved.order_by(_event.c.id.desc()).limit(1)).mappings().first()
    return (
        f"it is {lead['stage']}" if event is None else describe_verdict({**event, "verdict": lead["stage"]}, work.act)
    )


def store_verdicts(
    work: UnitOfWork,
    judgements: Mapping[int, Judgement],
    kind: VerdictKind,
    explanations: Mapping[int, Explanation],
    *,
    lines: Mapping[int, Sequence[JunkLine]] | None = None,
    audited: Mapping[int, int] | None = None,
) -> None:
    """Store one verdict for each lead.

    Args:
        explanations: the current score and ledger, by lead id.
        lines: what flags the lead, by lead id.
        audited: the verdict that is looked at again, by lead id.
    """
    act = work.act
    rows: list[dict[str, Any]] = []
    for lead_id, judgement in judgements.items():
        score = explanations[lead_id]
        rows.append(
            {
                "lead_id": lead_id,
                "kind": kind.value,
                "verdict": judgement.verdict.value,
                "reason": judgement.reason,
                "note": judgement.note,
                "by": act.by,
                "at": act.at,
                "recorded_at": act.recorded_at,
                "score": score.score,
                "ceiling": score.ceiling,
                "known": score.known,
                "grade": score.grade.value,
                "criteria_digest": work.criteria.digest,
                "ledger": [asdict(line) for line in score.ledger],
                "audited_id": (audited or {}).get(lead_id),
            }
        )
    first = work.insert(Verdict, rows)
    nominating = [
        {"lead_id": lead_id, "verdict_id": number, "place": place, **asdict(line)}
        for number, lead_id in enumerate(judgements, first)
        for place, line in enumerate((lines or {}).get(lead_id, ()))
    ]
    if nominating:
        work.connection.execute(insert(table(VerdictLine)), nominating)


def last_verdicts(connection: Connection, lead_ids: Collection[int]) -> dict[int, Mapping[str, Any]]:
    """Return the last valid review verdict by lead id, without its ledger."""
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


def counts_as_review() -> ColumnElement[bool]:
    """Whether a verdict decided a candidate and was not undone: a condition on a statement over `verdict`."""
    return (_verdict.c.kind == VerdictKind.REVIEW.value) & _verdict.c.withdrawn_at.is_(None)


def describe_verdict(verdict: Mapping[str, Any], act: Act) -> str:
    """Return who decided what and when; the time of day if it was today."""
    at = verdict["at"]
    when = f"at {at:%H:%M}" if at.date() == act.as_of else f"on {at:%Y-%m-%d}"
    words = {"rescue": "rescued it", "ask": "wanted a question asked first", "nurture": "snoozed it"}
    return f"{format_author(verdict['by'])} {words.get(verdict['verdict'], 'called it ' + verdict['verdict'])} {when}"


def find_leads_flagged_only_by(connection: Connection, criteria: Criteria, as_of: date, line: JunkLine) -> list[int]:
    """Return the candidates that only this person, system or rule flags, for this reason; highest potential first."""
    lead = table(Lead)
    same_reason = (
        select(_score.c.lead_id)
        .join(lead, lead.c.id == _score.c.lead_id)
        .where(_score.c.candidate, _score.c.reason == line.reason, is_visible(), is_open())
        .order_by(_score.c.ceiling.desc(), _score.c.lead_id.desc())
    )
    ids = list(connection.execute(same_reason).scalars())
    lines = find_junk_lines(connection, criteria, ids, as_of)
    wanted = [(line.by, line.reason, line.rule)]
    return [lead_id for lead_id in ids if [(one.by, one.reason, one.rule) for one in lines.get(lead_id, ())] == wanted]
