"""A chunk of rows into staged rows and their keys, column by column.

What a header means is `mapping`'s, what a cell means is `values`', what a status means is `statuses`'; here they meet.

The days on which leads closed, as a file tells them, and which of them are believed.

The date beside an open lead is the one on which somebody expects it to close; it is of no concern here. What a day does
to leads that are there already is `correcting`'s.

In which order of day and month the columns of a file are read, and what people are told of it.

What one column's values say of their order is `values.date_order`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from leadtriage.core.context import Act
from leadtriage.core.tables import unguard_formula
from leadtriage.core.text import comparable
from leadtriage.importing.mapping import (
    OWN_SYSTEM,
    ColumnPlan,
    HeaderPlan,
    parse_crm_id,
    parse_own_money,
)
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
from leadtriage.importing.stage.columns import ColumnReader, ExtraReader, Memo, join_extras, write_json_list
from leadtriage.importing.stage.keys import ContactReader, Contacts, find_keys
from leadtriage.importing.stage.meanings import CLOSING, MeaningReader
from leadtriage.importing.stage.tally import Tally, Warnings


def settle_closing_days(
    columns: Iterable[tuple[ColumnPlan, Sequence[date | None]]],
    meanings: Sequence[str | None],
    came_in: Sequence[date | None],
    today: date,
    warnings: Warnings,
) -> list[str | None]:
    """Return the day on which each row's lead closed, as ISO text; None where it is open or nobody tells.

    A day still to come, or before the lead came in, is none. Where several columns tell one, as a deal's that was won,
    reopened and lost, the latest counts.

    Args:
        columns: the columns that tell it, with the day of each row.
        meanings: what each row says of how the lead stands.
        came_in: the day that the row itself gives.
    """
    settled: list[str | None] = [None] * len(meanings)
    for column, days in columns:
        for position, day in enumerate(days):
            if day is None or meanings[position] not in CLOSING:
                continue
            since = came_in[position]
            if day > today:
                warnings.add(f"{column.header} is no day on which a lead closed: it is still to come", day.isoformat())
            elif since is not None and day < since:
                warnings.add(f"{column.header} is no day on which a lead closed: it came in later", day.isoformat())
            else:
                settled[position] = max(settled[position] or "", day.isoformat())
    return settled


def is_believed(day: date, created_on: date, imported_on: date) -> bool:
    """Whether a day can be the one on which a lead closed; of one whose file told no coming in, any day can."""
    return day >= created_on or created_on == imported_on


_LONGEST_NAME = 200
"""A longer text is no name that can be taken apart."""

_MOMENT = "%Y-%m-%d %H:%M:%S.%f"
_ONE_LINE = ("company", "title", "industry", "state", "city", "website", "source", "campaign", "owner", "status")
_COUNTS = ("employees", "touches", "unanswered_touches", "replies")
DATE_FIELDS = ("created", "modified", "last_touch", "closed", "timeline")
"""Fields whose columns are dates, day first or month first."""
_YES_NO = ("do_not_contact", "bounced")


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a file's rows are read by.

    Attributes:
        extras: for each extra column its plan and its number among the stored ones.
        region: the country of telephone numbers that do not say theirs.
        currency: of sums without a mark.
        date_orders: for each date column, by its index, day first or month first.
        source: where the leads came from, if no column says so.
        keep_open: whatever the CRM says, no lead comes in closed.
    """

    plan: HeaderPlan
    headers: tuple[str, ...]
    system: str
    extras: tuple[tuple[ColumnPlan, int], ...]
    region: str | None
    currency: str
    date_orders: Mapping[int, DateOrder]
    source: str | None
    keep_open: bool = False


