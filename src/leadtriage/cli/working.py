"""The commands of whoever works the leads: touch, nurture, close, reopen, qualify."""

from __future__ import annotations

from typing import Annotated

import typer

from leadtriage.cli.choosing import choose_many, named_lead, refuse_filters
from leadtriage.cli.command import add_command
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.lists import MORE
from leadtriage.cli.selection import PAGE, Selection, filters_with
from leadtriage.cli.working_tables import (
    CLOSED,
    NOT_QUALIFIED,
    PARKED,
    QUALIFIED,
    REOPENED,
    show_lead,
    show_many,
    show_touch,
)
from leadtriage.errors import UsageError
from leadtriage.vocabulary import OUTCOMES, SaidBy, Stage, TouchKind

_CAME_UNTIL, _WITH_REASON = "--came-until", "--with-reason"
_KINDS = [kind for kind in TouchKind if kind is not TouchKind.UNKNOWN]

Lead = Annotated[str, typer.Argument(help="Our id, an e-mail address, or SYSTEM:ID.", metavar="LEAD")]
Note = Annotated[str | None, typer.Option("--note", help="What the history should say besides.", metavar="TEXT")]
Reason = Annotated[
    str | None, typer.Option("--reason", help="Why: price, no_budget, bad_timing ... or your own.", metavar="WORD")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before changing many leads.")]


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(
        app,
        "touch",
        examples=(
            "leadtriage touch 12 call --next friday",
            "leadtriage touch anna@example.com email --answered --note 'wants an offer'",
        ),
    )(touch)
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


def touch(
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
    from leadtriage.days import parse_future_day
    from leadtriage.triage.touching import Contact
    from leadtriage.triage.touching import touch as log_touch

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
    from leadtriage.days import parse_future_day
    from leadtriage.triage.parking import Parking, check_parking, park
    from leadtriage.words import say_day

    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    until = parse_future_day(until_day, act.as_of, place="--until")
    parking = check_parking(criteria, act, Parking(until, why, note))
    if lead is not None:
        refuse_filters(selection)
        with named_lead(invocation, lead) as (engine, lead_id):
            done = park(engine, criteria, act, [lead_id], parking)
        invocation.warn_all(done.warnings)
        show_lead(invocation, PARKED, done.leads[0])
        return
    question = f"park {{}} until {say_day(until)}"
    chosen = choose_many(invocation, selection, selection.filters(act.as_of, until=_CAME_UNTIL), question, yes=yes)
    with invocation.database() as engine:
        done = park(engine, criteria, invocation.act(criteria.timezone), chosen.open, parking)
    invocation.warn_all(done.warnings)
    show_many(invocation, PARKED, done, chosen.closed)


def _list_parked(invocation: Invocation, selection: Selection, *, only_due: bool) -> None:
    from leadtriage.reports.emptiness import explain_if_empty
    from leadtriage.reports.nurture import list_nurture

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
    from leadtriage.triage.closing import Closing, check_closing, parse_value
    from leadtriage.triage.closing import close as close_leads

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
    from leadtriage.triage.closing import reopen as reopen_lead

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
    from leadtriage.triage import qualifying

    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    say = qualifying.disqualify if is_not else qualifying.qualify
    with named_lead(invocation, lead) as (engine, lead_id):
        done = say(engine, criteria, act, lead_id, reason)
    invocation.warn_all(done.warnings)
    show_lead(invocation, NOT_QUALIFIED if is_not else QUALIFIED, done.leads[0])
