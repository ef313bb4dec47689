"""Closes leads with an outcome, and brings closed or parked ones back. Junk is a review's to say, and to take back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Engine, select

from leadtriage.act import Act
from leadtriage.criteria.model import Criteria
from leadtriage.db.schema import Event, table
from leadtriage.errors import LeadtriageError, UsageError
from leadtriage.importing.values import Money, NotUnderstood, parse_exact_money
from leadtriage.triage.acting import LeadChange, acting, require_open
from leadtriage.triage.choosing import Changed, choose, count_candidates
from leadtriage.triage.parking import is_parked
from leadtriage.triage.reasons import check_reason
from leadtriage.vocabulary import OPEN_STAGES, OUTCOMES, QUALIFIED_STAGES, EventKind, SaidBy, Stage

_ENDS_OF_DEALS = (Stage.WON, Stage.LOST)


@dataclass(frozen=True, slots=True)
class Closing:
    """How leads ended.

    Attributes:
        outcome: `won`, `lost` or `converted`.
        reason: needed for `lost`.
        said_by: who gave the reason; None where nobody said.
        value: what it is worth; None leaves what is known.
    """

    outcome: Stage
    reason: str | None = None
    said_by: SaidBy | None = None
    value: Money | None = None
    note: str | None = None


def parse_value(text: str, criteria: Criteria, *, place: str = "--value") -> Money:
    """Read what a deal is worth, "12000", "12k EUR"; without a currency in that of the criteria.

    Raises:
        UsageError: it is no sum of money.
    """
    try:
        value = parse_exact_money(text.strip(), criteria.currency)
    except NotUnderstood as error:
        raise UsageError(
            f"{text!r} is no sum of money: {error}", place=place, hint="such as 12000 or 12000EUR"
        ) from error
    if value is None or value.amount < 0:
        below = "" if value is None else ": it is below 0"
        raise UsageError(f"{text!r} is no sum of money{below}", place=place, hint="such as 12000 or 12000EUR")
    return value


def close(engine: Engine, criteria: Criteria, act: Act, lead_ids: Sequence[int], closing: Closing) -> Changed:
    """Close open leads, each with its own lines in the history; one that was converted may be won or lost later.

    What is won or converted was qualified: a lead of which nobody had said so counts as qualified by `act.by`.

    Raises:
        LeadtriageError: it is one lead, and it is closed, merged or taken back; of many, none is open.
        UsageError: see `check_closing`; or a value for many.
    """
    checked = check_closing(criteria, closing)
    if checked.value is not None and len(lead_ids) > 1:
        raise UsageError("is of one lead, not of many", place="--value", hint="close those leads one by one")

    def require_unended(lead: Mapping[str, Any]) -> None:
        if not (lead["stage"] == Stage.CONVERTED and closing.outcome in _ENDS_OF_DEALS):
            require_open(lead)

    with acting(engine, criteria, act) as doing:
        choice = choose(doing, lead_ids, require_unended)
        candidates = count_candidates(doing, choice.leads)
        values: dict[str, Any] = {
            "stage": closing.outcome.value,
            "closed_on": act.as_of,
            "outcome_reason": checked.reason,
            "outcome_said_by": None if closing.said_by is None else closing.said_by.value,
            "worked_here": True,
        }
        if closing.value is not None:
            values |= {"outcome_amount": closing.value.amount, "outcome_currency": closing.value.currency}
        closed = [
            LeadChange(
                lead["id"],
                EventKind.STAGE,
                values,
                old=lead["stage"],
                new=closing.outcome.value,
                reason=checked.reason,
                note=checked.note,
            )
            for lead in choice.leads
        ]
        qualified = {
            lead["id"]: {"qualified_on": act.as_of, "qualified_by": act.by}
            for lead in choice.leads
            if closing.outcome in QUALIFIED_STAGES and lead["qualified_on"] is None
        }
        doing.record([*closed, *_tell_qualified(qualified, act)])
    warnings = () if not candidates else (_warn_of_candidates(candidates),)
    leads = tuple({**lead, **values, **qualified.get(lead["id"], {})} for lead in choice.leads)
    return Changed(leads, choice.left_out, warnings)


def _tell_qualified(qualified: Mapping[int, Mapping[str, Any]], act: Act) -> Iterator[LeadChange]:
    for lead_id, values in qualified.items():
        yield LeadChange(lead_id, EventKind.QUALIFIED, values, field="qualified_by", new=act.by)


def check_closing(criteria: Criteria, closing: Closing) -> Closing:
    """Return a closing with its reason as it is stored.

    Raises:
        UsageError: no outcome, a lost lead without a reason, one that nobody knows, somebody who gave none.
    """
    if closing.outcome not in OUTCOMES:
        raise UsageError(f"{closing.outcome} is no outcome", hint=f"one of {', '.join(OUTCOMES)}")
    if closing.reason is None:
        if closing.outcome is Stage.LOST:
            raise UsageError("a lost lead needs a reason", place="--reason", hint="such as --reason price")
        if closing.said_by is not None:
            raise UsageError("says who gave a reason, and there is none", place="--said-by", hint="add --reason")
        return closing
    return replace(closing, reason=check_reason(criteria, closing.reason))


def reopen(
    engine: Engine, criteria: Criteria, act: Act, lead_id: int, reason: str | None = None, note: str | None = None
) -> Changed:
    """Bring a closed lead back to the stage that it had before it was closed, or a parked one before its day.

    Its outcome is cleared, and its shelf life starts anew.

    Raises:
        LeadtriageError: the lead is open, or junk, which a review decided; or it was merged or taken back.
        UsageError: the reason is none.
    """
    word = None if reason is None else check_reason(criteria, reason)
    with acting(engine, criteria, act) as doing:
        lead = doing.read_lead(lead_id)
        if lead["stage"] == Stage.JUNK:
            hint = f"bring it back with: leadtriage junk --restore {lead_id}"
            raise LeadtriageError("a review has called it junk", place=f"lead {lead_id}", hint=hint)
        if lead["stage"] in OPEN_STAGES and not is_parked(lead, act.as_of):
            raise LeadtriageError(f"it is open: {lead['stage']}", place=f"lead {lead_id}")
        stage = find_stage_before(doing.connection, lead)
        values: dict[str, Any] = {"stage": stage.value, "shelf_from": act.as_of}
        if lead["stage"] == Stage.NURTURE:
            values |= {"nurture_until": None, "nurture_reason": None, "parked_on": None}
        else:
            values |= dict.fromkeys(
                (
                    "closed_on",
                    "outcome_reason",
                    "outcome_said_by",
                    "outcome_amount",
                    "outcome_currency",
                )
            )
        moved = {"old": lead["stage"], "new": stage.value, "reason": word, "note": note}
        doing.record([LeadChange(lead_id, EventKind.STAGE, values, **moved)])
        warnings = () if not count_candidates(doing, [lead]) else (_STILL_CANDIDATE,)
    return Changed(({**lead, **values},), warnings=warnings)


_STILL_CANDIDATE = "it is a junk candidate again, and stays one until it is reviewed"


def find_stage_before(connection: Connection, lead: Mapping[str, Any]) -> Stage:
    """Return the open stage that a lead had before it was closed, or parked if it is: as the history has it.

    One that came in so was contacted (`working`) or not (`new`).
    """
    event = table(Event)
    undoing = event.alias("undoing")
    was_undone = (
        select(undoing.c.id).where(undoing.c.lead_id == event.c.lead_id, undoing.c.undoes == event.c.act).exists()
    )
    stages = [stage for stage in OPEN_STAGES if stage != lead["stage"]]
    last = (
        select(event.c.old)
        .where(
            event.c.lead_id == lead["id"],
            event.c.kind == EventKind.STAGE,
            event.c.old.in_(stages),
            event.c.new.not_in(stages),
            ~was_undone,
        )
        .order_by(event.c.id.desc())
        .limit(1)
    )
    found = connection.execute(last).scalar()
    if found is not None and not (found == Stage.NURTURE and lead["nurture_until"] is None):
        return Stage(found)
    return Stage.NEW if lead["last_touch_on"] is None else Stage.WORKING


def _warn_of_candidates(count: int) -> str:
    who = "a junk candidate was" if count == 1 else f"{count:,} junk candidates were"
    return f"{who} closed that nobody has reviewed"
