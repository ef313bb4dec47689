"""A chunk of rows to staged rows and their keys, column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from leadtriage.core.context import Act
from leadtriage.core.tables import unguard_formula
from leadtriage.core.text import comparable
from leadtriage.importing.mapping import OWN_SYSTEM, ColumnPlan, parse_crm_id, parse_own_money
from leadtriage.importing.normalize import (
    DateOrder,
    DateOrderEvidence,
    Money,
    NotRecognized,
    clean_lines,
    clean_text,
    find_common_order,
    is_missing,
    join_name,
    parse_count,
    parse_country,
    parse_currency,
    parse_date,
    parse_datetime,
    parse_money,
    parse_signs_off,
    parse_timeline,
    parse_yes_no,
    split_name,
)
from leadtriage.importing.parse import Chunk
from leadtriage.importing.stage.columns import ColumnReader, ExtraReader, Memo, Tally, join_extras, write_json_list
from leadtriage.importing.stage.keys import ContactReader, Contacts, find_keys
from leadtriage.importing.stage.meanings import CLOSING, MeaningReader
from leadtriage.importing.stage.settings import ParseSettings

DATE_FIELDS = ("created", "modified", "last_touch", "closed", "timeline")
"""Fields whose columns hold dates, day first or month first."""

_TEXT_FIELDS: dict[str, Callable[[str], str | None]] = {
    **dict.fromkeys(("company", "title", "industry", "state", "city", "website", "source"), clean_text),
    **dict.fromkeys(("campaign", "owner", "status"), clean_text),
    "need": clean_lines,
    "country": parse_country,
}
"""Fields that rules also compare in comparable form."""
_PLAIN_FIELDS: dict[str, Callable[[str], Any]] = {
    "outcome_reason": clean_text,
    **dict.fromkeys(("employees", "touches", "unanswered_touches", "replies"), parse_count),
    **dict.fromkeys(("do_not_contact", "bounced"), parse_yes_no),
}
_MONEY_FIELDS = ("budget", "revenue", "outcome_value")
_NAME_FIELDS = ("name", "first_name", "last_name")
_LONGEST_NAME = 200
"""A longer text is not split into first and last name."""
_MOMENT = "%Y-%m-%d %H:%M:%S.%f"

_Cells = list[tuple[str, ...]]
_Staged = dict[str, list[Any]]


class RowReader:
    """Reads the rows of one file, chunk by chunk; remembers the values of repeated cells."""

    def __init__(self, settings: ParseSettings, act: Act) -> None:
        self._settings, self._act = settings, act
        self._own = settings.system == OWN_SYSTEM
        self.tally = Tally()
        self._readers: dict[int, ColumnReader[Any]] = {}
        self._comparables: dict[str, Memo[str | None]] = {}
        self._extras = [(column.index, ExtraReader(number)) for column, number in settings.extras]
        self._contacts = ContactReader(settings.plan, settings.region, self.tally.warnings)
        self._meanings = MeaningReader(settings, self.tally)
        for column in settings.plan.columns:
            if column.field in DATE_FIELDS:
                self.tally.evidence[column.index] = DateOrderEvidence()

    def read(self, chunk: Chunk, first_row_id: int) -> tuple[dict[str, list[Any]], list[tuple[str, int, int]]]:
        """Read a chunk.

        Returns:
            The staged columns by name, each as long as the chunk, and the keys as `(key, rank, row id)`.
        """
        self.tally.warnings.lines = chunk.lines
        rows = chunk.cells
        if chunk.problems:
            blank = [""] * len(self._settings.headers)
            rows = [blank if position in chunk.problems else row for position, row in enumerate(rows)]
        if self._own:
            rows = [list(map(unguard_formula, row)) for row in rows]
        cells = list(zip(*rows, strict=True)) if rows else []
        count = len(rows)
        self.tally.rows += count
        nothing: list[Any] = [None] * count
        created = self._read_days(cells, "created") or nothing
        created_or_today = [day or self._act.as_of for day in created]
        staged: _Staged = {
            "row_id": list(range(first_row_id, first_row_id + count)),
            "line": list(chunk.lines),
            "cells": [write_json_list(row) for row in chunk.cells],
            "created_on": [day.isoformat() for day in created_or_today],
            "observed_at": self._read_observed(cells, count),
        }
        self._read_texts(cells, count, staged)
        for field, parse in _PLAIN_FIELDS.items():
            for column in self._settings.plan.find(field):
                staged[field] = self._parse(cells, column, parse)
        for column in self._settings.plan.find("signs_off"):
            answers = self._parse(cells, column, parse_signs_off)
            staged["signs_off"] = [answer.value if answer else None for answer in answers]
        for field in _MONEY_FIELDS:
            for column in self._settings.plan.find(field):
                self._read_money(cells, column, field.removesuffix("_value"), staged)
        for column in self._settings.plan.find("timeline"):
            days = self._parse(cells, column, self._timeline_parser(column), created_or_today)
            staged["decides_on"] = [day.isoformat() if day else None for day in days]
        contacts = self._contacts.read(cells, staged.get("country"), count)
        self._put_contacts(contacts, staged)
        self._meanings.read(rows, cells, staged)
        self._put_touches(self._read_days(cells, "last_touch") or nothing, staged.pop("contacted"), staged)
        staged["closed_on"] = self._choose_closing_days(cells, staged["meaning"], created)
        extras = [reader.read_all(cells[index]) for index, reader in self._extras]
        staged["extra"], staged["extra_comparable"] = join_extras(extras, count)
        for column in self._settings.plan.find("crm_id"):
            staged["crm_id"] = self._parse(cells, column, parse_crm_id)
        ids = nothing
        for column in self._settings.plan.find("id"):
            ids = self._parse(cells, column, clean_text)
        keys = find_keys(staged, contacts, ids, self._settings.system, chunk.problems)
        self._meanings.count_closed(cells, staged)
        return staged, keys

    def _parse(
        self, cells: _Cells, column: ColumnPlan, parse: Callable[[Any], Any], beside: Sequence[Any] | None = None
    ) -> list[Any]:
        """Parse a column's cells, each as a pair with what is beside it if that is given."""
        reader = self._readers.get(column.index)
        if reader is None:
            reader = self._readers[column.index] = ColumnReader(column.header, parse, self.tally.warnings)
        values = cells[column.index]
        return reader.read_all(values if beside is None else zip(values, beside, strict=True), None)

    def _put_text(self, staged: _Staged, name: str, values: list[str | None]) -> None:
        memo = self._comparables.get(name)
        if memo is None:
            memo = self._comparables[name] = Memo(lambda text: None if text is None else comparable(text))
        staged[name], staged[f"{name}_comparable"] = values, memo.read_all(values)

    def _read_texts(self, cells: _Cells, count: int, staged: _Staged) -> None:
        for field, parse in _TEXT_FIELDS.items():
            for column in self._settings.plan.find(field):
                self._put_text(staged, field, self._parse(cells, column, parse))
        if self._settings.source:
            sources = staged.get("source") or [None] * count
            self._put_text(staged, "source", [source or self._settings.source for source in sources])
        self._read_names(cells, count, staged)

    def _read_names(self, cells: _Cells, count: int, staged: _Staged) -> None:
        columns = [column for field in _NAME_FIELDS for column in self._settings.plan.find(field)]
        found = {column.field: self._parse(cells, column, clean_text) for column in columns}
        if not found:
            return
        nothing: list[str | None] = [None] * count
        names, firsts, lasts = (found.get(field, nothing) for field in _NAME_FIELDS)
        if "first_name" not in found and "last_name" not in found:
            parts = [split_name(name) if name and len(name) < _LONGEST_NAME else (None, None) for name in names]
            firsts, lasts = [part[0] for part in parts], [part[1] for part in parts]
        else:
            names = [name or join_name(first, last) for name, first, last in zip(names, firsts, lasts, strict=True)]
        for field, values in zip(_NAME_FIELDS, (names, firsts, lasts), strict=True):
            self._put_text(staged, field, values)

    def _date_parser(self, column: ColumnPlan, parse: Callable[[str, DateOrder], Any]) -> Callable[[str], Any]:
        """Parse dates in the column's order, and note what they show about it.

        A future date is refused, except that of a closing: it would stop the clocks and outrank later files until then.
        """
        order, evidence = self._settings.date_orders[column.index], self.tally.evidence[column.index]

        def read(text: str) -> Any:
            evidence.add(text)
            found = parse(text, order)
            day = found.date() if isinstance(found, datetime) else found
            if day is not None and column.field != "closed" and day > self._act.as_of:
                raise NotRecognized("the date is in the future")
            return found

        return read

    def _timeline_parser(self, column: ColumnPlan) -> Callable[[tuple[str, date]], date | None]:
        """Parse when a lead wants to decide, counted from its `created_on`."""
        order, evidence = self._settings.date_orders[column.index], self.tally.evidence[column.index]

        def read(pair: tuple[str, date]) -> date | None:
            evidence.add(pair[0])
            return parse_timeline(pair[0], pair[1], order)

        return read

    def _read_days(self, cells: _Cells, field: str) -> list[date | None] | None:
        for column in self._settings.plan.find(field):
            return self._parse(cells, column, self._date_parser(column, parse_date))
        return None

    def _read_observed(self, cells: _Cells, count: int) -> list[str]:
        now = self._act.at
        for column in self._settings.plan.find("modified"):
            moments = self._parse(cells, column, self._date_parser(column, parse_datetime))
            return [(moment or now).strftime(_MOMENT) for moment in moments]
        return [now.strftime(_MOMENT)] * count

    def _put_touches(self, days: list[date | None], contacted: list[bool], staged: _Staged) -> None:
        """A date proves a contact on that day; a status such as "Contacted" proves one on an unknown day."""
        today = self._act.as_of.isoformat()
        rows = list(zip(days, contacted, strict=True))
        staged["touched_on"] = [day.isoformat() if day else (today if known else None) for day, known in rows]
        staged["touch_dated"] = [True if day else (False if known else None) for day, known in rows]

    def _choose_closing_days(
        self, cells: _Cells, meanings: Sequence[str | None], created: Sequence[date | None]
    ) -> list[str | None]:
        """Return the day on which each row's lead closed, as ISO text; None if it is open or the day is unknown.

        Days in the future or before the lead was created are ignored. The latest counts if several columns give one:
        a deal may have been won, reopened and lost.
        """
        chosen: list[str | None] = [None] * len(meanings)
        for column in self._settings.plan.find("closed"):
            days = self._parse(cells, column, self._date_parser(column, parse_date))
            for position, day in enumerate(days):
                if day is None or meanings[position] not in CLOSING:
                    continue
                since, text = created[position], day.isoformat()
                if day > self._act.as_of or (since is not None and day < since):
                    why = "is in the future" if day > self._act.as_of else "is before the lead was created"
                    self.tally.warnings.add(f"{column.header} ignored, the closing date {why}", position, text)
                else:
                    chosen[position] = max(chosen[position] or "", text)
        return chosen

    def _read_money(self, cells: _Cells, column: ColumnPlan, stem: str, staged: _Staged) -> None:
        """Read sums; a currency in the header or the row goes before that of the settings."""
        usual = self._settings.currency
        if column.currency_column is None:
            currency, parse = column.currency or usual, parse_own_money if self._own else parse_money
            sums: list[Money | None] = self._parse(cells, column, lambda text: parse(text, currency))
        else:
            beside = cells[column.currency_column]
            sums = self._parse(cells, column, lambda pair: _parse_money_with_currency(pair, usual), beside)
        if column.currency is None:
            self.tally.unmarked_money += sum(1 for money in sums if money and not money.marked)
        staged[f"{stem}_amount"] = [money.amount if money else None for money in sums]
        staged[f"{stem}_currency"] = [money.currency if money else None for money in sums]

    def _put_contacts(self, contacts: Contacts, staged: _Staged) -> None:
        if contacts.emails is not None:
            first = [emails[0] if emails else None for emails in contacts.emails]
            self._put_text(staged, "email", [email.address if email else None for email in first])
            self._put_text(staged, "email_domain", [email.domain if email else None for email in first])
            staged["email_kind"] = [email.kind.value if email else None for email in first]
            staged["other_emails"] = [
                ", ".join(email.address for email in emails[1:]) or None if len(emails) > 1 else None
                for emails in contacts.emails
            ]
        if contacts.phones is not None:
            self._put_text(staged, "phone", [phones[0] if phones else None for phones in contacts.phones])
            staged["other_phones"] = [", ".join(phones[1:]) if len(phones) > 1 else None for phones in contacts.phones]


