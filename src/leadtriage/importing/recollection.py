"""How the rows of an import were understood, kept with it in the books, so that its rows can be read again as then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadtriage.importing.mapping import ColumnPlan, HeaderPlan
from leadtriage.importing.understand import Understanding
from leadtriage.importing.values import DateOrder

_THEN = "as it was read then"


def write_understanding(understanding: Understanding) -> dict[str, Any]:
    """What is to be kept, as `ImportBatch.mapping` holds it; the headers and the system stand beside it."""
    return {
        "columns": [[column.field, column.rank, column.currency] for column in understanding.plan.columns],
        "currency_columns": [
            [column.index, column.currency_column]
            for column in understanding.plan.columns
            if column.currency_column is not None
        ],
        "extras": [[column.index, column.header, number] for column, number in understanding.extras],
        "region": understanding.region,
        "currency": understanding.currency,
        "date_orders": [[index, order.value] for index, order in understanding.date_orders.items()],
        "source": understanding.source,
        "keep_open": understanding.keep_open,
    }


def recall_understanding(headers: list[str], system: str | None, kept: Mapping[str, Any]) -> Understanding:
    """The understanding that `write_understanding` kept.

    Args:
        headers: the file's.
        system: whose ids the file has.
    """
    beside = dict(kept.get("currency_columns", ()))
    columns = tuple(
        ColumnPlan(index, header, field, _THEN, rank, currency, currency_column=beside.get(index))
        for index, (header, (field, rank, currency)) in enumerate(zip(headers, kept["columns"], strict=True))
    )
    return Understanding(
        plan=HeaderPlan(columns, preset=None, system=system, warnings=()),
        headers=tuple(headers),
        system=system or "",
        extras=tuple((ColumnPlan(index, header, None, _THEN), number) for index, header, number in kept["extras"]),
        region=kept["region"],
        currency=kept["currency"],
        date_orders={index: DateOrder(order) for index, order in kept["date_orders"]},
        source=kept["source"],
        keep_open=kept["keep_open"],
    )
