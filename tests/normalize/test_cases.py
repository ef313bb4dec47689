"""The readers of cells against the tables in `cases/`, to which anyone can add a line."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from leadtriage.importing import normalize
from leadtriage.importing.normalize import DateOrder, Email, Money, NotRecognized

CASES = Path(__file__).parent / "cases"


def _load() -> list[Any]:
    found = []
    for path in sorted(CASES.glob("*.yaml")):
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
        for case in table["cases"]:
            case = {"reader": table["reader"], "with": table.get("with"), **case}
            found.append(pytest.param(case, id=f"{path.stem}: {case['text']!r} {case['with'] or ''}"))
    return found


def _read(case: dict[str, Any]) -> Any:
    reader = getattr(normalize, case["reader"])
    match case["reader"]:
        case "parse_phones" | "parse_money" | "parse_exact_money" | "parse_timeline":
            return reader(case["text"], case["with"])
        case "parse_datetime":
            return reader(case["text"], DateOrder(case["with"]))
        case "parse_month_or_day":
            return reader(case["text"])[0]
        case _:
            return reader(case["text"])


def _plain(value: Any) -> Any:
    """Return a value as the tables write it; None where it is missing."""
    match value:
        case Money():
            return f"{value.amount} {value.currency}{' marked' if value.marked else ''}"
        case Email():
            return f"{value.address} {value.kind}"
        case () | (None, None):
            return None
        case tuple():
            return [_plain(each) for each in value]
        case datetime():
            return str(value)
        case date():
            return value
        case str():
            return str(value)
        case _:
            return value


@pytest.mark.parametrize("case", _load())
def test_reads_as_the_table_says(case: dict[str, Any]) -> None:
    if "not_recognized" in case:
        with pytest.raises(NotRecognized) as refusal:
            _read(case)
        assert case["not_recognized"] in refusal.value.why
    elif case.get("missing"):
        assert _plain(_read(case)) is None
    else:
        got = _plain(_read(case))
        assert got == case["gives"]
        assert type(got) is type(case["gives"])
