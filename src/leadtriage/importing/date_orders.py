"""In which order of day and month the columns of a file are read, and what people are told of it.

What one column's values say of their order is `values.date_order`'s.
"""

from __future__ import annotations

from collections.abc import Iterator

from leadtriage.importing.tally import Tally
from leadtriage.importing.understand import Understanding
from leadtriage.importing.values import DateOrder, find_common_order

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
