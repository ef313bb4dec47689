"""Which leads an act of the command line means: one by its name, or many by the options of lists, after a question."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from leadtriage.cli.dialogue import confirm
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.selection import USUAL_LIMIT, Selection
from leadtriage.errors import LeadtriageError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from leadtriage.reports.choosing import Chosen
    from leadtriage.reports.filters import Filters


@contextmanager
def named_lead(invocation: Invocation, name: str) -> Iterator[tuple[Engine, int]]:
    """The database, and the id of the lead that a person named.

    Raises:
        LeadNotFound: no lead answers to the name.
        AmbiguousLead: several do.
    """
    from leadtriage.db.engine import reading
    from leadtriage.db.lookup import resolve_lead

    with invocation.database() as engine:
        with reading(engine) as connection:
            lead_id = resolve_lead(connection, name)
        yield engine, lead_id


def refuse_filters(selection: Selection) -> None:
    """Raise where options choose leads although one is named.

    Raises:
        UsageError: they do.
    """
    if selection.is_narrowed:
        raise UsageError("one lead is named, and options choose others", hint="give a lead, or such options, not both")


def choose_many(invocation: Invocation, selection: Selection, filters: Filters, question: str, *, yes: bool) -> Chosen:
    """Find the leads that options choose, and ask whether an act on all of them is meant.

    Args:
        question: what would be done, with `{}` in the place of how many leads.
        yes: nobody is to be asked.

    Raises:
        UsageError: no option chooses leads, or nobody can be asked.
        LeadtriageError: no open lead is chosen, or the answer was no.
    """
    from leadtriage.reports.choosing import choose_leads
    from leadtriage.reports.emptiness import explain_names
    from leadtriage.words import count_of

    if not selection.is_narrowed:
        raise UsageError(
            "which leads?", hint="name one, or choose many with options such as --owner, --source, --stage"
        )
    if selection.everything or selection.limit != USUAL_LIMIT:
        raise UsageError("is for lists: an act is on all leads that are chosen", place="--limit, --all")
    with invocation.reading() as connection:
        chosen = choose_leads(connection, filters)
        unknown = () if chosen.open else explain_names(connection, filters)
    if unknown:
        raise LeadtriageError(f"these options choose no open lead: {', and '.join(unknown)}")
    if not chosen.open:
        closed = f"; {count_of(chosen.closed, 'closed one')} would be left out" if chosen.closed else ""
        raise LeadtriageError(f"these options choose no open lead{closed}", hint="see: leadtriage leads")
    besides = f" ({count_of(chosen.closed, 'closed one')} left out)" if chosen.closed else ""
    asked = question.format(count_of(len(chosen.open), "lead"))
    confirm(f"{asked[0].upper()}{asked[1:]}{besides}?", yes=yes, hint="to do it without a question, add --yes")
    return chosen