class RowReader:
    """Reads the rows of one file, chunk by chunk; holds what it remembers of repeated cells."""

    def __init__(self, understanding: Understanding, act: Act) -> None:
        self._how = understanding
        self._act = act
        self._own = understanding.system == OWN_SYSTEM
        self.tally = Tally()
        self._readers: dict[int, ColumnReader[Any]] = {}
        self._comparables: dict[str, Memo[str | None]] = {}
        self._extras = [(column.index, ExtraReader(number)) for column, number in understanding.extras]
        self._contacts = ContactReader(understanding.plan, understanding.region, self.tally.warnings)
        self._meanings = MeaningReader(
            understanding.plan,
            understanding.headers,
            understanding.system,
            self.tally,
            keep_open=understanding.keep_open,
        )
        self._width = len(understanding.headers)
        for column in understanding.plan.columns:
            if column.field in DATE_FIELDS:
                self.tally.evidence[column.index] = DateOrderEvidence()

    def read(self, chunk: Chunk, first_row_id: int) -> tuple[dict[str, list[Any]], list[tuple[str, int, int]]]:
        """Read a chunk.

        Returns:
            The staged columns by name, each as long as the chunk, and the keys as `(key, rank, row id)`.
        """
        blank = [""] * self._width
        rows = (
            [blank if i in chunk.problems else row for i, row in enumerate(chunk.cells)]
            if chunk.problems
            else chunk.cells
        )
        if self._own:
            rows = [list(map(unguard_formula, row)) for row in rows]
        cells = list(zip(*rows, strict=True)) if rows else []
        count = len(rows)
        self.tally.rows += count
        staged: dict[str, list[Any]] = {
            "row_id": list(range(first_row_id, first_row_id + count)),
            "line": list(chunk.lines),
            "cells": [write_json_list(row) for row in chunk.cells],
        }
        came_in = self._read_created(cells, count)
        created = [day or self._act.as_of for day in came_in]
        staged["created_on"] = [day.isoformat() for day in created]
        staged["observed_at"] = self._read_observed(cells, count)
        self._read_texts(cells, count, staged)
        self._read_typed(cells, created, staged)
        contacts = self._contacts.read(cells, staged.get("country"), count)
        self._put_contacts(contacts, staged)
        self._meanings.read(rows, cells, staged)
        staged["last_touch_cells"] = self._read_last_touch(cells, count)
        self._settle_touches(staged, count)
        closings = [(column, self._read_days(cells, column)) for column in self._how.plan.find("closed")]
        staged["closed_on"] = settle_closing_days(
            closings, staged["meaning"], came_in, self._act.as_of, self.tally.warnings
        )
        extras = [reader.read_all(cells[index]) for index, reader in self._extras]
        staged["extra"], staged["extra_comparable"] = join_extras(extras, count)
        for column in self._how.plan.find("crm_id"):
            staged["crm_id"] = self._column(cells, column, parse_crm_id)
        ids = self._read_ids(cells, count)
        keys = find_keys(staged, contacts, ids, self._how.system, chunk.problems)
        self._meanings.count_closed(cells, staged)
        return staged, keys

    def _column(self, cells: list[tuple[str, ...]], column: ColumnPlan, read: Callable[[str], Any]) -> list[Any]:
        reader = self._readers.get(column.index)
        if reader is None:
            label = f"{column.header} is not understood as {column.field}"
            reader = self._readers[column.index] = ColumnReader(label, read, self.tally.warnings)
        return reader.read_all(cells[column.index], None)

    def _compare(self, name: str, values: Iterable[str | None]) -> list[str | None]:
        memo = self._comparables.get(name)
        if memo is None:
            memo = self._comparables[name] = Memo(lambda text: None if text is None else comparable(text))
        return memo.read_all(values)

    def _put_text(self, staged: dict[str, list[Any]], name: str, values: list[str | None]) -> None:
        staged[name] = values
        staged[f"{name}_comparable"] = self._compare(name, values)

    def _read_created(self, cells: list[tuple[str, ...]], count: int) -> list[date | None]:
        for column in self._how.plan.find("created"):
            return self._read_days(cells, column)
        return [None] * count

    def _read_days(self, cells: list[tuple[str, ...]], column: ColumnPlan) -> list[date | None]:
        """Read days that have been; of days on which a lead closed `closing_days` tells which have."""
        order, evidence = self._how.date_orders[column.index], self.tally.evidence[column.index]

        def read(text: str) -> date | None:
            evidence.add(text)
            day = parse_date(text, order)
            if column.field != "closed":
                self._refuse_later(day)
            return day

        return self._column(cells, column, read)

    def _refuse_later(self, day: date | None) -> None:
        """A day still to come would hold off the clocks, and whatever a later file says, until it is there."""
        if day is not None and day > self._act.as_of:
            raise NotRecognized("it is still to come")

    def _read_observed(self, cells: list[tuple[str, ...]], count: int) -> list[str]:
        now = self._act.at
        for column in self._how.plan.find("modified"):
            order, evidence = self._how.date_orders[column.index], self.tally.evidence[column.index]

            def read(text: str, order: DateOrder = order, evidence: DateOrderEvidence = evidence) -> datetime | None:
                evidence.add(text)
                moment = parse_datetime(text, order)
                self._refuse_later(moment.date() if moment else None)
                return moment

            return [(moment or now).strftime(_MOMENT) for moment in self._column(cells, column, read)]
        return [now.strftime(_MOMENT)] * count

    def _read_last_touch(self, cells: list[tuple[str, ...]], count: int) -> list[date | None]:
        for column in self._how.plan.find("last_touch"):
            return self._read_days(cells, column)
        return [None] * count

    def _settle_touches(self, staged: dict[str, list[Any]], count: int) -> None:
        """A date proves a contact on that day; a status such as "Contacted" proves one on no day we know."""
        dated: list[date | None] = staged.pop("last_touch_cells")
        contacted: list[bool] = staged.pop("contacted")
        today = self._act.as_of.isoformat()
        staged["touched_on"] = [
            day.isoformat() if day else (today if told else None) for day, told in zip(dated, contacted, strict=True)
        ]
        staged["touch_dated"] = [
            True if day else (False if told else None) for day, told in zip(dated, contacted, strict=True)
        ]

    def _read_texts(self, cells: list[tuple[str, ...]], count: int, staged: dict[str, list[Any]]) -> None:
        plan = self._how.plan
        for name in _ONE_LINE:
            for column in plan.find(name):
                self._put_text(staged, name, self._column(cells, column, clean_text))
        for column in plan.find("need"):
            self._put_text(staged, "need", self._column(cells, column, clean_lines))
        for column in plan.find("country"):
            self._put_text(staged, "country", self._column(cells, column, parse_country))
        for column in plan.find("outcome_reason"):
            staged["outcome_reason"] = self._column(cells, column, clean_text)
        if self._how.source:
            given = staged.get("source") or [None] * count
            self._put_text(staged, "source", [source or self._how.source for source in given])
        self._read_names(cells, count, staged)

    def _read_names(self, cells: list[tuple[str, ...]], count: int, staged: dict[str, list[Any]]) -> None:
        found = {
            name: self._column(cells, column, clean_text)
            for name in ("name", "first_name", "last_name")
            for column in self._how.plan.find(name)
        }
        if not found:
            return
        nothing: list[str | None] = [None] * count
        names, firsts, lasts = (found.get(name, nothing) for name in ("name", "first_name", "last_name"))
        if "first_name" not in found and "last_name" not in found:
            parts = [split_name(name) if name and len(name) < _LONGEST_NAME else (None, None) for name in names]
            firsts, lasts = [part[0] for part in parts], [part[1] for part in parts]
        elif "name" not in found:
            names = [join_name(first, last) for first, last in zip(firsts, lasts, strict=True)]
        else:
            names = [name or join_name(first, last) for name, first, last in zip(names, firsts, lasts, strict=True)]
        for name, values in (("name", names), ("first_name", firsts), ("last_name", lasts)):
            self._put_text(staged, name, values)

    def _read_typed(self, cells: list[tuple[str, ...]], created: list[date], staged: dict[str, list[Any]]) -> None:
        plan = self._how.plan
        for name in _COUNTS:
            for column in plan.find(name):
                staged[name] = self._column(cells, column, parse_count)
        for name in _YES_NO:
            for column in plan.find(name):
                staged[name] = self._column(cells, column, parse_yes_no)
        for column in plan.find("signs_off"):
            answers = self._column(cells, column, parse_signs_off)
            staged["signs_off"] = [answer.value if answer else None for answer in answers]
        for name in ("budget", "revenue", "outcome_value"):
            for column in plan.find(name):
                self._read_money(cells, column, name.removesuffix("_value"), staged)
        for column in plan.find("timeline"):
            days = self._read_timeline(cells, column, created)
            staged["decides_on"] = [day.isoformat() if day else None for day in days]

    def _read_timeline(
        self, cells: list[tuple[str, ...]], column: ColumnPlan, created: list[date]
    ) -> list[date | None]:
        """Read when they want to decide, counted from the day that each lead came in."""
        reader = self._readers.get(column.index)
        if reader is None:
            order, evidence = self._how.date_orders[column.index], self.tally.evidence[column.index]

            def read(pair: tuple[str, date]) -> date | None:
                evidence.add(pair[0])
                return parse_timeline(pair[0], pair[1], order)

            label = f"{column.header} is not understood as a time"
            reader = self._readers[column.index] = ColumnReader(label, read, self.tally.warnings)
        return reader.read_all(zip(cells[column.index], created, strict=True), None)

    def _read_money(
        self, cells: list[tuple[str, ...]], column: ColumnPlan, stem: str, staged: dict[str, list[Any]]
    ) -> None:
        """Read sums; a currency that the header or the row names goes before the one that was said for the file."""
        currency = column.currency or self._how.currency
        parse = parse_own_money if self._own else parse_money
        if column.currency_column is None:
            sums: list[Money | None] = self._column(cells, column, lambda text: parse(text, currency))
        else:
            sums = self._read_money_beside(cells, column, column.currency_column)
        if column.currency is None:
            self.tally.unmarked_money += sum(1 for money in sums if money and not money.marked)
        staged[f"{stem}_amount"] = [money.amount if money else None for money in sums]
        staged[f"{stem}_currency"] = [money.currency if money else None for money in sums]

    def _read_money_beside(self, cells: list[tuple[str, ...]], column: ColumnPlan, beside: int) -> list[Money | None]:
        """Read sums whose currency stands in a column of its own."""
        reader = self._readers.get(column.index)
        if reader is None:
            usual = self._how.currency

            def read(pair: tuple[str, str]) -> Money | None:
                named = None if is_missing(pair[0]) else parse_currency(pair[1], usual)
                money = parse_money(pair[0], named or usual)
                return replace(money, marked=True) if money and named else money

            label = f"{column.header} is not understood as {column.field}"
            reader = self._readers[column.index] = ColumnReader(label, read, self.tally.warnings)
        return reader.read_all(zip(cells[column.index], cells[beside], strict=True), None)

    def _put_contacts(self, contacts: Contacts, staged: dict[str, list[Any]]) -> None:
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

    def _read_ids(self, cells: list[tuple[str, ...]], count: int) -> list[str | None]:
        for column in self._how.plan.find("id"):
            return self._column(cells, column, clean_text)
        return [None] * count


