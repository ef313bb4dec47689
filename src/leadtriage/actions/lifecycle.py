"""Adds one lead by hand: an import of a single row, so that it is read, matched, told and undone like any other.

Closes leads with an outcome, and brings closed or parked ones back. Junk is a review's to say, and to take back.

Parks leads until a day, from which on they are in the queue by themselves. Listing them is `reports.nurture`'s.

A person's word that a lead is qualified, or is not. What the score says is `scoring.moves`'.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, select

from leadtriage.actions.review import check_reason
from leadtriage.actions.unit_of_work import (
    Changed,
    LeadChange,
    count_candidates,
    require_open,
    select_changeable,
    unit_of_work,
)
from leadtriage.core.context import Act
from leadtriage.core.errors import LeadtriageError, UsageError
from leadtriage.core.vocabulary import OPEN_STAGES, OUTCOMES, QUALIFIED_STAGES, EventKind, SaidBy, Stage
from leadtriage.criteria import Criteria
from leadtriage.db import Event, ImportRow, reading, table
from leadtriage.importing import BY_HAND, DATE_FIELDS, ImportOptions, ImportSummary, import_file
from leadtriage.importing.normalize import Money, NotRecognized, is_ambiguous_date, parse_exact_money
from leadtriage.importing.parse import ReadOptions


@dataclass(frozen=True, slots=True)
class AddedLead:
    """What became of it: `outcome` is created, updated or unchanged; `batch` takes it back."""

    id: int
    outcome: str
    batch: int
    warnings: tuple[str, ...]


def add_lead(engine: Engine, values: Mapping[str, str], options: ImportOptions, act: Act) -> AddedLead:
    """Add a lead, or complete the one that these keys already lead to.

    Args:
        values: by the names that a file's column may be mapped to.

    Raises:
        LeadtriageError: nothing among the values identifies a lead.
        UsageError: there is no such field, or a date may be day or month first.
    """
    for field in DATE_FIELDS:
        if is_ambiguous_date(values.get(field, "")):
            raise UsageError(
                f"{values[field]!r} may be day or month first", hint="write it as year-month-day: 2026-11-20"
            )
    written = io.StringIO()
    csv.writer(written).writerows([list(values), list(values.values())])
    how = replace(
        options,
        read=ReadOptions(encoding="utf-8", delimiter=",", quote='"', escape='"', header_rows=1, skip_rows=0),
        overrides={field: field for field in values},
        system=options.system or "hand",
    )

    def run(dry_run: bool) -> ImportSummary:
        stream = io.BytesIO(written.getvalue().encode())
        return import_file(engine, None, replace(how, dry_run=dry_run), act, stream=stream, name=BY_HAND)

    tried = run(dry_run=True)
    if tried.rejects:
        raise LeadtriageError(tried.rejects[0].reason, hint="give at least --name, --company, --email or --phone")
    summary = run(dry_run=False)
    assert summary.batch is not None
    rows = table(ImportRow)
    with reading(engine) as connection:
        lead_id = connection.execute(select(rows.c.lead_id).where(rows.c.batch_id == summary.batch)).scalar_one()
    outcome = "created" if summary.created else "updated" if summary.updated else "unchanged"
    return AddedLead(lead_id, outcome, summary.batch, summary.warnings)


@dataclass(frozen=True, slots=True)
class Snooze:
    """Until which day leads are parked, and why; the day is later than the act's."""

    until: date
    reason: str
    note: str | None = None


def snooze_leads(engine: Engine, criteria: Criteria, act: Act, lead_ids: Sequence[int], parking: Snooze) -> Changed:
    """Park leads, or move the day of those that are parked; each gets its own line in the history.

    Of a lead whose day has not come yet the contact interval goes on from where it was; else it begins today.

    Raises:
        LeadtriageError: it is one lead, and it is closed, merged or taken back; of many, none is open.
        UsageError: the day has come already, or the reason is none.
    """
    checked = check_snooze(criteria, act, parking)
    with unit_of_work(engine, criteria, act) as work:
        choice = select_changeable(work, lead_ids, require_open)
        done: list[tuple[Mapping[str, Any], LeadChange]] = []
        for lead in choice.leads:
            values: dict[str, Any] = {
                "stage": Stage.NURTURE.value,
                "nurture_until": checked.until,
                "nurture_reason": checked.reason,
            }
            if not is_snoozed(lead, act.as_of) or lead["parked_on"] is None:
                values["parked_on"] = act.as_of
            done.append((lead, _tell(lead, values, checked)))
        work.record([change for _, change in done])
        candidates = count_candidates(work, choice.leads)
    warnings = () if not candidates else (_warn_of_parked_candidates(candidates),)
    return Changed(tuple({**lead, **change.values} for lead, change in done), choice.left_out, warnings)


def check_snooze(criteria: Criteria, act: Act, parking: Snooze) -> Snooze:
    """Return a parking with its reason as it is stored.

    Raises:
        UsageError: the day has come already, or the reason is none.
    """
    if parking.until <= act.as_of:
        raise UsageError(f"{parking.until} is not later than today, {act.as_of}", place="--until")
    return replace(parking, reason=check_reason(criteria, parking.reason))


def is_snoozed(lead: Mapping[str, Any], today: date) -> bool:
    """Whether a lead is parked and its day has not come yet."""
    return lead["stage"] == Stage.NURTURE and not has_returned(lead, today)


