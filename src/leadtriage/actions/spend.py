"""Records what a source cost in a month: reads what a person said of it, and stores lines that are never changed.

Files of them are `triage.spend_file`'s; what they are compared with is `reports`'.

What sources cost, from a file of any dialect that `import` reads: which column is which, and what is new in it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from sqlalchemy import Connection, Engine, RowMapping, func, insert, select

from leadtriage.core.context import Act
from leadtriage.core.errors import FileError, UsageError
from leadtriage.core.tables import unguard_formula
from leadtriage.core.text import comparable, format_count, format_day
from leadtriage.db import Spend, reading, reserve_ids, table, writing
from leadtriage.importing import Reject, split_words
from leadtriage.importing.normalize import (
    DateOrder,
    Money,
    NotRecognized,
    choose_currency,
    clean_text,
    currencies_of_mark,
    decide_date_order,
    parse_exact_money,
    parse_month_or_day,
)
from leadtriage.importing.parse import ReadOptions, Source, open_source

_spend = table(Spend)


@dataclass(frozen=True, slots=True)
class SpendLine:
    """What a source, or one of its campaigns, cost in a month.

    Attributes:
        month: its first day.
        amount: in minor units of the currency; below 0 where it takes back a part of an earlier line.
        day: the day of the month, where one was told.
    """

    month: date
    source: str
    campaign: str | None
    amount: int
    currency: str
    note: str | None = None
    day: date | None = None

    @property
    def source_key(self) -> str:
        """The form in which sources are compared."""
        return comparable(self.source)

    @property
    def campaign_key(self) -> str | None:
        """The form in which campaigns are compared."""
        return None if self.campaign is None else comparable(self.campaign)


@dataclass(frozen=True, slots=True)
class SpendText:
    """The same in people's words; what is not said is an empty text."""

    month: str
    source: str
    amount: str
    campaign: str = ""
    currency: str = ""
    note: str = ""


def read_spend(said: SpendText, usual_currency: str, date_order: DateOrder | None = None) -> SpendLine:
    """Understand one line.

    Args:
        usual_currency: of a sum of which nobody says the currency.
        date_order: of a day such as 03/04/2026, which else is refused.

    Raises:
        UsageError: the month, the source or the sum is missing or is none, or two currencies are named.
    """
    source = clean_text(said.source)
    if source is None:
        raise UsageError("no source is given")
    month, day = _read_month(said.month, date_order)
    stated = read_currency(said.currency) if said.currency.strip() else None
    money = _read_amount(said.amount, stated or usual_currency)
    if stated is not None and money.currency != stated:
        raise UsageError(f"{said.amount.strip()!r} is in {money.currency}, and {stated} is named as its currency")
    campaign, note = clean_text(said.campaign), clean_text(said.note)
    return SpendLine(month, source, campaign, money.amount, money.currency, note, day)


def read_currency(text: str) -> str:
    """Return the code of ISO 4217 that a code, a symbol or a word stands for.

    Raises:
        UsageError: it stands for none, or for one of several.
    """
    marked = currencies_of_mark(text.strip()) or currencies_of_mark(text.strip().upper())
    try:
        code = choose_currency([marked], "") if marked else None
    except NotRecognized as error:
        raise UsageError(f"{text.strip()!r} is no one currency: {error.why}", hint="such as EUR") from error
    if code is None:
        raise UsageError(f"{text.strip()!r} is no currency", hint="such as EUR")
    return code


def names_currency(amount: str, usual_currency: str) -> bool:
    """Whether a text that is a sum says itself in which currency it is."""
    money = parse_exact_money(amount, usual_currency)
    return money is not None and money.marked


def describe_future_months(lines: Iterable[SpendLine], act: Act) -> tuple[str, ...]:
    """Say which months are still to come: nothing can have been spent in them."""
    later = sorted({line.month for line in lines if line.month > act.as_of})
    named = ", ".join(f"{month:%Y-%m}" for month in later)
    return (f"{named} {'is' if len(later) == 1 else 'are'} still to come",) if later else ()


def record_spend(engine: Engine, act: Act, line: SpendLine) -> int:
    """Store one line and return its number."""
    with writing(engine) as connection:
        return store_lines(connection, act, [line])


