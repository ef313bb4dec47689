"""The options by which every list is narrowed and cut: which leads, and how many rows.

The options that say how a file is read and understood, where the guesses of `import` and `peek` are wrong.

Which leads an act of the command line means: one by its name, or many by the options of lists, after a question.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from leadtriage.cli.framework.context import Invocation
from leadtriage.cli.framework.terminal import confirm
from leadtriage.core.dates import parse_bound
from leadtriage.core.errors import LeadtriageError, UsageError
from leadtriage.core.vocabulary import DateBasis, Dimension, Grade, Stage

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from leadtriage.criteria import Criteria
    from leadtriage.importing import ImportOptions
    from leadtriage.importing.normalize import DateOrder
    from leadtriage.importing.parse import ReadOptions
    from leadtriage.reports.lists import Chosen
    from leadtriage.reports.query import Filters


USUAL_LIMIT = 50
_PANEL = "Which rows"


def _parameter(name: str, flag: str, annotation: Any, default: Any, help: str, **more: Any) -> inspect.Parameter:
    option = typer.Option(flag, help=help, rich_help_panel=_PANEL, **more)
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=Annotated[annotation, option])


def _parse_grade(text: str) -> Grade:
    """Read a grade in either case; what the command line's own reader says of another is all in lower case."""
    try:
        return Grade(text.strip().upper())
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(Grade)}.") from error


_GRADES: dict[str, Any] = {
    "parser": _parse_grade,
    "autocompletion": lambda: [*Grade],
    "metavar": "|".join(Grade),
}
_STAGES: dict[str, Any] = {"case_sensitive": False, "metavar": "|".join(Stage)}

FILTERS = (
    _parameter("owner", "--owner", str | None, None, "Only leads of this rep; '' for no owner.", metavar="NAME"),
    _parameter("grade", "--grade", list[Grade] | None, None, "Only this grade; may be repeated.", **_GRADES),
    _parameter("source", "--source", str | None, None, "Only leads from this source; '' for unknown.", metavar="NAME"),
    _parameter("campaign", "--campaign", str | None, None, "Only leads of this campaign.", metavar="NAME"),
    _parameter(
        "country", "--country", str | None, None, "Only leads from this country: DE; '' for unknown.", metavar="XX"
    ),
    _parameter("state", "--state", str | None, None, "Only leads from this state; '' for unknown.", metavar="NAME"),
    _parameter("stage", "--stage", list[Stage] | None, None, "Only this stage; may be repeated.", **_STAGES),
    _parameter(
        "since",
        "--since",
        str | None,
        None,
        "Only leads that came in on this day or later: 2026-11-20, yesterday, 7d.",
        metavar="DATE",
    ),
    _parameter("until", "--until", str | None, None, "Only leads that came in on this day or before.", metavar="DATE"),
    _parameter(
        "qualified", "--qualified/--not-qualified", bool | None, None, "Only qualified leads, or only the others."
    ),
    _parameter(
        "reason",
        "--reason",
        str | None,
        None,
        "Only candidates, closed and parked leads with this reason; '' for none given.",
        metavar="WORD",
    ),
)
"""The options that say which leads."""

PERIOD = tuple(each for each in FILTERS if each.name in ("owner", "source", "campaign", "since", "until"))
"""The options of the manager's reports."""

DATED = _parameter(
    "dated",
    "--dated",
    DateBasis,
    DateBasis.CAME_IN,
    "Which day --since and --until are about.",
    case_sensitive=False,
    metavar="|".join(DateBasis),
)

POINTS = _parameter(
    "points",
    "--points",
    Dimension | None,
    None,
    "Only leads that have points for this.",
    case_sensitive=False,
    metavar="|".join(Dimension),
)

PAGE = (
    _parameter("limit", "--limit", int, USUAL_LIMIT, "At most so many rows.", min=1, max=2**31 - 1, metavar="N"),
    _parameter("everything", "--all", bool, False, "All rows."),
)
"""The options that say how many rows."""


def filters_with(**flags: str) -> tuple[inspect.Parameter, ...]:
    """The same options, some under other flags, for a command that needs theirs for itself."""
    return tuple(
        _with_flag(parameter, flags[parameter.name]) if parameter.name in flags else parameter for parameter in FILTERS
    )


