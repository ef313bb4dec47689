"""Records what a source cost in a month: reads what a person said of it, and stores lines that are never changed.

Files of them are `triage.spend_file`'s; what they are compared with is `reports`'.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, insert

from leadtriage.act import Act
from leadtriage.criteria.text import comparable
from leadtriage.db.engine import writing
from leadtriage.db.ids import reserve_ids
from leadtriage.db.schema import Spend, table
from leadtriage.errors import UsageError
from leadtriage.importing.values import (
    DateOrder,
    Money,
    NotUnderstood,
    clean_text,
    parse_exact_money,
    parse_month_or_day,
)
from leadtriage.importing.values.currencies import choose_currency, currencies_of_mark

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
class SaidSpend:
    """The same in people's words; what is not said is an empty text."""

    month: str
    source: str
    amount: str
    campaign: str = ""
    currency: str = ""
    note: str = ""


def read_spend(said: SaidSpend, usual_currency: str, date_order: DateOrder | None = None) -> SpendLine:
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
    except NotUnderstood as error:
        raise UsageError(f"{text.strip()!r} is no one currency: {error.why}", hint="such as EUR") from error
    if code is None:
        raise UsageError(f"{text.strip()!r} is no currency", hint="such as EUR")
    return code


def names_currency(amount: str, usual_currency: str) -> bool:
    """Whether a text that is a sum says itself in which currency it is."""
    money = parse_exact_money(amount, usual_currency)
    return money is not None and money.marked


def warn_of_months(lines: Iterable[SpendLine], act: Act) -> tuple[str, ...]:
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
    except NotUnderstood as error:
        raise UsageError(f"{text.strip()!r} is no month: {error.why}", hint=hint) from error
    if month is None:
        raise UsageError("no month is given", hint=hint)
    return month, day


def _read_amount(text: str, currency: str) -> Money:
    try:
        money = parse_exact_money(text, currency)
    except NotUnderstood as error:
        raise UsageError(f"{text.strip()!r} is no sum of money: {error.why}", hint="such as 1200 or 1200.50") from error
    if money is None:
        raise UsageError("no amount is given", hint="such as 1200 or 1200.50")
    return money