def store_lines(
    connection: Connection, act: Act, lines: Sequence[SpendLine], *, file: str | None = None, sha256: str | None = None
) -> int:
    """Store lines and return the first one's number. The caller holds the writer's place.

    Args:
        file: the one that they were read from, and the digest of its bytes in hexadecimal.
    """
    first = reserve_ids(connection, "spend", len(lines))
    kept: dict[str, Any] = {"by": act.by, "at": act.at, "recorded_at": act.recorded_at, "file": file, "sha256": sha256}
    rows = [
        {
            "id": number,
            **asdict(line),
            "source_comparable": line.source_key,
            "campaign_comparable": line.campaign_key,
            **kept,
        }
        for number, line in enumerate(lines, first)
    ]
    if rows:
        connection.execute(insert(_spend), rows)
    return first


def _read_month(text: str, date_order: DateOrder | None) -> tuple[date, date | None]:
    hint = "such as 2026-10"
    try:
        month, day = parse_month_or_day(text, date_order)
    except NotRecognized as error:
        raise UsageError(f"{text.strip()!r} is no month: {error.why}", hint=hint) from error
    if month is None:
        raise UsageError("no month is given", hint=hint)
    return month, day


def _read_amount(text: str, currency: str) -> Money:
    try:
        money = parse_exact_money(text, currency)
    except NotRecognized as error:
        raise UsageError(f"{text.strip()!r} is no sum of money: {error.why}", hint="such as 1200 or 1200.50") from error
    if money is None:
        raise UsageError("no amount is given", hint="such as 1200 or 1200.50")
    return money


_HEADERS: Mapping[str, tuple[str, ...]] = {
    "month": ("month", "monthofyear", "monat", "mois", "mes", "period", "day", "date", "tag", "datum"),
    "source": ("source", "leadsource", "utmsource", "channel", "platform", "quelle", "kanal", "origine", "fuente"),
    "campaign": ("campaign", "campaignname", "utmcampaign", "kampagne", "campagne", "campana"),
    "amount": (
        "amount",
        "spend",
        "cost",
        "amountspent",
        "totalspent",
        "costs",
        "betrag",
        "kosten",
        "montant",
        "importe",
    ),
    "currency": ("currency", "currencycode", "wahrung", "waehrung", "devise", "moneda"),
    "note": ("note", "notes", "comment", "remark", "description", "bemerkung", "notiz"),
}
"""What columns are called, by their letters alone and the surest name first."""

_NEEDED = ("month", "source", "amount")
_MOST_NAMED = 3
_MOST_HEADERS = 12


@dataclass(frozen=True, slots=True)
class SpendOptions:
    """What a person said about a file of spend.

    Attributes:
        read: how it is to be read.
        month, source: of all its lines, where it has no column that says so.
        currency: of sums that name none, where that was said; else they are in `usual_currency`.
        date_order: of days such as 03/04/2026; else the one that their column shows.
    """

    usual_currency: str
    read: ReadOptions = field(default_factory=ReadOptions)
    month: str | None = None
    source: str | None = None
    currency: str | None = None
    date_order: DateOrder | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class SpendSummary:
    """What became of a file's rows; `rows = created + unchanged + rejected`.

    Attributes:
        unchanged: rows that say what is stored already, line for line.
        lines: those that were stored.
        headers, rejects: for the file of rejects.
        repeated: the same file was imported before, so that nothing was done.
    """

    file: str
    rows: int
    unchanged: int
    lines: tuple[SpendLine, ...]
    headers: tuple[str, ...]
    rejects: tuple[Reject, ...]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    repeated: bool = False

    @property
    def created(self) -> int:
        """How many lines were stored."""
        return len(self.lines)

    @property
    def rejected(self) -> int:
        """How many rows are no lines."""
        return len(self.rejects)


@dataclass(frozen=True, slots=True)
class _Read:
    """A file's rows: the lines that were understood, and the rest."""

    lines: tuple[SpendLine, ...]
    rejects: tuple[Reject, ...]
    unmarked: int
    """Sums of which neither the file nor the person says the currency."""


