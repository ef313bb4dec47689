"""The options that commands share. Each is declared once, as a field of the object that holds its value."""

from __future__ import annotations

import inspect
from dataclasses import MISSING, dataclass, fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_type_hints

import typer

from leadtriage.cli.framework.context import Context
from leadtriage.cli.framework.terminal import confirm
from leadtriage.core.dates import parse_bound
from leadtriage.core.errors import LeadtriageError, UsageError
from leadtriage.core.vocabulary import DateBasis, Dimension, Grade, Stage

if TYPE_CHECKING:
    from leadtriage.criteria import Criteria
    from leadtriage.importing import ImportOptions
    from leadtriage.importing.normalize import DateOrder
    from leadtriage.importing.parse import ReadOptions
    from leadtriage.reports.lists import Chosen
    from leadtriage.reports.query import Filters

DEFAULT_LIMIT = 50
LARGEST_NUMBER = 2**31 - 1


def option(flag: str, help: str, metavar: str | None = None, **more: Any) -> Any:
    """Declare an option."""
    return typer.Option(flag, help=help, metavar=metavar, **more)


def choice(flag: str, help: str, words: Any, **more: Any) -> Any:
    """Declare an option whose values are the words of an enumeration, in any case."""
    return typer.Option(flag, help=help, metavar="|".join(words), case_sensitive=False, **more)


def argument(help: str, metavar: str, **more: Any) -> Any:
    """Declare an argument."""
    return typer.Argument(help=help, metavar=metavar, **more)


# Options of single commands that mean the same in each

Text = str | None
LeadArgument = Annotated[str, argument("A lead: its id, an email address, or SYSTEM:ID.", "LEAD")]
OptionalLead = Annotated[
    Text, argument("A lead: its id, an email address, or SYSTEM:ID.", "[LEAD]", show_default=False)
]
Note = Annotated[Text, option("--note", "A comment for the history.", "TEXT")]
Yes = Annotated[bool, option("--yes", "Do not ask for confirmation.")]
DryRun = Annotated[bool, option("--dry-run", "Show what would happen and change nothing.")]
Force = Annotated[bool, option("--force", "Replace the file if it exists.")]
FailIfAny = Annotated[bool, option("--fail-if-any", "Exit with 4 if there are rows.")]
InputFile = Annotated[str, argument("A CSV, TSV or Excel file; - is standard input.", "FILE")]
RejectsFile = Annotated[
    Path | None, option("--rejects", "Where to write rejected rows. [default: FILE.rejects.csv]", "FILE")
]


def _parse_grade(text: str) -> Grade:
    """Parse a grade in any case; typer's own message would list the grades in lower case."""
    try:
        return Grade(text.strip().upper())
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(Grade)}.") from error


@dataclass(frozen=True, slots=True)
class Selection:
    """The options that filter and limit a list; a command has those that make sense for it."""

    owner: Annotated[Text, option("--owner", "Only leads of this rep; '' for leads without an owner.", "NAME")] = None
    grade: Annotated[
        list[Grade] | None,
        option(
            "--grade",
            "Only this grade; may be repeated.",
            "|".join(Grade),
            parser=_parse_grade,
            autocompletion=lambda: [*Grade],
        ),
    ] = None
    source: Annotated[Text, option("--source", "Only leads from this source; '' for unknown.", "NAME")] = None
    campaign: Annotated[Text, option("--campaign", "Only leads of this campaign; '' for none.", "NAME")] = None
    country: Annotated[Text, option("--country", "Only leads from this country: DE; '' for unknown.", "XX")] = None
    state: Annotated[Text, option("--state", "Only leads from this state; '' for unknown.", "NAME")] = None
    stage: Annotated[list[Stage] | None, choice("--stage", "Only this stage; may be repeated.", Stage)] = None
    since: Annotated[
        Text, option("--since", "Only leads created on or after this day: 2026-11-20, yesterday, 7d.", "DATE")
    ] = None
    until: Annotated[Text, option("--until", "Only leads created on or before this day.", "DATE")] = None
    qualified: Annotated[
        bool | None, option("--qualified/--not-qualified", "Only qualified leads, or only the others.")
    ] = None
    reason: Annotated[
        Text,
        option("--reason", "Only leads flagged, closed or in nurture for this reason; '' for none.", "WORD"),
    ] = None
    dated: Annotated[DateBasis, choice("--dated", "The date that --since and --until apply to.", DateBasis)] = (
        DateBasis.CAME_IN
    )
    points: Annotated[Dimension | None, choice("--points", "Only leads with points in this dimension.", Dimension)] = (
        None
    )
    # These two do not filter.
    limit: Annotated[int, option("--limit", "Show at most N rows.", "N", min=1, max=LARGEST_NUMBER)] = DEFAULT_LIMIT
    everything: Annotated[bool, option("--all", "Show all rows.")] = False

    @property
    def most(self) -> int | None:
        """The most rows to show; None for all."""
        return None if self.everything else self.limit

    @property
    def is_narrowed(self) -> bool:
        """Whether any option filters leads."""
        return self != Selection(limit=self.limit, everything=self.everything)

    def require_none(self, message: str, *, place: str | None = None, hint: str | None = None) -> None:
        """Raise if any option filters leads.

        Raises:
            UsageError: one does.
        """
        if self.is_narrowed:
            raise UsageError(message, place=place, hint=hint)

    def filters(self, today: date, *, until: str = "--until") -> Filters:
        """The filters as the reports take them.

        Args:
            today: what a day such as `yesterday` counts from.
            until: the flag of that option, for its message.

        Raises:
            UsageError: an invalid day, or a period that ends before it begins.
        """
        from leadtriage.reports.query import Filters

        first = parse_bound(self.since, today, place="--since") if self.since else None
        last = parse_bound(self.until, today, place=until) if self.until else None
        if first is not None and last is not None and first > last:
            raise UsageError(
                f"the period ends before it begins, on {first}", place=f"{until} {last}", hint="choose a later day"
            )
        values = {field.name: getattr(self, field.name) for field in fields(self)[:-2]}
        values |= {"grade": tuple(self.grade or ()), "stage": tuple(self.stage or ()), "since": first, "until": last}
        return Filters(**values)


