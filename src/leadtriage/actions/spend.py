"""What sources cost: lines of spend typed by a person, or imported from a file. Stored lines never change."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import BinaryIO, NamedTuple

from sqlalchemy import Connection, Engine, RowMapping, func, insert, select

from leadtriage.actions.table_file import find_columns, read_rows
from leadtriage.core.context import Act
from leadtriage.core.errors import FileError, UsageError
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
    """The cost of a source, or of one of its campaigns, in a month.

    Attributes:
        month: its first day.
        amount: in minor units of the currency; negative to correct an earlier line.
        day: the day of the month, if known.
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
        """The comparable form of the source."""
        return comparable(self.source)

    @property
    def campaign_key(self) -> str | None:
        """The comparable form of the campaign."""
        return None if self.campaign is None else comparable(self.campaign)


@dataclass(frozen=True, slots=True)
class SpendText:
    """A line of spend as text; a missing value is an empty text."""

    month: str
    source: str
    amount: str
    campaign: str = ""
    currency: str = ""
    note: str = ""


def read_spend(text: SpendText, usual_currency: str, date_order: DateOrder | None = None) -> SpendLine:
    """Parse one line.

    Args:
        usual_currency: of an amount without a currency.
        date_order: of a day such as 03/04/2026, which is refused without it.

    Raises:
        UsageError: the month, source or amount is missing or not recognised, or two currencies are given.
    """
    source = clean_text(text.source)
    if source is None:
        raise UsageError("no source is given")
    hint, month, day = "such as 2026-10", None, None
    try:
        month, day = parse_month_or_day(text.month, date_order)
    except NotRecognized as error:
        raise UsageError(f'month not recognised: "{text.month.strip()}": {error.why}', hint=hint) from error
    if month is None:
        raise UsageError("no month is given", hint=hint)
    stated = read_currency(text.currency) if text.currency.strip() else None
    money = _parse_amount(text.amount, stated or usual_currency)
    if stated is not None and money.currency != stated:
        raise UsageError(f'two currencies: "{text.amount.strip()}" is in {money.currency}, not in {stated}')
    campaign, note = clean_text(text.campaign), clean_text(text.note)
    return SpendLine(month, source, campaign, money.amount, money.currency, note, day)


def _parse_amount(text: str, currency: str) -> Money:
    hint = "such as 1200 or 1200.50"
    try:
        money = parse_exact_money(text, currency)
    except NotRecognized as error:
        raise UsageError(f'not an amount of money: "{text.strip()}": {error.why}', hint=hint) from error
    if money is None:
        raise UsageError("no amount is given", hint=hint)
    return money


def read_currency(text: str) -> str:
    """Return the ISO 4217 code that a code, a symbol or a word means.

    Raises:
        UsageError: the text means no currency, or several.
    """
    mark = text.strip()
    codes = currencies_of_mark(mark) or currencies_of_mark(mark.upper())
    try:
        code = choose_currency([codes], "") if codes else None
    except NotRecognized as error:
        raise UsageError(f'ambiguous currency "{mark}": {error.why}', hint="such as EUR") from error
    if code is None:
        raise UsageError(f'currency not recognised: "{mark}"', hint="such as EUR")
    return code


def describe_future_months(lines: Iterable[SpendLine], act: Act) -> tuple[str, ...]:
    """Return a warning if months are in the future, where nothing can have been spent yet."""
    later = sorted({line.month for line in lines if line.month > act.as_of})
    named = ", ".join(f"{month:%Y-%m}" for month in later)
    return (f"{named} {'is' if len(later) == 1 else 'are'} in the future",) if later else ()


def record_spend(engine: Engine, act: Act, line: SpendLine) -> int:
    """Store one line and return its number."""
    with writing(engine) as connection:
        return _store_lines(connection, act, [line])


def _store_lines(connection: Connection, act: Act, lines: Sequence[SpendLine], **file: str) -> int:
    """Store lines with the `file` and its `sha256`, and return the first number."""
    first = reserve_ids(connection, "spend", len(lines))
    common = {"by": act.by, "at": act.at, "recorded_at": act.recorded_at, "file": None, "sha256": None, **file}
    rows = [
        {
            "id": number,
            "source_comparable": line.source_key,
            "campaign_comparable": line.campaign_key,
            **asdict(line),
            **common,
        }
        for number, line in enumerate(lines, first)
    ]
    connection.execute(insert(_spend), rows)
    return first