class _Sum(NamedTuple):
    """What two lines that say the same have in common."""

    month: date
    source_key: str
    campaign_key: str | None
    amount: int
    currency: str
    day: date | None
    """None where the month alone is told."""


def import_spend(
    engine: Engine, options: SpendOptions, act: Act, path: Path | None, *, stream: BinaryIO | None = None
) -> SpendSummary:
    """Store the lines of a file, all in one transaction; rows that are no lines are rejected.

    The same file adds nothing again, and of another file only those lines are added that are not stored yet: so often
    as it has a line more often than is stored. Equal sums of two days are two lines.

    Args:
        path: the file; None to read `stream`.

    Raises:
        FileError: it cannot be read, or has no column for what is needed.
        UsageError: an option can't be what it says.
    """
    source = open_source(path, stream, options.read)
    read = _read_file(source, options)
    with reading(engine) if options.dry_run else writing(engine) as connection:
        earlier = _find_earlier(connection, source.sha256)
        known = _count_stored(connection)
        new = [] if earlier else _leave_out(read.lines, known)
        if new and not options.dry_run:
            store_lines(connection, act, new, file=source.name, sha256=source.sha256)
    return SpendSummary(
        file=source.name,
        rows=len(read.lines) + len(read.rejects),
        unchanged=len(read.lines) - len(new),
        lines=tuple(new),
        headers=source.headers,
        rejects=read.rejects,
        warnings=(*source.warnings, *_warn(read, new, known, options, act)),
        notes=_note(earlier, len(read.lines) - len(new)),
        repeated=earlier is not None,
    )


def _read_file(source: Source, options: SpendOptions) -> _Read:
    places, marked = _find_columns(source.headers)
    everywhere = {"month": options.month, "source": options.source, "currency": marked}
    usual = options.currency or options.usual_currency
    missing = [name for name in _NEEDED if name not in places and not everywhere.get(name)]
    if missing:
        headers = ", ".join(source.headers[:_MOST_HEADERS]) + (", ..." if len(source.headers) > _MOST_HEADERS else "")
        raise FileError(
            f"it has no column {' and no column '.join(missing)}, only: {headers}",
            place=source.name,
            hint="columns are called month, source, campaign, amount, currency; or say --month, --source",
        )
    order = options.date_order or _find_order(source, places)
    lines: list[SpendLine] = []
    rejects: list[Reject] = []
    unmarked = 0
    for chunk in source.rows():
        for position, (number, cells) in enumerate(zip(chunk.lines, chunk.cells, strict=True)):
            if position in chunk.problems:
                rejects.append(Reject(number, chunk.problems[position], cells))
                continue
            said = _read_row(cells, places, everywhere)
            try:
                lines.append(read_spend(said, usual, order))
            except UsageError as error:
                rejects.append(Reject(number, error.message, cells))
            else:
                unmarked += not (options.currency or said.currency or names_currency(said.amount, usual))
    return _Read(tuple(lines), tuple(rejects), unmarked)


def _find_order(source: Source, places: Mapping[str, int]) -> DateOrder | None:
    """The order of day and month that the column of months shows, where it has days and is sure."""
    if "month" not in places:
        return None
    cells = (cells for chunk in source.rows() for at, cells in enumerate(chunk.cells) if at not in chunk.problems)
    return decide_date_order(unguard_formula(each[places["month"]]).strip() for each in cells)


def _read_row(cells: Sequence[str], places: Mapping[str, int], everywhere: Mapping[str, str | None]) -> SpendText:
    """What a row says; where it says nothing of something, what holds for the whole file."""
    said = {name: value for name, value in everywhere.items() if value and name not in places}
    said |= {name: unguard_formula(cells[place]).strip() for name, place in places.items()}
    currency = said.get("currency") or everywhere["currency"] or ""
    return SpendText(**{"month": "", "source": "", "amount": "", **said, "currency": currency})


