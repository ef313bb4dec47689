"""The process that reads a spreadsheet for `spreadsheet`, under a memory limit where the system has one.

Call it as `python -m ... FILE TARGET SHEET`; it prints its result as one line of JSON.
"""

from __future__ import annotations

import csv
import datetime
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

import python_calamine

MOST_MEMORY = 4_000_000_000
MOST_SECONDS = 300

CellValue = int | float | str | bool | datetime.time | datetime.date | datetime.datetime | datetime.timedelta


def limit_memory() -> None:
    """Let the process die rather than take the machine's memory or an hour of its time."""
    if sys.platform == "win32":
        return
    import resource

    with suppress(OSError, ValueError):
        installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        memory = min(MOST_MEMORY, installed * 3 // 4)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def format_cell(value: CellValue) -> str:
    """Return a cell as text: dates in ISO form, whole numbers without a fraction."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.replace(microsecond=0).isoformat(sep=" ")
    return str(value)


def convert(source: str, target: str, wanted: str) -> dict[str, object]:
    """Write one sheet to `target`, and return what was read or an error with its hint."""
    with Path(source).open("rb") as file:
        workbook = python_calamine.CalamineWorkbook.from_filelike(file)
    names = workbook.sheet_names
    if not names:
        return {"error": "the spreadsheet has no sheets", "hint": ""}
    if wanted:
        name = names[int(wanted) - 1] if wanted.isdigit() and 0 < int(wanted) <= len(names) else wanted
        if name not in names:
            listed = ", ".join(f"{number} {sheet}" for number, sheet in enumerate(names, 1))
            return {"error": f'there is no sheet "{wanted}"', "hint": f"--sheet takes one of: {listed}"}
    else:
        visible = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.visible == python_calamine.SheetVisibleEnum.Visible
            and sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        candidates = visible or names
        name = next((each for each in candidates if workbook.get_sheet_by_name(each).height > 1), candidates[0])
    rows = workbook.get_sheet_by_name(name).iter_rows()
    with Path(target).open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, row in enumerate(rows, 1):
            filled = any(cell != "" for cell in row)
            writer.writerow([number, *map(format_cell, row)] if filled else [number])
    return {"sheet": name, "sheets": names}


def main() -> None:
    """Read one sheet as the arguments say."""
    limit_memory()
    try:
        result = convert(*sys.argv[1:4])
    except python_calamine.PasswordError:
        result = {"error": "the spreadsheet is protected by a password", "hint": "save it without one"}
    except (python_calamine.CalamineError, MemoryError, OSError, ValueError) as error:
        result = {"error": f"the spreadsheet can't be read: {error}", "hint": ""}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
