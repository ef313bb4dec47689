"""What a reviewer says of one candidate, and whether that can mean anything. Carrying it out is `triage.review`'s."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection, select, union_all

from leadtriage.criteria.model import Criteria
from leadtriage.criteria.reading.mistakes import suggest
from leadtriage.db.schema import Nomination, Verdict, table
from leadtriage.errors import UsageError
from leadtriage.triage.reasons import check_reason
from leadtriage.vocabulary import VerdictKind, VerdictWord

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