def _parse_money_with_currency(pair: tuple[str, str], usual: str) -> Money | None:
    text, currency = pair
    named = None if is_missing(text) else parse_currency(currency, usual)
    money = parse_money(text, named or usual)
    return replace(money, marked=True) if money and named else money


def is_plausible_closing_day(day: date, created_on: date, imported_on: date) -> bool:
    """Whether a lead can have closed on a day; any day will do if its creation date is only that of its import."""
    return day >= created_on or created_on == imported_on


def resolve_date_orders(settings: ParseSettings, tally: Tally, given: DateOrder | None) -> dict[int, DateOrder]:
    """Return the order of each date column: its own, else that of the file's other columns, else the one assumed.

    An order `given` by a person holds, except for columns that can only be read in the other one.
    """
    common = find_common_order(tally.evidence.values())
    orders = dict(settings.date_orders)
    for column in settings.plan.columns:
        evidence = tally.evidence.get(column.index)
        if evidence is None or (given is not None and not evidence.is_proven):
            continue
        if evidence.order is not None:
            orders[column.index] = evidence.order
        elif common is not None and column.date_order is None:
            orders[column.index] = common
    return orders


def describe_date_orders(
    settings: ParseSettings, tally: Tally, given: DateOrder | None, batch: int | None
) -> Iterator[str]:
    """Warn of columns with an ambiguous date order, and name the remedy.

    Args:
        batch: the import to undo first, since no later file changes the creation dates that it has read.
    """
    proven = [index for index, evidence in tally.evidence.items() if evidence.order is not None]
    common = find_common_order(tally.evidence.values())
    for index, evidence in tally.evidence.items():
        header, order = settings.headers[index], settings.date_orders[index]
        name = order.value.replace("-", " ")
        if given is not None:
            if order is not given:
                yield f"{header}: dates read {name}, as they cannot be {given.value.replace('-', ' ')} (--date-order)"
        elif evidence.contradictory:
            yield f"{header}: dates in both orders, ambiguous ones read {name}"
        elif evidence.undecidable:
            alike = f" like {settings.headers[proven[0]]}" if order is common else ""
            other = DateOrder.MONTH_FIRST if order is DateOrder.DAY_FIRST else DateOrder.DAY_FIRST
            remedy = f"--date-order {other.value}"
            if batch is not None:
                remedy = f"leadtriage undo {batch}, then import with {remedy}"
            yield f"{header}: dates may be day or month first, read {name}{alike} (if not: {remedy})"
