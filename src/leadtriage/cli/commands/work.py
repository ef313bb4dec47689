"""The commands for working on leads: touch, nurture, close, reopen, qualify."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadtriage.cli.commands.lists import show_list
from leadtriage.cli.framework.command import add_command
from leadtriage.cli.framework.context import Context, Printer
from leadtriage.cli.framework.options import (
    PAGE,
    LeadArgument,
    Note,
    OptionalLead,
    Selection,
    Text,
    Yes,
    argument,
    choice,
    confirm_many,
    filters_with,
    option,
)
from leadtriage.core.errors import UsageError
from leadtriage.core.tables import Cell, Column, Table
from leadtriage.core.vocabulary import OUTCOMES, SaidBy, Stage, TouchKind

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from leadtriage.actions import Changed
    from leadtriage.core.context import Act
    from leadtriage.criteria import Criteria

_KINDS = [kind for kind in TouchKind if kind is not TouchKind.UNKNOWN]
_CAME_UNTIL, _WITH_REASON = "--came-until", "--with-reason"

Reason = Annotated[Text, option("--reason", "Why: price, no_budget, bad_timing ... or a word of your own.", "WORD")]


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(app, "touch", log_contact)
    add_command(app, "nurture", nurture, *filters_with(until=_CAME_UNTIL, reason=_WITH_REASON), *PAGE)
    add_command(app, "close", close, *filters_with(reason=_WITH_REASON))
    add_command(app, "reopen", reopen)
    add_command(app, "qualify", qualify)


LEAD_COLUMNS = (
    Column("id", "Id", keep=95, align="right"),
    Column("name", "Name", keep=90),
    Column("company", "Company", keep=60),
)
_STAGE = Column("stage", "Stage", keep=85)


@dataclass(frozen=True, slots=True)
class Shown:
    """What an act shows: a title, and columns with the attributes of a lead that fill them."""

    title: str
    columns: Mapping[Column, str]


IN_NURTURE = Shown(
    "In nurture",
    {
        _STAGE: "stage",
        Column("until", "Until", keep=88): "nurture_until",
        Column("reason", "Reason", keep=80): "nurture_reason",
    },
)
CLOSED = Shown(
    "Closed",
    {
        _STAGE: "stage",
        Column("closed_on", "On", keep=70): "closed_on",
        Column("reason", "Reason", keep=80): "outcome_reason",
        Column("said_by", "Given by", keep=50): "outcome_said_by",
        Column("value", "Value", keep=65, align="right"): "outcome_amount",
        Column("currency", "Currency", keep=64): "outcome_currency",
    },
)
CONTACTED = Shown(
    "Logged",
    {
        Column("kind", "Contact", keep=88): "kind",
        Column("on", "On", keep=70): "on",
        Column("answered", "Answered", keep=80): "answered",
        Column("next_touch", "Next", keep=86): "next_touch_on",
        _STAGE: "stage",
        Column("touches", "Contacts", keep=50, align="right"): "touches",
        Column("unanswered_touches", "Unanswered", keep=49, align="right"): "unanswered_touches",
    },
)
REOPENED = Shown("Reopened", {_STAGE: "stage"})
QUALIFIED = Shown(
    "Qualified",
    {Column("qualified", "Qualified", keep=88): "qualified_on", Column("qualified_by", "By", keep=80): "qualified_by"},
)
NOT_QUALIFIED = Shown("No longer qualified", QUALIFIED.columns)

_COUNTS = (Column("leads", "Leads", keep=100, align="right"), Column("left_out", "Left out", keep=90, align="right"))
_OF_MANY = ("stage", "until", "closed_on", "reason", "said_by")
"""The columns that are the same for all leads of one act."""


def show_changed(printer: Printer, shown: Shown, done: Changed, **more: Cell) -> None:
    """Print the one lead that was changed.

    Args:
        more: attributes that the lead itself lacks.
    """
    printer.warn(*done.warnings)
    lead = {**done.leads[0], **more}
    row = {column.key: lead[column.key] for column in LEAD_COLUMNS} | _cells(shown.columns, lead)
    printer.show(Table(shown.title, (*LEAD_COLUMNS, *shown.columns), (row,)))


def show_all_changed(context: Context, shown: Shown, done: Changed, closed: int) -> None:
    """Print how many leads were changed and how many left out."""
    context.printer.warn(*done.warnings)
    common = {column: name for column, name in shown.columns.items() if column.key in _OF_MANY}
    row: dict[str, Cell] = {"leads": len(done.leads), "left_out": done.left_out + closed}
    row |= _cells(common, done.leads[0])
    context.printer.show(Table(shown.title, (*_COUNTS, *common), (row,)))
    context.printer.note(f"to undo: `{context.undo_command}`")


def _cells(columns: Mapping[Column, str], lead: Mapping[str, Any]) -> dict[str, Cell]:
    return {column.key: _cell(name, lead) for column, name in columns.items()}


def _cell(name: str, lead: Mapping[str, Any]) -> Cell:
    value: Cell = lead[name]
    if name == "outcome_amount" and value is not None:
        from leadtriage.core.money import whole_units

        return float(whole_units(lead[name], lead["outcome_currency"]))
    return value


def log_contact(
    context: Context,
    lead: LeadArgument,
    kind: Annotated[str, argument("How you contacted the lead.", "|".join(_KINDS))],
    answered: Annotated[
        bool | None,
        option("--answered/--unanswered", "Whether the lead answered. [default: yes for a meeting, else no]"),
    ] = None,
    note: Note = None,
    next_day: Annotated[Text, option("--next", "The day of the next one: 2026-12-01, friday, 3w.", "DATE")] = None,
) -> None:
    """Log a contact with a lead.

    It stops the first-contact clock, fulfils an earlier promise, and sets a new lead to working.

    Examples:
      leadtriage touch 12 call --next friday
      leadtriage touch anna@example.com email --answered --note 'wants an offer'
    """
    from leadtriage.actions import Contact, log_contact
    from leadtriage.core.dates import parse_future_day

    if kind.lower() not in _KINDS:
        words = ", ".join(_KINDS[:-1])
        raise UsageError(f'unknown contact type "{kind}"', hint=f"use {words} or {_KINDS[-1]}")
    today = context.act().as_of
    next_on = None if next_day is None else parse_future_day(next_day, today, place="--next")
    contact = Contact(TouchKind(kind.lower()), answered, note, next_on)
    with context.acting_on(lead) as target:
        done = log_contact(*target, contact)
    show_changed(context.printer, CONTACTED, done, kind=contact.kind.value, on=today, answered=contact.was_answered)


def nurture(
    context: Context,
    selection: Selection,
    lead: OptionalLead = None,
    until_day: Annotated[
        Text, option("--until", "When the lead comes back: 2026-12-01, 3w, next monday.", "DATE")
    ] = None,
    why: Reason = None,
    note: Note = None,
    due: Annotated[bool, option("--due", "List only leads whose day has come.")] = False,
    yes: Yes = False,
) -> None:
    """Snooze a lead until a day, or list the leads in nurture.

    On its day the lead returns to the queue by itself. The list starts with leads that are due, then those to contact.
    With filters instead of a lead, it snoozes all leads that match, after a question.

    Examples:
      leadtriage nurture
      leadtriage nurture --due
      leadtriage nurture 12 --until 3w --reason bad_timing
      leadtriage nurture --until 6w --reason no_budget --source Webinar --grade C
    """
    if lead is None and until_day is None:
        if why or note or yes:
            raise UsageError("requires a day", place="--reason, --note, --yes", hint="add --until DATE")
        from leadtriage.reports.lists import list_nurture

        show_list(context, selection, partial(list_nurture, only_due=due), until=_CAME_UNTIL)
        return
    if due:
        raise UsageError("applies to the list only", place="--due", hint="leave out LEAD and --until")
    if until_day is None:
        raise UsageError("no day given", place="--until", hint="e.g. --until 3w")
    if why is None:
        raise UsageError("no reason given", place="--reason", hint="e.g. --reason bad_timing")
    from leadtriage.actions import Snooze, check_snooze, snooze_leads
    from leadtriage.core.dates import parse_future_day
    from leadtriage.core.text import format_day

    act = context.act()
    until = parse_future_day(until_day, act.as_of, place="--until")
    snooze = check_snooze(context.criteria, act, Snooze(until, why, note))
    action = f"snooze {{}} until {format_day(until)}"
    change = partial(snooze_leads, snooze=snooze)
    _change_leads(context, selection, lead, change, IN_NURTURE, action, yes=yes, until=_CAME_UNTIL)


def _change_leads(
    context: Context,
    selection: Selection,
    lead: str | None,
    change: Callable[[Engine, Criteria, Act, Sequence[int]], Changed],
    shown: Shown,
    action: str,
    *,
    yes: bool,
    until: str = "--until",
) -> None:
    """Change one lead, or all leads that match after a question, and print what was changed."""
    if lead is not None:
        selection.require_none("both a lead and filters given", hint="use one of them")
        with context.acting_on(lead) as (engine, criteria, act, lead_id):
            done = change(engine, criteria, act, [lead_id])
        show_changed(context.printer, shown, done)
        return
    filters = selection.filters(context.act().as_of, until=until)
    chosen = confirm_many(context, selection, filters, action, yes=yes)
    with context.acting() as target:
        done = change(*target, chosen.open)
    show_all_changed(context, shown, done, chosen.closed)


def close(
    context: Context,
    selection: Selection,
    lead: OptionalLead = None,
    outcome: Annotated[
        Text, argument("The outcome; alone, with filters, it closes many.", "|".join(OUTCOMES), show_default=False)
    ] = None,
    why: Reason = None,
    said_by: Annotated[SaidBy | None, choice("--said-by", "Who gave the reason.", SaidBy)] = None,
    value: Annotated[Text, option("--value", "What the deal is worth: 12000, 12kEUR.", "MONEY")] = None,
    note: Note = None,
    yes: Yes = False,
) -> None:
    """Close a lead: won, lost or converted.

    A lost lead needs a reason. A converted one can be won or lost later. With filters instead of a lead, it closes all
    open leads that match, after a question.

    Examples:
      leadtriage close 12 won --value 12000EUR
      leadtriage close anna@example.com lost --reason price --said-by lead
      leadtriage close lost --reason unreachable --owner Sam --until 2025-12-31
    """
    words = "|".join(OUTCOMES)
    if lead is None:
        raise UsageError("no outcome given", hint=f"write LEAD, or filters for many leads, and {words}")
    named, word = (None, lead) if outcome is None else (lead, outcome)
    if word.lower() not in OUTCOMES:
        raise UsageError(f'unknown outcome "{word}"', hint=f"write LEAD, then {words}")
    from leadtriage.actions import Closing, check_closing, close_leads, parse_value

    worth = None if value is None else parse_value(value, context.criteria)
    closing = check_closing(context.criteria, Closing(Stage(word.lower()), why, said_by, worth, note))
    if named is None and worth is not None:
        raise UsageError("applies to one lead only", place="--value", hint="close these leads one by one")
    change = partial(close_leads, closing=closing)
    _change_leads(context, selection, named, change, CLOSED, f"close {{}} as {closing.outcome}", yes=yes)


def reopen(context: Context, lead: LeadArgument, reason: Reason = None, note: Note = None) -> None:
    """Reopen a closed lead, or bring one back from nurture.

    The lead returns to its previous stage, and its shelf life starts again.

    Examples:
      leadtriage reopen 12 --reason bad_data
    """
    from leadtriage.actions import reopen_lead

    with context.acting_on(lead) as target:
        done = reopen_lead(*target, reason, note)
    show_changed(context.printer, REOPENED, done)


def qualify(
    context: Context,
    lead: LeadArgument,
    reason: Annotated[str, option("--reason", "Why, in your own words.", "TEXT")],
    is_not: Annotated[bool, option("--not", "Mark the lead as not qualified.")] = False,
) -> None:
    """Mark a lead as qualified, or with --not as not qualified.

    After --not, its score qualifies the lead again only once something new is known about it.

    Examples:
      leadtriage qualify 12 --reason 'budget confirmed on the phone'
      leadtriage qualify 12 --not --reason 'was a student'
    """
    from leadtriage.actions import disqualify_lead, qualify_lead

    change, shown = (disqualify_lead, NOT_QUALIFIED) if is_not else (qualify_lead, QUALIFIED)
    with context.acting_on(lead) as target:
        done = change(*target, reason)
    show_changed(context.printer, shown, done)
