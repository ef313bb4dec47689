"""Small files for the tests of what people do between imports."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from io import BytesIO

from sqlalchemy import Engine

from leadtriage.core.context import Act
from leadtriage.importing import ImportOptions, ImportSummary, import_file
from leadtriage.importing.parse import ReadOptions

FIRST_DAY = date(2026, 11, 2)
_READ = ReadOptions(encoding="utf-8", delimiter=",", header_rows=1, skip_rows=0)


def act_on(day: int, by: str = "Maria") -> Act:
    """Somebody's act at noon of a day, 1 being a Monday."""
    today = FIRST_DAY + timedelta(days=day - 1)
    at = datetime(today.year, today.month, today.day, 12)
    return Act(by=by, as_of=today, at=at, recorded_at=at)


def bring(engine: Engine, day: int, *lines: str, system: str = "crm") -> ImportSummary:
    """Import the lines of a CSV file on a day, the header first."""
    options = ImportOptions(read=_READ, system=system, overrides={"status": "Status"} if "Status" in lines[0] else {})
    content = "\n".join(lines).encode() + b"\n"
    return import_file(engine, None, options, act_on(day, system), stream=BytesIO(content), name=f"day{day}.csv")