_HEADERS: Mapping[str, tuple[str, ...]] = {
    "month": ("month", "monthofyear", "monat", "mois", "mes", "period", "day", "date", "tag", "datum"),
    "source": ("source", "leadsource", "utmsource", "channel", "platform", "quelle", "kanal", "origine", "fuente"),
    "campaign": ("campaign", "campaignname", "utmcampaign", "kampagne", "campagne", "campana"),
    "amount": tuple("amount spend cost amountspent totalspent costs betrag kosten montant importe".split()),
    "currency": ("currency", "currencycode", "wahrung", "waehrung", "devise", "moneda"),
    "note": ("note", "notes", "comment", "remark", "description", "bemerkung", "notiz"),
}
"""Headers of each field as bare letters, the surest first."""

_NEEDED = ("month", "source", "amount")
_MAX_NAMED = 3
_MAX_HEADERS = 12


@dataclass(frozen=True, slots=True)
class SpendOptions:
    """Options for a file of spend.

    Attributes:
        usual_currency: of amounts without a currency, if `currency` is not given.
        month, source: of all lines, if the file has no such column.
        date_order: of days such as 03/04/2026; None detects it from the column.
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
    """The result of importing a file; `rows = created + unchanged + rejected`.

    Attributes:
        unchanged: rows that are stored already.
        lines: the new lines.
        headers, rejects: for the file of rejects.
        repeated: the same file was imported before, so nothing was stored.
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
        """The number of new lines."""
        return len(self.lines)

    @property
    def rejected(self) -> int:
        """The number of rows that are not recognised."""
        return len(self.rejects)


@dataclass(frozen=True, slots=True)
class _Read:
    """The rows of a file: lines and rejects."""

    lines: tuple[SpendLine, ...]
    rejects: tuple[Reject, ...]
    unmarked: int
    """How many amounts have no currency, neither in the file nor by an option."""


class _Sum(NamedTuple):
    """What makes two lines equal."""

    month: date
    source_key: str
    campaign_key: str | None
    amount: int
    currency: str
    day: date | None


def import_spend(
    engine: Engine, options: SpendOptions, act: Act, path: Path | None, *, stream: BinaryIO | None = None
) -> SpendSummary:
    """Store the new lines of a file in one transaction, and reject rows that are not recognised.

    The same file adds nothing again. Of another file, a line is new as often as the file has it more often than it is
    stored. Equal amounts of two days are two lines.

    Args:
        path: the file; None to read `stream`.

    Raises:
        FileError: the file cannot be read, or lacks a column.
        UsageError: an option is invalid.
    """
    source = open_source(path, stream, options.read)
    read = _read_file(source, options)
    with reading(engine) if options.dry_run else writing(engine) as connection:
        earlier = _find_earlier(connection, source.sha256)
        known = _count_stored(connection)
        new = [] if earlier else _find_new(read.lines, known)
        if new and not options.dry_run:
            _store_lines(connection, act, new, file=source.name, sha256=source.sha256)
    return SpendSummary(
        file=source.name,
        rows=len(read.lines) + len(read.rejects),
        unchanged=len(read.lines) - len(new),
        lines=tuple(new),
        headers=source.headers,
        rejects=read.rejects,
        warnings=(*source.warnings, *_build_warnings(read, new, known, options, act)),
        notes=_build_notes(earlier, len(read.lines) - len(new)),
        repeated=earlier is not None,
    )


def _read_file(source: Source, options: SpendOptions) -> _Read:
    headers, marked = _split_marks(source.headers)
    columns = find_columns(headers, _HEADERS)
    for_all = {"month": options.month, "source": options.source, "currency": marked.get(columns.get("amount", -1))}
    usual = options.currency or options.usual_currency
    missing = [name for name in _NEEDED if name not in columns and not for_all.get(name)]
    if missing:
        found = ", ".join(source.headers[:_MAX_HEADERS]) + (", ..." if len(source.headers) > _MAX_HEADERS else "")
        raise FileError(
            f"it has no column {' and no column '.join(missing)}, only: {found}",
            place=source.name,
            hint="name columns month, source, campaign, amount, currency; or give --month, --source",
        )
    order = options.date_order
    if order is None and "month" in columns:
        dates = (row.cells["month"] for row in read_rows(source, columns) if row.problem is None)
        order = decide_date_order(dates)
    lines: list[SpendLine] = []
    rejects: list[Reject] = []
    unmarked = 0
    for row in read_rows(source, columns):
        if row.problem is not None:
            rejects.append(Reject(row.line, row.problem, row.raw))
            continue
        given = {name: value for name, value in for_all.items() if value and name not in columns}
        if not row.cells.get("currency"):
            given["currency"] = for_all["currency"] or ""
        text = SpendText(**{"month": "", "source": "", "amount": "", **row.cells, **given})
        try:
            lines.append(read_spend(text, usual, order))
        except UsageError as error:
            rejects.append(Reject(row.line, error.message, row.raw))
        else:
            money = parse_exact_money(text.amount, usual)
            unmarked += not (options.currency or text.currency or (money is not None and money.marked))
    return _Read(tuple(lines), tuple(rejects), unmarked)