def _with_flag(parameter: inspect.Parameter, flag: str) -> inspect.Parameter:
    annotation, option = get_args(parameter.annotation)
    return _parameter(parameter.name, flag, annotation, parameter.default, option.help, metavar=option.metavar)


@dataclass(frozen=True, slots=True)
class Selection:
    """What the options said; a command has the ones that make sense for it, the others stay at their defaults."""

    owner: str | None = None
    grade: list[Grade] | None = None
    source: str | None = None
    campaign: str | None = None
    country: str | None = None
    state: str | None = None
    stage: list[Stage] | None = None
    since: str | None = None
    until: str | None = None
    qualified: bool | None = None
    reason: str | None = None
    dated: DateBasis = DateBasis.CAME_IN
    points: Dimension | None = None
    limit: int = USUAL_LIMIT
    everything: bool = False

    @property
    def most(self) -> int | None:
        """The most rows that are wanted; None for all."""
        return None if self.everything else self.limit

    @property
    def is_narrowed(self) -> bool:
        """Whether any option says which leads."""
        return self != Selection(limit=self.limit, everything=self.everything)

    def filters(self, today: date, *, until: str = "--until") -> Filters:
        """The same as the reports take it.

        Args:
            today: what a day such as `yesterday` counts from.
            until: the flag of that option, for its message.

        Raises:
            UsageError: a day that is none, or a period that ends before it begins.
        """
        from leadtriage.reports.query import Filters

        first = parse_bound(self.since, today, place="--since") if self.since else None
        last = parse_bound(self.until, today, place=until) if self.until else None
        if first is not None and last is not None and first > last:
            raise UsageError(
                f"the period ends before it begins, on {first}", place=f"{until} {last}", hint="name a later day"
            )
        return Filters(
            owner=self.owner,
            grade=tuple(self.grade or ()),
            source=self.source,
            campaign=self.campaign,
            country=self.country,
            state=self.state,
            stage=tuple(self.stage or ()),
            since=first,
            until=last,
            qualified=self.qualified,
            reason=self.reason,
            dated=self.dated,
            points=self.points,
        )


DATE_ORDERS = ("day-first", "month-first")


def _make_parameter(name: str, flag: str, annotation: Any, metavar: str, help: str, **more: Any) -> inspect.Parameter:
    option = typer.Option(flag, help=help, metavar=metavar, **more)
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=None, annotation=Annotated[annotation, option])


DATE_ORDER = _make_parameter(
    "date_order", "--date-order", str | None, "|".join(DATE_ORDERS), "How 03/04/2026 is meant."
)
UNDERSTANDING = (
    _make_parameter(
        "map",
        "--map",
        list[str] | None,
        "FIELD=HEADER",
        "Take this column for this field; may be repeated, remembered.",
    ),
    _make_parameter("region", "--region", str | None, "XX", "Country of phone numbers without a country code: DE."),
    _make_parameter(
        "currency", "--currency", str | None, "CODE", "Currency of sums without a mark; else the criteria's."
    ),
    DATE_ORDER,
    _make_parameter("system", "--system", str | None, "WORD", "The source system whose ids the file has: hubspot."),
    _make_parameter("source", "--source", str | None, "NAME", "Where the leads came from, where no column says so."),
)
"""The options that say what the columns mean."""

READING = (
    _make_parameter("encoding", "--encoding", str | None, "NAME", "The file's encoding: cp1250."),
    _make_parameter("delimiter", "--delimiter", str | None, "CHARACTER", "What stands between cells; tab for a tab."),
    _make_parameter("quote", "--quote", str | None, "CHARACTER", "What stands around cells; '' for nothing."),
    _make_parameter("escape", "--escape", str | None, "CHARACTER", "What stands before a quote inside a quoted cell."),
    _make_parameter(
        "header_rows", "--header-rows", int | None, "N", "How many rows make the header; 0 for none.", min=0
    ),
    _make_parameter("skip_rows", "--skip-rows", int | None, "N", "How many lines stand above the header.", min=0),
    _make_parameter("sheet", "--sheet", str | None, "NAME", "The sheet of a spreadsheet, by name or number."),
    _make_parameter("table", "--table", int | None, "N", "Which table of a file that holds several.", min=1),
)
"""The options that say how the file is written."""