def has_returned(lead: Mapping[str, Any], today: date) -> bool:
    """Whether the day of a parked lead has come, so that it is in the queue."""
    return lead["stage"] == Stage.NURTURE and lead["nurture_until"] is not None and lead["nurture_until"] <= today


def _tell(lead: Mapping[str, Any], values: Mapping[str, Any], parking: Snooze) -> LeadChange:
    why = {"reason": parking.reason, "note": parking.note}
    if lead["stage"] == Stage.NURTURE:
        before = lead["nurture_until"]
        days = {"old": None if before is None else before.isoformat(), "new": parking.until.isoformat()}
        return LeadChange(lead["id"], EventKind.FIELD, values, field="nurture_until", **days, **why)
    return LeadChange(lead["id"], EventKind.STAGE, values, old=lead["stage"], new=Stage.NURTURE.value, **why)


def _warn_of_parked_candidates(count: int) -> str:
    if count == 1:
        return "a junk candidate is among them, and stays one until it is reviewed"
    return f"{count:,} junk candidates are among them, and stay so until they are reviewed"


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
    except NotRecognized as error:
        raise UsageError(
            f"{text!r} is no sum of money: {error}", place=place, hint="such as 12000 or 12000EUR"
        ) from error
    if value is None or value.amount < 0:
        below = "" if value is None else ": it is below 0"
        raise UsageError(f"{text!r} is no sum of money{below}", place=place, hint="such as 12000 or 12000EUR")
    return value


def close_leads(engine: Engine, criteria: Criteria, act: Act, lead_ids: Sequence[int], closing: Closing) -> Changed:
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

    with unit_of_work(engine, criteria, act) as work:
        choice = select_changeable(work, lead_ids, require_unended)
        candidates = count_candidates(work, choice.leads)
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
        work.record([*closed, *_tell_qualified(qualified, act)])
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


def reopen_lead(
    engine: Engine, criteria: Criteria, act: Act, lead_id: int, reason: str | None = None, note: str | None = None
) -> Changed:
    """Bring a closed lead back to the stage that it had before it was closed, or a parked one before its day.

    Its outcome is cleared, and its shelf life starts anew.

    Raises:
        LeadtriageError: the lead is open, or junk, which a review decided; or it was merged or taken back.
        UsageError: the reason is none.
    """
    word = None if reason is None else check_reason(criteria, reason)
    with unit_of_work(engine, criteria, act) as work:
        lead = work.read_lead(lead_id)
        if lead["stage"] == Stage.JUNK:
            hint = f"bring it back with: leadtriage junk --restore {lead_id}"
            raise LeadtriageError("a review has called it junk", place=f"lead {lead_id}", hint=hint)
        if lead["stage"] in OPEN_STAGES and not is_snoozed(lead, act.as_of):
            raise LeadtriageError(f"it is open: {lead['stage']}", place=f"lead {lead_id}")
        stage = find_stage_before(work.connection, lead)
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
        work.record([LeadChange(lead_id, EventKind.STAGE, values, **moved)])
        warnings = () if not count_candidates(work, [lead]) else (_STILL_CANDIDATE,)
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


_BY = {"score": "its score", "crm": "the CRM's status"}


def qualify_lead(engine: Engine, criteria: Criteria, act: Act, lead_id: int, reason: str) -> Changed:
    """Mark a lead as qualified by `act.by`, whatever its score.

    Args:
        reason: in the person's own words; the history keeps it as the note, since it is no word of the list.

    Raises:
        LeadtriageError: it is closed, merged or taken back, or qualified already.
        UsageError: no reason.
    """
    return _say(engine, criteria, act, lead_id, reason, is_qualified=True)


def disqualify_lead(engine: Engine, criteria: Criteria, act: Act, lead_id: int, reason: str) -> Changed:
    """Take back that a lead is qualified, whoever or whatever said so.

    Neither the score nor the CRM qualifies it again until something new is learned of it: a field or its status that
    changes after this.

    Raises:
        LeadtriageError: it is closed, merged or taken back, or not qualified.
        UsageError: no reason.
    """
    return _say(engine, criteria, act, lead_id, reason, is_qualified=False)


def _say(engine: Engine, criteria: Criteria, act: Act, lead_id: int, reason: str, *, is_qualified: bool) -> Changed:
    why = " ".join(reason.split())
    if not why:
        raise UsageError("this needs a reason", place="--reason", hint="say in a few words why")
    with unit_of_work(engine, criteria, act) as work:
        lead = work.read_lead(lead_id)
        require_open(lead)
        if (lead["qualified_on"] is not None) == is_qualified:
            raise LeadtriageError(_say_standing(lead), place=f"lead {lead_id}")
        values: dict[str, Any] = {
            "qualified_on": act.as_of if is_qualified else None,
            "qualified_by": act.by if is_qualified else None,
        }
        told = {"field": "qualified_by", "old": lead["qualified_by"], "new": values["qualified_by"], "note": why}
        work.record([LeadChange(lead_id, EventKind.QUALIFIED, values, **told)])
        is_candidate = count_candidates(work, [lead]) > 0
    warning = f"lead {lead_id} is a junk candidate and stays one until it is reviewed"
    return Changed(({**lead, **values},), warnings=(warning,) if is_candidate else ())


def _say_standing(lead: Mapping[str, Any]) -> str:
    if lead["qualified_on"] is None:
        return "it is not qualified"
    by = lead["qualified_by"]
    return f"it is qualified since {lead['qualified_on']}, by {_BY.get(by, by)}"
