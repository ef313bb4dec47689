"""The addresses and telephone numbers of each row, from however many columns hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from leadtriage.importing.columns import ColumnReader
from leadtriage.importing.mapping import HeaderPlan
from leadtriage.importing.tally import Warnings
from leadtriage.importing.values import Email, country_for_phone_region, parse_emails, parse_phones, split_contact

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Contacts:
    """For each row its addresses and its numbers, the preferred first; None where the file has no such column."""

    emails: list[tuple[Email, ...]] | None
    phones: list[tuple[str, ...]] | None


class ContactReader:
    """Reads them; holds what it remembers of repeated cells."""

    def __init__(self, plan: HeaderPlan, region: str | None, warnings: Warnings) -> None:
        self._region = region
        self._emails = [
            (column.index, ColumnReader(f"{column.header} is no address", parse_emails, warnings))
            for column in plan.find("email")
        ]
        self._phones = [
            (column.index, ColumnReader(f"{column.header} is no phone number", _read_phones, warnings))
            for column in plan.find("phone")
        ]
        self._both = [
            (
                column.index,
                ColumnReader(f"{column.header} is no contact", split_contact, warnings),
                ColumnReader(f"{column.header} holds no address", parse_emails, warnings),
                ColumnReader(f"{column.header} holds no phone number", _read_phones, warnings),
            )
            for column in plan.find("contact")
        ]

    def read(self, cells: Sequence[tuple[str, ...]], countries: list[str | None] | None, count: int) -> Contacts:
        """Read the contacts of a chunk; `countries` are the leads' own, where the file has them."""
        regions = self._regions(countries, count)
        emails = [reader.read_all(cells[index], ()) for index, reader in self._emails]
        phones = [reader.read_all(zip(cells[index], regions, strict=True), ()) for index, reader in self._phones]
        for index, split, as_emails, as_phones in self._both:
            parts = split.read_all(cells[index], ("", ""))
            emails.append(as_emails.read_all((part[0] for part in parts), ()))
            phones.append(as_phones.read_all(zip((part[1] for part in parts), regions, strict=True), ()))
        return Contacts(_join(emails) if emails else None, _join(phones) if phones else None)

    def _regions(self, countries: list[str | None] | None, count: int) -> list[str | None]:
        if countries is None:
            return [self._region] * count
        return [country_for_phone_region(country) or self._region for country in countries]


def _read_phones(pair: tuple[str, str | None]) -> tuple[str, ...]:
    return parse_phones(pair[0], pair[1])


def _join(columns: list[list[tuple[Value, ...]]]) -> list[tuple[Value, ...]]:
    if len(columns) == 1:
        return columns[0]
    return [tuple(dict.fromkeys(value for part in parts for value in part)) for parts in zip(*columns, strict=True)]
