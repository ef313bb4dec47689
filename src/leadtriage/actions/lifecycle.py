"""Move leads between stages: add, snooze, close, reopen and qualify them. Junk is for `review` and `flag`."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, select

from leadtriage.actions.review import check_reason
from leadtriage.actions.undo import was_undone
from leadtriage.actions.unit_of_work import Changed, LeadChange, require_open, unit_of_work
from leadtriage.core.context import Act
from leadtriage.core.errors import LeadtriageError, UsageError
from leadtriage.core.vocabulary import OPEN_STAGES, OUTCOMES, QUALIFIED_STAGES, EventKind, SaidBy, Stage
from leadtriage.criteria import Criteria
from leadtriage.db import Event, ImportRow, reading, table
from leadtriage.importing import BY_HAND, DATE_FIELDS, ImportOptions, ImportSummary, import_file
from leadtriage.importing.normalize import Money, NotRecognized, is_ambiguous_date, parse_exact_money
from leadtriage.importing.parse import ReadOptions

CLEARED_SNOOZE: Mapping[str, None] = dict.fromkeys(("nurture_until", "nurture_reason", "parked_on"))
"""The columns of `lead` that a snooze sets, emptied."""

_OUTCOME_COLUMNS = ("closed_on", "outcome_reason", "outcome_said_by", "outcome_amount", "outcome_currency")
_QUALIFIED_BY = {"score": "its score", "crm": "the CRM's status"}


@dataclass(frozen=True, slots=True)
class AddedLead:
    """The result of adding a lead: `outcome` is created, updated or unchanged; `batch` is the import to undo."""

    id: int
    outcome: str
    batch: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snooze:
    """The day on which snoozed leads return to the queue, and why they wait."""

    until: date
    reason: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """How leads ended.

    Attributes:
        outcome: `won`, `lost` or `converted`.
        reason: needed for `lost`.
        said_by: who gave the reason.
        value: the value of the deal; None keeps the known one.
    """

    outcome: Stage
    reason: str | None = None
    said_by: SaidBy | None = None
    value: Money | None = None
    note: str | None = None


def add_lead(engine: Engine, values: Mapping[str, str], options: ImportOptions, act: Act) -> AddedLead:
    """Add a lead, or update the one that has these keys, through an import of one row.

    Args:
        values: by the names that a file's column may be mapped to.

    Raises:
        LeadtriageError: no value identifies a lead.
        UsageError: a field does not exist, or a date may be day or month first.
    """
    for field in DATE_FIELDS:
        if is_ambiguous_date(values.get(field, "")):
            raise UsageError(f'ambiguous date "{values[field]}"', hint="write it as year-month-day: 2026-11-20")
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


def snooze_leads(engine: Engine, criteria: Criteria, act: Act, lead_ids: Sequence[int], snooze: Snooze) -> Changed:
    """Snooze open leads, or move the day of snoozed ones.

    The contact interval of a lead that is still snoozed continues; else it begins today.

    Raises:
        LeadtriageError: the only lead is closed or hidden; of many, none is open.
        UsageError: the day is not in the future, or the reason is unknown.
    """
    checked = check_snooze(criteria, act, snooze)
    why = {"reason": checked.reason, "note": checked.note}
    with unit_of_work(engine, criteria, act) as work:
        leads, left_out = work.read_changeable(lead_ids, require_open)
        changes = []
        for lead in leads:
            values: dict[str, Any] = {
                "stage": Stage.NURTURE.value,
                "nurture_until": checked.until,
                "nurture_reason": checked.reason,
            }
            if not is_snoozed(lead, act.as_of) or lead["parked_on"] is None:
                values["parked_on"] = act.as_of
            if lead["stage"] == Stage.NURTURE:
                old = None if lead["nurture_until"] is None else lead["nurture_until"].isoformat()
                days = {"field": "nurture_until", "old": old, "new": checked.until.isoformat()}
                changes.append(LeadChange(lead["id"], EventKind.FIELD, values, **days, **why))
            else:
                stages = {"old": lead["stage"], "new": Stage.NURTURE.value}
                changes.append(LeadChange(lead["id"], EventKind.STAGE, values, **stages, **why))
        work.record(changes)
        warnings = work.warn_of_candidates(leads)
    changed = tuple({**lead, **change.values} for lead, change in zip(leads, changes, strict=True))
    return Changed(changed, left_out, warnings)


def check_snooze(criteria: Criteria, act: Act, snooze: Snooze) -> Snooze:
    """Return a snooze with its reason in the stored form.

    Raises:
        UsageError: the day is not in the future, or the reason is unknown.
    """
    if snooze.until <= act.as_of:
        raise UsageError(f"{snooze.until} is not later than today, {act.as_of}", place="--until")
    return replace(snooze, reason=check_reason(criteria, snooze.reason))


def is_snoozed(lead: Mapping[str, Any], today: date) -> bool:
    """Whether a lead is in nurture and its day has not come yet."""
    return lead["stage"] == Stage.NURTURE and not has_returned(lead, today)


def has_returned(lead: Mapping[str, Any], today: date) -> bool:
    """Whether a lead is in nurture and its day has come, so that it is in the queue."""
    return lead["stage"] == Stage.NURTURE and lead["nurture_until"] is not None and lead["nurture_until"] <= today


def close_leads(engine: Engine, criteria: Criteria, act: Act, lead_ids: Sequence[int], closing: Closing) -> Changed:
    """Close open leads; converted ones can still be won or lost.

    Won and converted leads are qualified: by `act.by`, unless they were qualified before.

    Raises:
        LeadtriageError: the only lead is closed or hidden; of many, none is open.
        UsageError: see `check_closing`; or many leads have one value.
    """
    checked = check_closing(criteria, closing)
    if checked.value is not None and len(lead_ids) > 1:
        raise UsageError("a value is for one lead, not for many", place="--value", hint="close these leads one by one")

    def require_closable(lead: Mapping[str, Any]) -> None:
        if not (lead["stage"] == Stage.CONVERTED and closing.outcome in (Stage.WON, Stage.LOST)):
            require_open(lead)

    is_qualified = closing.outcome in QUALIFIED_STAGES
    qualified = {"qualified_on": act.as_of, "qualified_by": act.by}
    with unit_of_work(engine, criteria, act) as work:
        leads, left_out = work.read_changeable(lead_ids, require_closable)
        warnings = work.warn_of_candidates(leads)
        values: dict[str, Any] = {
            "stage": closing.outcome.value,
            "closed_on": act.as_of,
            "outcome_reason": checked.reason,
            "outcome_said_by": None if closing.said_by is None else closing.said_by.value,
            "worked_here": True,
        }
        if closing.value is not None:
            values |= {"outcome_amount": closing.value.amount, "outcome_currency": closing.value.currency}
        why = {"new": closing.outcome.value, "reason": checked.reason, "note": checked.note}
        closed = [LeadChange(lead["id"], EventKind.STAGE, values, old=lead["stage"], **why) for lead in leads]
        newly = {lead["id"] for lead in leads if is_qualified and lead["qualified_on"] is None}
        by = {"field": "qualified_by", "new": act.by}
        work.record(
            [*closed, *(LeadChange(lead_id, EventKind.QUALIFIED, qualified, **by) for lead_id in sorted(newly))]
        )
    changed = tuple({**lead, **values, **(qualified if lead["id"] in newly else {})} for lead in leads)
    return Changed(changed, left_out, warnings)


def check_closing(criteria: Criteria, closing: Closing) -> Closing:
    """Return a closing with its reason in the stored form.

    Raises:
        UsageError: the outcome is invalid, a lost lead has no reason, the reason is unknown, or `said_by` has none.
    """
    if closing.outcome not in OUTCOMES:
        raise UsageError(f'unknown outcome "{closing.outcome}"', hint=f"use one of {', '.join(OUTCOMES)}")
    if closing.reason is None:
        if closing.outcome is Stage.LOST:
            raise UsageError("a lost lead needs a reason", place="--reason", hint="such as --reason price")
        if closing.said_by is not None:
            raise UsageError("there is no reason that somebody gave", place="--said-by", hint="add --reason")
        return closing
    return replace(closing, reason=check_reason(criteria, closing.reason))


def parse_value(text: str, criteria: Criteria, *, place: str = "--value") -> Money:
    """Parse the value of a deal, such as "12000" or "12k EUR"; the default currency is that of the criteria.

    Raises:
        UsageError: the text is not an amount of money.
    """
    try:
        value = parse_exact_money(text.strip(), criteria.currency)
        why = "" if value is None else "it is below 0"
    except NotRecognized as error:
        value, why = None, str(error)
    if value is None or value.amount < 0:
        problem = f'not an amount of money: "{text}"'
        raise UsageError(f"{problem}: {why}" if why else problem, place=place, hint="such as 12000 or 12000EUR")
    return value


def reopen_lead(
    engine: Engine, criteria: Criteria, act: Act, lead_id: int, reason: str | None = None, note: str | None = None
) -> Changed:
    """Return a closed lead to its stage before, or a snoozed one to the queue.

    This clears the outcome and restarts the shelf life.

    Raises:
        LeadtriageError: the lead is open, hidden, or junk by a review.
        UsageError: the reason is unknown.
    """
    word = None if reason is None else check_reason(criteria, reason)
    with unit_of_work(engine, criteria, act) as work:
        lead = work.read_lead(lead_id)
        if lead["stage"] == Stage.JUNK:
            hint = f"restore it: leadtriage junk --restore {lead_id}"
            raise LeadtriageError("a review called it junk", place=f"lead {lead_id}", hint=hint)
        if lead["stage"] in OPEN_STAGES and not is_snoozed(lead, act.as_of):
            raise LeadtriageError(f"it is open: {lead['stage']}", place=f"lead {lead_id}")
        stage = find_stage_before(work.connection, lead)
        cleared = CLEARED_SNOOZE if lead["stage"] == Stage.NURTURE else dict.fromkeys(_OUTCOME_COLUMNS)
        values = {"stage": stage.value, "shelf_from": act.as_of, **cleared}
        stages = {"old": lead["stage"], "new": stage.value, "reason": word, "note": note}
        work.record([LeadChange(lead_id, EventKind.STAGE, values, **stages)])
        return Changed(({**lead, **values},), warnings=work.warn_of_candidates([lead]))


def find_stage_before(connection: Connection, lead: Mapping[str, Any]) -> Stage:
    """Return the open stage that a lead had before it was closed or snoozed.

    A lead that was imported in its stage was contacted (`working`) or not (`new`).
    """
    event = table(Event)
    stages = [stage for stage in OPEN_STAGES if stage != lead["stage"]]
    last = select(event.c.old).where(
        event.c.lead_id == lead["id"],
        event.c.kind == EventKind.STAGE,
        event.c.old.in_(stages),
        event.c.new.not_in(stages),
        ~was_undone(event),
    )
    found = connection.execute(last.order_by(event.c.id.desc()).limit(1)).scalar()
    # A lead without its day would never come back from nurture; a junk lead returns to where it was.
    is_lost = found == Stage.NURTURE and lead["nurture_until"] is None and lead["stage"] != Stage.JUNK
    if found is not None and not is_lost:
        return Stage(found)
    return Stage.NEW if lead["last_touch_on"] is None else Stage.WORKING


def qualify_lead(engine: Engine, criteria: Criteria, act: Act, lead_id: int, reason: str) -> Changed:
    """Mark a lead as qualified by `act.by`, whatever its score.

    Args:
        reason: in the person's own words; the event keeps it as its note.

    Raises:
        LeadtriageError: the lead is closed, hidden or qualified already.
        UsageError: the reason is empty.
    """
    return _set_qualified(engine, criteria, act, lead_id, reason=reason, by=act.by)


def disqualify_lead(engine: Engine, criteria: Criteria, act: Act, lead_id: int, reason: str) -> Changed:
    """Mark a lead as not qualified, until a field or its CRM status changes.

    Raises:
        LeadtriageError: the lead is closed, hidden or not qualified.
        UsageError: the reason is empty.
    """
    return _set_qualified(engine, criteria, act, lead_id, reason=reason, by=None)


def _set_qualified(
    engine: Engine, criteria: Criteria, act: Act, lead_id: int, *, reason: str, by: str | None
) -> Changed:
    why = " ".join(reason.split())
    if not why:
        raise UsageError("the reason is empty", place="--reason", hint="say in a few words why")
    with unit_of_work(engine, criteria, act) as work:
        lead = work.read_lead(lead_id)
        require_open(lead)
        if by is None and lead["qualified_on"] is None:
            raise LeadtriageError("it is not qualified", place=f"lead {lead_id}")
        if by is not None and lead["qualified_on"] is not None:
            who = _QUALIFIED_BY.get(lead["qualified_by"], lead["qualified_by"])
            message = f"it has been qualified since {lead['qualified_on']}, by {who}"
            raise LeadtriageError(message, place=f"lead {lead_id}")
        values = {"qualified_on": None if by is None else act.as_of, "qualified_by": by}
        names = {"field": "qualified_by", "old": lead["qualified_by"], "new": by, "note": why}
        work.record([LeadChange(lead_id, EventKind.QUALIFIED, values, **names)])
        return Changed(({**lead, **values},), warnings=work.warn_of_candidates([lead]))
