"""How the rows of one file are parsed; stored with its import, so that its rows can be parsed again the same way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadtriage.importing.mapping import ColumnPlan, HeaderPlan
from leadtriage.importing.normalize import DateOrder
from leadtriage.importing.stage.tables import Attribute, attributes_of

_WHY = "as in its import"


@dataclass(frozen=True, slots=True)
class ParseSettings:
    """How the rows of one file are parsed.

    Attributes:
        extras: the plan of each extra column, with its number among the stored ones.
        region: the country of phone numbers without a country code.
        currency: of sums without a currency.
        date_orders: for each date column, by its index, day first or month first.
        source: the lead source of rows without one.
        keep_open: import no lead as closed.
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

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The attributes that the file can fill."""
        return attributes_of(self.plan, self.source)

    @property
    def extra_headers(self) -> dict[str, str]:
        """The header of each extra column, by its key in `lead.extra`."""
        return {f"c{number}": column.header for column, number in self.extras}

    def dump(self) -> dict[str, Any]:
        """Return what `ImportBatch.mapping` stores; headers and system have columns of their own."""
        columns = self.plan.columns
        return {
            "columns": [[column.field, column.rank, column.currency] for column in columns],
            "currency_columns": [
                [column.index, column.currency_column] for column in columns if column.currency_column is not None
            ],
            "extras": [[column.index, column.header, number] for column, number in self.extras],
            "region": self.region,
            "currency": self.currency,
            "date_orders": [[index, order.value] for index, order in self.date_orders.items()],
            "source": self.source,
            "keep_open": self.keep_open,
        }

    @classmethod
    def load(cls, headers: list[str], system: str | None, stored: Mapping[str, Any]) -> ParseSettings:
        """Return the settings that `dump` stored for a file with these headers and ids of this system."""
        beside = dict(stored.get("currency_columns", ()))
        columns = tuple(
            ColumnPlan(index, header, field, _WHY, rank, currency, currency_column=beside.get(index))
            for index, (header, (field, rank, currency)) in enumerate(zip(headers, stored["columns"], strict=True))
        )
        return cls(
            plan=HeaderPlan(columns, preset=None, system=system, warnings=()),
            headers=tuple(headers),
            system=system or "",
            extras=tuple((ColumnPlan(index, header, None, _WHY), number) for index, header, number in stored["extras"]),
            region=stored["region"],
            currency=stored["currency"],
            date_orders={index: DateOrder(order) for index, order in stored["date_orders"]},
            source=stored["source"],
            keep_open=stored["keep_open"],
        )