@dataclass(frozen=True, slots=True)
class ImportSelection:
    """The options that say how to read a file; None keeps what is detected."""

    map: Annotated[
        list[str] | None,
        option("--map", "Read FIELD from the column HEADER; may be repeated, remembered.", "FIELD=HEADER"),
    ] = None
    region: Annotated[Text, option("--region", "Country of phone numbers without a country code: DE.", "XX")] = None
    currency: Annotated[
        Text, option("--currency", "Currency of amounts without one. [default: the criteria's]", "CODE")
    ] = None
    date_order: Annotated[
        Text, option("--date-order", "How to read 03/04/2026 if the file does not tell.", "day-first|month-first")
    ] = None
    system: Annotated[Text, option("--system", "The CRM whose ids the file has: hubspot.", "WORD")] = None
    source: Annotated[Text, option("--source", "The source of the leads, if no column names it.", "NAME")] = None
    encoding: Annotated[Text, option("--encoding", "The file's encoding: cp1250.", "NAME")] = None
    delimiter: Annotated[Text, option("--delimiter", "The character between cells; tab for a tab.", "CHARACTER")] = None
    quote: Annotated[Text, option("--quote", "The character around cells; '' for none.", "CHARACTER")] = None
    escape: Annotated[Text, option("--escape", "The character before a quote inside a quoted cell.", "CHARACTER")] = (
        None
    )
    header_rows: Annotated[
        int | None, option("--header-rows", "How many rows make up the header; 0 for none.", "N", min=0)
    ] = None
    skip_rows: Annotated[int | None, option("--skip-rows", "How many lines precede the header.", "N", min=0)] = None
    sheet: Annotated[Text, option("--sheet", "The sheet of a spreadsheet, by name or number.", "NAME")] = None
    table: Annotated[int | None, option("--table", "Which table of a file with several.", "N", min=1)] = None

    def for_reading(self) -> ReadOptions:
        """How to parse the file."""
        from leadtriage.importing.parse import ReadOptions

        return ReadOptions(**{field.name: getattr(self, field.name) for field in fields(ReadOptions)})

    def parse_date_order(self) -> DateOrder | None:
        """The order of day and month.

        Raises:
            UsageError: it is neither.
        """
        from leadtriage.importing.normalize import DateOrder

        try:
            return DateOrder(self.date_order) if self.date_order else None
        except ValueError as error:
            raise _invalid(self.date_order, "--date-order", "day-first or month-first") from error

    def for_import(self, criteria: Criteria | None = None, *, dry_run: bool = False) -> ImportOptions:
        """How to import the file; defaults come from the criteria.

        Raises:
            UsageError: an invalid value.
        """
        from leadtriage.importing import ImportOptions

        usual = ImportOptions()
        return ImportOptions(
            read=self.for_reading(),
            overrides=dict(split_pair(pair, "--map", "FIELD=HEADER") for pair in self.map or ()),
            region=parse_region(self.region),
            currency=_parse_currency(self.currency),
            usual_currency=criteria.currency if criteria else usual.usual_currency,
            date_order=self.parse_date_order(),
            system=self.system,
            source=self.source,
            dry_run=dry_run,
            nurture_days=criteria.follow_up.nurture if criteria else usual.nurture_days,
        )