def _split_marks(headers: Sequence[str]) -> tuple[list[str], dict[int, str]]:
    """Split the currency from headers of amounts: "Cost (EUR)" is "cost" and EUR."""
    plain: list[str] = []
    marked: dict[int, str] = {}
    for place, header in enumerate(headers):
        words = split_words(header)
        marks = [word for word in (*words[1:], *header) if not word.isalpha() or len(word) > 1]
        mark = next((word for word in marks if currencies_of_mark(word)), None)
        unmarked = " ".join(word for word in words if word != mark)
        is_amount = mark is not None and unmarked.replace(" ", "") in _HEADERS["amount"]
        plain.append(unmarked if is_amount else header)
        if is_amount and mark is not None:
            marked[place] = mark
    return plain, marked


def _find_earlier(connection: Connection, sha256: str) -> RowMapping | None:
    """Who imported these bytes first, and when."""
    first = select(_spend.c.by, _spend.c.at).where(_spend.c.sha256 == sha256).order_by(_spend.c.id).limit(1)
    return connection.execute(first).mappings().first()


def _count_stored(connection: Connection) -> Counter[_Sum]:
    """How often each line is stored."""
    names = ("month", "source_comparable", "campaign_comparable", "amount", "currency", "day")
    keys = [_spend.c[name] for name in names]
    return Counter(
        {_Sum(*key): count for *key, count in connection.execute(select(*keys, func.count()).group_by(*keys))}
    )


def _find_new(lines: Sequence[SpendLine], stored: Mapping[_Sum, int]) -> list[SpendLine]:
    """Return the lines that are not stored yet, each as often as the file has it more often.

    A line without a day equals a stored one with a day, as in our own list. A line on the first of a month equals one
    without a day, since spreadsheets turn months into such days.
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
    """Take one of these keys if one is left; return whether it was."""
    found = next((key for key in likely if left[key] > 0), None)
    if found is not None:
        left[found] -= 1
    return found is not None


def _sum_of(line: SpendLine) -> _Sum:
    return _Sum(line.month, line.source_key, line.campaign_key, line.amount, line.currency, line.day)


def _build_warnings(
    read: _Read, new: Sequence[SpendLine], stored: Mapping[_Sum, int], options: SpendOptions, act: Act
) -> Iterator[str]:
    if read.unmarked:
        amounts = format_count(read.unmarked, "amount has", "amounts have")
        yield f"{amounts} no currency, taken as {options.usual_currency} (if not: add --currency)"
    had = {key[:3] for key in stored}
    added = list(dict.fromkeys(_name(line) for line in new if _sum_of(line)[:3] in had))
    if added:
        named = ", ".join(added[:_MAX_NAMED]) + (", ..." if len(added) > _MAX_NAMED else "")
        yield f"new lines add to stored ones of {named} (list them: leadtriage spend list)"
    yield from describe_future_months(new, act)


def _name(line: SpendLine) -> str:
    campaign = f", {line.campaign}" if line.campaign else ""
    return f"{line.month:%Y-%m} {line.source}{campaign}"


def _build_notes(earlier: RowMapping | None, unchanged: int) -> tuple[str, ...]:
    if earlier is not None:
        when = format_day(earlier["at"].date())
        return (f"{earlier['by']} imported this file on {when}; correct it with: leadtriage spend add SOURCE -AMOUNT",)
    if unchanged:
        rows = format_count(unchanged, "line is", "lines are")
        return (f"{rows} stored already; add another equal amount with: leadtriage spend add",)
    return ()
