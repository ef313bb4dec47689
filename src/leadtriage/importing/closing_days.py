"""The days on which leads closed, as a file tells them, and which of them are believed.

The date beside an open lead is the one on which somebody expects it to close; it is of no concern here. What a day does
to leads that are there already is `correcting`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from leadtriage.importing.mapping import ColumnPlan
from leadtriage.importing.meanings import CLOSING
from leadtriage.importing.tally import Warnings


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