def parameters_of(model: type, **flags: str) -> dict[str, inspect.Parameter]:
    """The parameter of each field, by name.

    Args:
        flags: other flags for some fields.
    """
    hints = get_type_hints(model, include_extras=True)
    parameters = {}
    for field in fields(model):
        annotation: Any = hints[field.name]
        if field.name in flags:
            kind, declared = get_args(annotation)
            annotation = Annotated[kind, option(flags[field.name], declared.help, declared.metavar)]
        assert field.default is not MISSING
        parameters[field.name] = inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=annotation
        )
    return parameters


_SELECTION = parameters_of(Selection)
PAGE = (_SELECTION["limit"], _SELECTION["everything"])
"""The options that limit a list."""
EXTRA_FILTERS = (_SELECTION["dated"], _SELECTION["points"])
"""The filters of `leads` alone."""
FILTERS = tuple(option for option in _SELECTION.values() if option not in (*PAGE, *EXTRA_FILTERS))
"""The options that filter leads."""
PERIOD = tuple(_SELECTION[name] for name in ("owner", "source", "campaign", "since", "until"))
"""The filters of the manager's reports."""

_IMPORT = parameters_of(ImportSelection)
IMPORT_OPTIONS = tuple(_IMPORT.values())
"""The options that say how to read a file of leads."""
PARSE_OPTIONS = (*IMPORT_OPTIONS[-8:], _IMPORT["date_order"])
"""Those that apply to any file."""


def filters_with(**flags: str) -> tuple[inspect.Parameter, ...]:
    """The filters, some under other flags, for a command that needs theirs for itself."""
    renamed = parameters_of(Selection, **flags)
    return tuple(renamed[option.name] for option in FILTERS)


def _invalid(value: str | None, flag: str, expected: str) -> UsageError:
    return UsageError(f'invalid value "{value}" for {flag}: expected {expected}')


def split_pair(pair: str, flag: str, form: str) -> tuple[str, str]:
    """Split the value of an option such as FIELD=HEADER.

    Raises:
        UsageError: it has another form.
    """
    name, equals, value = pair.partition("=")
    if not (name.strip() and equals and value.strip()):
        raise _invalid(pair, flag, form)
    return name.strip(), value.strip()


def parse_region(text: str | None) -> str | None:
    """Parse `--region`, in any case.

    Raises:
        UsageError: no country with phone numbers.
    """
    if text is None:
        return None
    from leadtriage.importing.normalize import NotRecognized, country_for_phone_region, parse_country

    code = text.strip().upper()
    try:
        region = country_for_phone_region(parse_country(code)) if len(code) == 2 else None
    except NotRecognized:
        region = None
    if region is None:
        raise _invalid(text, "--region", "the two letters of a country with phone numbers, such as DE")
    return region


def _parse_currency(text: str | None) -> str | None:
    if text is None:
        return None
    from leadtriage.importing.normalize import NotRecognized, find_currency

    code = text.strip().upper()
    try:
        find_currency(code)
    except NotRecognized as error:
        raise _invalid(text, "--currency", "the three letters of a currency, such as EUR") from error
    return code


def confirm_many(context: Context, selection: Selection, filters: Filters, action: str, *, yes: bool) -> Chosen:
    """Find the open leads that the options match, and confirm an act on all of them.

    Args:
        action: what to do, with `{}` in place of the number of leads.
        yes: already confirmed.

    Raises:
        UsageError: no option filters leads, or there is no terminal to ask at.
        LeadtriageError: no open lead matches, or the answer was no.
    """
    from leadtriage.core.text import format_count
    from leadtriage.reports.lists import choose_leads
    from leadtriage.reports.query import explain_names

    if not selection.is_narrowed:
        raise UsageError(
            "no lead given", hint="name one, or select many with options such as --owner, --source, --stage"
        )
    if selection.most != DEFAULT_LIMIT:
        raise UsageError("not allowed: all leads that match are changed", place="--limit, --all")
    with context.reading() as connection:
        chosen = choose_leads(connection, filters)
        unknown = () if chosen.open else explain_names(connection, filters)
    if unknown:
        raise LeadtriageError(f"no open lead matches: {', and '.join(unknown)}")
    closed = format_count(chosen.closed, "closed lead")
    if not chosen.open:
        do = "does" if chosen.closed == 1 else "do"
        but = f" ({closed} {do})" if chosen.closed else ""
        raise LeadtriageError(f"no open lead matches{but}", hint="see `leadtriage leads`")
    left_out = f" ({closed} left out)" if chosen.closed else ""
    question = action.format(format_count(len(chosen.open), "lead"))
    confirm(f"{question[0].upper()}{question[1:]}{left_out}?", yes=yes, hint="add --yes to skip the question")
    return chosen