@dataclass(frozen=True, slots=True)
class ImportChoice:
    """What the options said; None where the guess is to hold."""

    map: list[str] | None = None
    region: str | None = None
    currency: str | None = None
    date_order: str | None = None
    system: str | None = None
    source: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    header_rows: int | None = None
    skip_rows: int | None = None
    sheet: str | None = None
    table: int | None = None

    def reading(self) -> ReadOptions:
        """How the file is written, as the importing layer takes it."""
        from leadtriage.importing.parse import ReadOptions

        return ReadOptions(
            encoding=self.encoding,
            delimiter=self.delimiter,
            quote=self.quote,
            escape=self.escape,
            header_rows=self.header_rows,
            skip_rows=self.skip_rows,
            sheet=self.sheet,
            table=self.table,
        )

    def order(self) -> DateOrder | None:
        """The order of day and month that was said.

        Raises:
            UsageError: there is no such order.
        """
        from leadtriage.importing.normalize import DateOrder

        if self.date_order is not None and self.date_order not in DATE_ORDERS:
            raise UsageError(f"{self.date_order!r} is none of {', '.join(DATE_ORDERS)}", place="--date-order")
        return DateOrder(self.date_order) if self.date_order else None

    def options(self, criteria: Criteria | None = None, *, dry_run: bool = False) -> ImportOptions:
        """Everything that was said, with the criteria's word where nothing was and where they are known.

        Raises:
            UsageError: a value that cannot be meant.
        """
        from leadtriage.importing import ImportOptions

        usual = ImportOptions()
        return ImportOptions(
            read=self.reading(),
            overrides=dict(_split_pair(pair) for pair in self.map or ()),
            region=read_region(self.region),
            currency=_currency(self.currency),
            usual_currency=criteria.currency if criteria else usual.usual_currency,
            date_order=self.order(),
            system=self.system,
            source=self.source,
            dry_run=dry_run,
            nurture_days=criteria.follow_up.nurture if criteria else usual.nurture_days,
        )


def _split_pair(pair: str) -> tuple[str, str]:
    field, equals, header = pair.partition("=")
    if not (field.strip() and equals and header.strip()):
        raise UsageError(f"{pair!r} is no FIELD=HEADER", place="--map", hint='write it as --map title="Designation"')
    return field.strip(), header.strip()


def read_region(text: str | None) -> str | None:
    """Return the country of `--region`, whatever the case of its letters.

    Raises:
        UsageError: it is none that has telephone numbers.
    """
    code = _letters(text, 2, "--region", "DE")
    if code is None:
        return None
    from leadtriage.importing.normalize import NotRecognized, country_for_phone_region, parse_country

    try:
        region = country_for_phone_region(parse_country(code))
    except NotRecognized:
        region = None
    if region is None:
        raise UsageError(
            f"{text!r} is no country with phone numbers", place="--region", hint="write its two letters: --region DE"
        )
    return region


def _currency(text: str | None) -> str | None:
    code = _letters(text, 3, "--currency", "EUR")
    if code is None:
        return None
    from leadtriage.importing.normalize import NotRecognized, find_currency

    try:
        find_currency(code)
    except NotRecognized as error:
        raise UsageError(error.why, place="--currency", hint="write it as --currency EUR") from error
    return code


def _letters(text: str | None, count: int, place: str, example: str) -> str | None:
    if text is None:
        return None
    code = text.strip().upper()
    if len(code) != count or not (code.isascii() and code.isalpha()):
        raise UsageError(f"{text!r} is not {count} letters", place=place, hint=f"write it as {place} {example}")
    return code


@contextmanager
def named_lead(invocation: Invocation, name: str) -> Iterator[tuple[Engine, int]]:
    """The database, and the id of the lead that a person named.

    Raises:
        LeadNotFound: no lead answers to the name.
        AmbiguousLead: several do.
    """
    from leadtriage.db import reading, resolve_lead

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
    from leadtriage.core.text import format_count
    from leadtriage.reports.lists import choose_leads
    from leadtriage.reports.query import explain_names

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
        closed = f"; {format_count(chosen.closed, 'closed one')} would be left out" if chosen.closed else ""
        raise LeadtriageError(f"these options choose no open lead{closed}", hint="see: leadtriage leads")
    besides = f" ({format_count(chosen.closed, 'closed one')} left out)" if chosen.closed else ""
    asked = question.format(format_count(len(chosen.open), "lead"))
    confirm(f"{asked[0].upper()}{asked[1:]}{besides}?", yes=yes, hint="to do it without a question, add --yes")
    return chosen
