"""The commands of whoever works the leads: touch, nurture, close, reopen, qualify.

What the commands of whoever works the leads show of the leads that they changed: small tables of plain values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadtriage.cli.commands.lists import MORE
from leadtriage.cli.framework.command import add_command
from leadtriage.cli.framework.context import Invocation
from leadtriage.cli.framework.options import PAGE, Selection, choose_many, filters_with, named_lead, refuse_filters
from leadtriage.core.errors import UsageError
from leadtriage.core.tables import Cell, Column, Table
from leadtriage.core.vocabulary import OUTCOMES, SaidBy, Stage, TouchKind

if TYPE_CHECKING:
    from leadtriage.actions import Changed, Contact


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(
        app,
        "touch",
        examples=(
            "leadtriage touch 12 call --next friday",
            "leadtriage touch anna@example.com email --answered --note 'wants an offer'",
        ),
    )(log_contact)
    add_command(
        app,
        "nurture",
        selects=(*filters_with(until=_CAME_UNTIL, reason=_WITH_REASON), *PAGE),
        examples=(
            "leadtriage nurture",
            "leadtriage nurture --due",
            "leadtriage nurture 12 --until 3w --reason bad_timing",
            "leadtriage nurture --until 6w --reason no_budget --source Webinar --grade C",
        ),
    )(nurture)
    add_command(
        app,
        "close",
        selects=filters_with(reason=_WITH_REASON),
        examples=(
            "leadtriage close 12 won --value 12000EUR",
            "leadtriage close anna@example.com lost --reason price --said-by lead",
            "leadtriage close lost --reason unreachable --owner Sam --until 2025-12-31",
        ),
    )(close)
    add_command(app, "reopen", examples=("leadtriage reopen 12 --reason bad_data",))(reopen)
    add_command(
        app,
        "qualify",
        examples=(
            "leadtriage qualify 12 --reason 'budget confirmed on the phone'",
            "leadtriage qualify 12 --not --reason 'was a student'",
        ),
    )(qualify)


_WHO = (
    Column("id", "Id", keep=95, align="right"),
    Column("name", "Name", keep=90),
    Column("company", "Company", keep=60),
)
_STAGE = Column("stage", "Stage", keep=85)


@dataclass(frozen=True, slots=True)
class Shown:
    """What an act shows: its heading, and columns with the attributes of a lead that they show."""

    title: str
    columns: Mapping[Column, str]


PARKED = Shown(
    "Parked",
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
        Column("said_by", "Said by", keep=50): "outcome_said_by",
        Column("value", "Value", keep=65, align="right"): "outcome_amount",
        Column("currency", "Currency", keep=64): "outcome_currency",
    },
)
REOPENED = Shown("Reopened", {_STAGE: "stage"})
QUALIFIED = Shown(
    "Qualified",
    {
        Column("qualified", "Qualified", keep=88): "qualified_on",
        Column("qualified_by", "By", keep=80): "qualified_by",
    },
)
NOT_QUALIFIED = Shown("No longer qualified", QUALIFIED.columns)

_OF_MANY = ("stage", "until", "closed_on", "reason", "said_by")
_COUNTS = (Column("leads", "Leads", keep=100, align="right"), Column("left_out", "Left out", keep=90, align="right"))


def show_lead(invocation: Invocation, shown: Shown, lead: Mapping[str, Any]) -> None:
    """Show one lead that was changed."""
    row = {column.key: lead[column.key] for column in _WHO} | _cells(shown.columns, lead)
    invocation.show(Table(shown.title, (*_WHO, *shown.columns), (row,)))


def show_many(invocation: Invocation, shown: Shown, done: Changed, closed: int) -> None:
    """Show how many leads were changed alike, and how many were left out."""
    alike = {column: name for column, name in shown.columns.items() if column.key in _OF_MANY}
    row: dict[str, Cell] = {"leads": len(done.leads), "left_out": done.left_out + closed}
    row |= _cells(alike, done.leads[0])
    invocation.show(Table(shown.title, (*_COUNTS, *alike), (row,)))
    invocation.note(f"take it back with: {invocation.say_undo()}")


def show_touch(invocation: Invocation, lead: Mapping[str, Any], contact: Contact, on: date) -> None:
    """Show a contact that was logged, and what it made of the lead."""
    columns: Sequence[Column] = (
        *_WHO,
        Column("kind", "Contact", keep=88),
        Column("on", "On", keep=70),
        Column("answered", "Answered", keep=80),
        Column("next_touch", "Next", keep=86),
        _STAGE,
        Column("touches", "Touches", keep=50, align="right"),
        Column("unanswered_touches", "Unanswered", keep=49, align="right"),
    )
    known = ("id", "name", "company", "stage", "touches", "unanswered_touches")
    row: dict[str, Cell] = {key: lead[key] for key in known}
    row |= {
        "kind": contact.kind.value,
        "on": on,
        "answered": contact.was_answered,
        "next_touch": lead["next_touch_on"],
    }
    invocation.show(Table("Logged", tuple(columns), (row,)))


def _cells(columns: Mapping[Column, str], lead: Mapping[str, Any]) -> dict[str, Cell]:
    return {column.key: _cell(name, lead) for column, name in columns.items()}


def _cell(name: str, lead: Mapping[str, Any]) -> Cell:
    value: Cell = lead[name]
    if name == "outcome_amount" and value is not None:
        from leadtriage.core.money import whole_units

        return float(whole_units(lead[name], lead["outcome_currency"]))
    return value


_CAME_UNTIL, _WITH_REASON = "--came-until", "--with-reason"
_KINDS = [kind for kind in TouchKind if kind is not TouchKind.UNKNOWN]

Lead = Annotated[str, typer.Argument(help="Our id, an e-mail address, or SYSTEM:ID.", metavar="LEAD")]
Note = Annotated[str | None, typer.Option("--note", help="What the history should say besides.", metavar="TEXT")]
Reason = Annotated[
    str | None, typer.Option("--reason", help="Why: price, no_budget, bad_timing ... or your own.", metavar="WORD")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before changing many leads.")]


def log_contact(
    invocation: Invocation,
    lead: Lead,
    kind: Annotated[str, typer.Argument(help="What it was.", metavar="|".join(_KINDS))],
    answered: Annotated[
        bool | None,
        typer.Option("--answered/--unanswered", help="Whether the lead answered. [default: a meeting, yes; else no]"),
    ] = None,
    note: Note = None,
    next_day: Annotated[
        str | None,
        typer.Option("--next", help="The day promised for the next one: 2026-12-01, friday, 3w.", metavar="DATE"),
    ] = None,
) -> None:
    """Log a contact with a lead.

    It stops the clock of the first touch, keeps an earlier promise, and starts the work on a new lead.
    """
    from leadtriage.actions import Contact, log_contact as log_touch
    from leadtriage.core.dates import parse_future_day

    if kind.lower() not in _KINDS:
        raise UsageError(f"{kind!r} is no kind of contact", hint=f"one of {', '.join(_KINDS)}")
    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    next_on = None if next_day is None else parse_future_day(next_day, act.as_of, place="--next")
    contact = Contact(TouchKind(kind.lower()), answered, note, next_on)
    with named_lead(invocation, lead) as (engine, lead_id):
        done = log_touch(engine, criteria, act, lead_id, contact)
    invocation.warn_all(done.warnings)
    show_touch(invocation, done.leads[0], contact, act.as_of)


def nurture(
    invocation: Invocation,
    selection: Selection,
    lead: Annotated[
        str | None, typer.Argument(help="Our id, an e-mail address, or SYSTEM:ID.", metavar="[LEAD]")
    ] = None,
    until_day: Annotated[
        str | None,
        typer.Option("--until", help="The day it comes back: 2026-12-01, 3w, next monday.", metavar="DATE"),
    ] = None,
    why: Reason = None,
    note: Note = None,
    due: Annotated[bool, typer.Option("--due", help="List only those whose day has come.")] = False,
    yes: Yes = False,
) -> None:
    """Park a lead until a day; without a lead, show the parked ones.

    On its day it is in the queue by itself. The list has those on top whose day has come, then those to be written to.
    With options that choose leads, all of these are parked, after a question.
    """
    if lead is None and until_day is None:
        if why or note or yes:
            raise UsageError("says nothing without a day", place="--reason, --note, --yes", hint="add --until DATE")
        _list_parked(invocation, selection, only_due=due)
        return
    if due:
        raise UsageError("is for the list of parked leads", place="--due", hint="leave out LEAD and --until")
    if until_day is None:
        raise UsageError("until when?", place="--until", hint="such as --until 3w")
    if why is None:
        raise UsageError("parking needs a reason", place="--reason", hint="such as --reason bad_timing")
    from leadtriage.actions import Snooze, check_snooze, snooze_leads
    from leadtriage.core.dates import parse_future_day
    from leadtriage.core.text import format_day

    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    until = parse_future_day(until_day, act.as_of, place="--until")
    parking = check_snooze(criteria, act, Snooze(until, why, note))
    if lead is not None:
        refuse_filters(selection)
        with named_lead(invocation, lead) as (engine, lead_id):
            done = snooze_leads(engine, criteria, act, [lead_id], parking)
        invocation.warn_all(done.warnings)
        show_lead(invocation, PARKED, done.leads[0])
        return
    question = f"park {{}} until {format_day(until)}"
    chosen = choose_many(invocation, selection, selection.filters(act.as_of, until=_CAME_UNTIL), question, yes=yes)
    with invocation.database() as engine:
        done = snooze_leads(engine, criteria, invocation.act(criteria.timezone), chosen.open, parking)
    invocation.warn_all(done.warnings)
    show_many(invocation, PARKED, done, chosen.closed)


def _list_parked(invocation: Invocation, selection: Selection, *, only_due: bool) -> None:
    from leadtriage.reports.lists import list_nurture
    from leadtriage.reports.query import explain_if_empty

    with invocation.reading_list() as (connection, as_of):
        filters = selection.filters(as_of, until=_CAME_UNTIL)
        table = list_nurture(connection, filters, as_of, only_due=only_due, limit=selection.most)
        table = explain_if_empty(connection, table, filters)
    invocation.show(table, more=MORE)


def close(
    invocation: Invocation,
    selection: Selection,
    lead: Annotated[
        str | None,
        typer.Argument(
            help="Our id, an e-mail address, or SYSTEM:ID; none to close many.", metavar="[LEAD]", show_default=False
        ),
    ] = None,
    outcome: Annotated[
        str | None, typer.Argument(help="How it ended.", metavar="|".join(OUTCOMES), show_default=False)
    ] = None,
    why: Reason = None,
    said_by: Annotated[
        SaidBy | None, typer.Option("--said-by", help="Who gave the reason.", metavar="|".join(SaidBy))
    ] = None,
    value: Annotated[
        str | None, typer.Option("--value", help="What it is worth: 12000, 12kEUR.", metavar="MONEY")
    ] = None,
    note: Note = None,
    yes: Yes = False,
) -> None:
    """Close a lead: won, lost or converted.

    A lost one needs a reason. One that was converted may be won or lost later. Without a lead and with options that
    choose leads, all open ones of these are closed, after a question.
    """
    if lead is None:
        raise UsageError("how did it end?", hint=f"write LEAD, or options that choose many, and {'|'.join(OUTCOMES)}")
    named, word = (None, lead) if outcome is None else (lead, outcome)
    if word.lower() not in OUTCOMES:
        raise UsageError(f"{word!r} is no outcome", hint=f"write LEAD, then one of {', '.join(OUTCOMES)}")
    from leadtriage.actions import Closing, check_closing, close_leads, parse_value

    criteria = invocation.criteria()
    worth = None if value is None else parse_value(value, criteria)
    closing = check_closing(criteria, Closing(Stage(word.lower()), why, said_by, worth, note))
    if named is not None:
        refuse_filters(selection)
        with named_lead(invocation, named) as (engine, lead_id):
            done = close_leads(engine, criteria, invocation.act(criteria.timezone), [lead_id], closing)
        invocation.warn_all(done.warnings)
        show_lead(invocation, CLOSED, done.leads[0])
        return
    if worth is not None:
        raise UsageError("is of one lead, not of many", place="--value", hint="close those leads one by one")
    filters = selection.filters(invocation.act(criteria.timezone).as_of)
    chosen = choose_many(invocation, selection, filters, f"close {{}} as {closing.outcome}", yes=yes)
    with invocation.database() as engine:
        done = close_leads(engine, criteria, invocation.act(criteria.timezone), chosen.open, closing)
    invocation.warn_all(done.warnings)
    show_many(invocation, CLOSED, done, chosen.closed)


def reopen(invocation: Invocation, lead: Lead, reason: Reason = None, note: Note = None) -> None:
    """Bring a closed or parked lead back.

    It has the stage again that it had before, and its shelf life starts anew.
    """
    from leadtriage.actions import reopen_lead

    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    with named_lead(invocation, lead) as (engine, lead_id):
        done = reopen_lead(engine, criteria, act, lead_id, reason, note)
    invocation.warn_all(done.warnings)
    show_lead(invocation, REOPENED, done.leads[0])


def qualify(
    invocation: Invocation,
    lead: Lead,
    reason: Annotated[str, typer.Option("--reason", help="Why, in your own words.", metavar="TEXT")],
    is_not: Annotated[bool, typer.Option("--not", help="Take it back that the lead is qualified.")] = False,
) -> None:
    """Say that a lead is qualified, or with --not that it is not.

    After --not its score does not qualify it again before something new is learned of it.
    """
    from leadtriage.actions import disqualify_lead, qualify_lead

    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    say = disqualify_lead if is_not else qualify_lead
    with named_lead(invocation, lead) as (engine, lead_id):
        done = say(engine, criteria, act, lead_id, reason)
    invocation.warn_all(done.warnings)
    show_lead(invocation, NOT_QUALIFIED if is_not else QUALIFIED, done.leads[0])