def _find_columns(headers: Sequence[str]) -> tuple[dict[str, int], str | None]:
    """Which field stands in which column, and the currency where the amount's header names it: "Cost (EUR)"."""
    places: dict[str, int] = {}
    marked: dict[int, str] = {}
    for place, header in enumerate(headers):
        words = split_words(header)
        marks = [word for word in (*words[1:], *header) if not word.isalpha() or len(word) > 1]
        mark = next((word for word in marks if currencies_of_mark(word)), None)
        unmarked = tuple(word for word in words if word != mark)
        if mark is not None and "".join(unmarked) in _HEADERS["amount"]:
            marked[place], words = mark, unmarked
        places.setdefault("".join(words), place)
    found = {
        field: next(places[name] for name in names if name in places)
        for field, names in _HEADERS.items()
        if any(name in places for name in names)
    }
    return found, marked.get(found["amount"]) if "amount" in found else None


def _find_earlier(connection: Connection, sha256: str) -> RowMapping | None:
    """Who imported these bytes before, and when."""
    first = select(_spend.c.by, _spend.c.at).where(_spend.c.sha256 == sha256).order_by(_spend.c.id).limit(1)
    return connection.execute(first).mappings().first()


def _count_stored(connection: Connection) -> Counter[_Sum]:
    """How often each sum is stored."""
    keys = (
        _spend.c.month,
        _spend.c.source_comparable,
        _spend.c.campaign_comparable,
        _spend.c.amount,
        _spend.c.currency,
        _spend.c.day,
    )
    rows = connection.execute(select(*keys, func.count()).group_by(*keys))
    return Counter({_Sum(*key): count for *key, count in rows})


def _leave_out(lines: Sequence[SpendLine], stored: Mapping[_Sum, int]) -> list[SpendLine]:
    """The lines that are not stored yet, so often as there are more of them than stored ones.

    A line without a day is also one that is stored with a day, as in our own list; and one of a month's first day is
    also one without a day, since a spreadsheet makes that of a month.
    """
    left = Counter(stored)
    same = {place for place, line in enumerate(lines) if _take(left, [_sum_of(line)])}
    by_month: dict[_Sum, list[_Sum]] = defaultdict(list)
    for key in left:
        by_month[key._replace(day=None)].append(key)
    new: list[SpendLine] = []
    for place, line in enumerate(lines):
        whole = _sum_of(line)._replace(day=None)
        likely = by_month[whole] if line.day is None else [whole] if line.day == line.month else []
        if place not in same and not _take(left, likely):
            new.append(line)
    return new


def _take(left: Counter[_Sum], likely: Iterable[_Sum]) -> bool:
    """Whether one of these is left, which is then one less."""
    found = next((key for key in likely if left[key] > 0), None)
    if found is not None:
        left[found] -= 1
    return found is not None


def _sum_of(line: SpendLine) -> _Sum:
    return _Sum(line.month, line.source_key, line.campaign_key, line.amount, line.currency, line.day)


def _warn(
    read: _Read, new: Sequence[SpendLine], stored: Mapping[_Sum, int], options: SpendOptions, act: Act
) -> Iterator[str]:
    if read.unmarked:
        said = (
            "1 sum names no currency and is"
            if read.unmarked == 1
            else f"{read.unmarked:,} sums name no currency and are"
        )
        yield f"{said} taken as {options.usual_currency} (if not: --currency)"
    had = {key[:3] for key in stored}
    added = list(dict.fromkeys(_name(line) for line in new if _sum_of(line)[:3] in had))
    if added:
        named = ", ".join(added[:_MOST_NAMED]) + (", ..." if len(added) > _MOST_NAMED else "")
        yield f"what is new adds to what was stored before of {named} (see: leadtriage spend list)"
    yield from describe_future_months(new, act)


def _name(line: SpendLine) -> str:
    campaign = f", {line.campaign}" if line.campaign else ""
    return f"{line.month:%Y-%m} {line.source}{campaign}"


def _note(earlier: RowMapping | None, unchanged: int) -> tuple[str, ...]:
    if earlier is not None:
        when = format_day(earlier["at"].date())
        return (f"{earlier['by']} imported this file on {when}; correct it with: leadtriage spend add SOURCE -AMOUNT",)
    if unchanged:
        rows = format_count(unchanged, "line is", "lines are")
        return (f"{rows} stored already; another sum of the same size is added with: leadtriage spend add",)
    return ()