_OTHER = {DateOrder.DAY_FIRST: DateOrder.MONTH_FIRST, DateOrder.MONTH_FIRST: DateOrder.DAY_FIRST}


def settle_date_orders(understanding: Understanding, tally: Tally, said: DateOrder | None) -> dict[int, DateOrder]:
    """The order that a column shows, else that of the file's other columns of dates, else what was assumed.

    Where a person said it, only a column whose dates can be read in no other way has another.
    """
    common = find_common_order(tally.evidence.values())
    orders = dict(understanding.date_orders)
    for column in understanding.plan.columns:
        evidence = tally.evidence.get(column.index)
        if evidence is None or (said is not None and not evidence.is_proven):
            continue
        if evidence.order is not None:
            orders[column.index] = evidence.order
        elif common is not None and column.date_order is None:
            orders[column.index] = common
    return orders


def tell_date_orders(
    understanding: Understanding, tally: Tally, said: DateOrder | None, batch: int | None
) -> Iterator[str]:
    """Say which columns do not tell their order, how they are read, and how they are read otherwise.

    Args:
        batch: the import by which leads have come in on the days that were read; no later file changes these.
    """
    settled = [index for index, evidence in tally.evidence.items() if evidence.order is not None]
    common = find_common_order(tally.evidence.values())
    for index, evidence in tally.evidence.items():
        header, order = understanding.headers[index], understanding.date_orders[index]
        if said is not None:
            if order is not said:
                yield f"the dates of {header} can only be read {_name(order)}, whatever --date-order says"
        elif evidence.contradictory:
            yield f"the dates of {header} are in both orders; those that may be either are read {_name(order)}"
        elif evidence.undecidable:
            alike = f", as {understanding.headers[settled[0]]} is" if order is common else ""
            remedy = f"--date-order {_OTHER[order].value}"
            if batch is not None:
                remedy = f"leadtriage undo {batch}, then import with {remedy}"
            yield f"the dates of {header} may be day or month first; read {_name(order)}{alike} (if not: {remedy})"


def _name(order: DateOrder) -> str:
    return order.value.replace("-", " ")
