"""The options that say how a file is read and understood, where the guesses of `import` and `peek` are wrong."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadtriage.errors import UsageError

if TYPE_CHECKING:
    from leadtriage.criteria.model import Criteria
    from leadtriage.importing.reading.model import ReadOptions
    from leadtriage.importing.summary import ImportOptions
    from leadtriage.importing.values import DateOrder

DATE_ORDERS = ("day-first", "month-first")


def _parameter(name: str, flag: str, annotation: Any, metavar: str, help: str, **more: Any) -> inspect.Parameter:
    option = typer.Option(flag, help=help, metavar=metavar, **more)
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=None, annotation=Annotated[annotation, option])


DATE_ORDER = _parameter("date_order", "--date-order", str | None, "|".join(DATE_ORDERS), "How 03/04/2026 is meant.")
UNDERSTANDING = (
    _parameter(
        "map",
        "--map",
        list[str] | None,
        "FIELD=HEADER",
        "Take this column for this field; may be repeated, remembered.",
    ),
    _parameter("region", "--region", str | None, "XX", "Country of phone numbers without a country code: DE."),
    _parameter("currency", "--currency", str | None, "CODE", "Currency of sums without a mark; else the criteria's."),
    DATE_ORDER,
    _parameter("system", "--system", str | None, "WORD", "The source system whose ids the file has: hubspot."),
    _parameter("source", "--source", str | None, "NAME", "Where the leads came from, where no column says so."),
)
"""The options that say what the columns mean."""

READING = (
    _parameter("encoding", "--encoding", str | None, "NAME", "The file's encoding: cp1250."),
    _parameter("delimiter", "--delimiter", str | None, "CHARACTER", "What stands between cells; tab for a tab."),
    _parameter("quote", "--quote", str | None, "CHARACTER", "What stands around cells; '' for nothing."),
    _parameter("escape", "--escape", str | None, "CHARACTER", "What stands before a quote inside a quoted cell."),
    _parameter("header_rows", "--header-rows", int | None, "N", "How many rows make the header; 0 for none.", min=0),
    _parameter("skip_rows", "--skip-rows", int | None, "N", "How many lines stand above the header.", min=0),
    _parameter("sheet", "--sheet", str | None, "NAME", "The sheet of a spreadsheet, by name or number."),
    _parameter("table", "--table", int | None, "N", "Which table of a file that holds several.", min=1),
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
        from leadtriage.importing.reading.model import ReadOptions

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
        from leadtriage.importing.values import DateOrder

        if self.date_order is not None and self.date_order not in DATE_ORDERS:
            raise UsageError(f"{self.date_order!r} is none of {', '.join(DATE_ORDERS)}", place="--date-order")
        return DateOrder(self.date_order) if self.date_order else None

    def options(self, criteria: Criteria | None = None, *, dry_run: bool = False) -> ImportOptions:
        """Everything that was said, with the criteria's word where nothing was and where they are known.

        Raises:
            UsageError: a value that cannot be meant.
        """
        from leadtriage.importing.summary import ImportOptions

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
    from leadtriage.importing.values import NotUnderstood, country_for_phone_region, parse_country

    try:
        region = country_for_phone_region(parse_country(code))
    except NotUnderstood:
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
    from leadtriage.importing.values import NotUnderstood, minor_digits

    try:
        minor_digits(code)
    except NotUnderstood as error:
        raise UsageError(error.why, place="--currency", hint="write it as --currency EUR") from error
    return code


def _letters(text: str | None, count: int, place: str, example: str) -> str | None:
    if text is None:
        return None
    code = text.strip().upper()
    if len(code) != count or not (code.isascii() and code.isalpha()):
        raise UsageError(f"{text!r} is not {count} letters", place=place, hint=f"write it as {place} {example}")
    return code
