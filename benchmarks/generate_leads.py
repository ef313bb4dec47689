"""Writes a made-up CRM export of any length, the same for the same seed.

The columns are those of a HubSpot contact export with two form questions. Values repeat as in real files: addresses,
numbers and times are nearly all distinct, companies have five contacts each, titles and industries are few, about 1 %
of phone numbers and dates have rarer forms, and many cells are empty.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import yaml

HEADERS = (
    "Record ID",
    "First Name",
    "Last Name",
    "Email",
    "Phone Number",
    "Company name",
    "Job Title",
    "Industry",
    "Number of Employees",
    "Annual Revenue",
    "Budget",
    "Country/Region",
    "City",
    "Lead Source",
    "Lead Status",
    "Create Date",
    "How can we help?",
)
MATERIAL: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("leads.yaml").read_text(encoding="utf-8"))
WORDS: Mapping[str, Sequence[str]] = MATERIAL
NEWEST = datetime.fromisoformat("2026-11-01")
OLDEST_DAYS = 730
ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Place:
    """A country with its spellings, cities and phone numbers; see `leads.yaml`."""

    weight: int
    names: Sequence[str]
    cities: Sequence[str]
    areas: Sequence[str]
    local_digits: int
    forms: Sequence[str]
    rare_forms: Sequence[str]
    domain_ending: str


PLACES = tuple(Place(**place) for place in MATERIAL["places"])


def generate_rows(rows: int, seed: int = 1) -> Iterator[Sequence[str]]:
    """Yield the headers, then that many rows of text cells."""
    yield HEADERS
    chance = Random(seed)
    companies = max(rows // 5, 1)
    for start in range(0, rows, ROWS_AT_ONCE):
        yield from _rows(range(start, min(start + ROWS_AT_ONCE, rows)), companies, chance)


def _rows(numbers: range, companies: int, chance: Random) -> Iterator[tuple[str, ...]]:
    count = len(numbers)
    firsts = chance.choices(WORDS["first_names"], k=count)
    lasts = chance.choices(WORDS["last_names"], k=count)
    places = chance.choices(PLACES, weights=[place.weight for place in PLACES], k=count)
    employers = [_company(chance.randrange(companies), place) for place in places]
    people = zip(numbers, firsts, lasts, places, employers, strict=True)
    emails, phones = [], []
    for number, first, last, place, (_, domain) in people:
        emails.append(_email(number, first, last, domain, chance))
        phones.append(_phone(number, place, chance))
    return zip(
        [str(5_000_000_001 + 7 * number) for number in numbers],
        _with_gaps(firsts, 3, chance),
        lasts,
        _with_gaps(emails, 2, chance),
        _with_gaps(phones, 12, chance),
        _with_gaps([name for name, _ in employers], 4, chance),
        _with_gaps([_title(chance) for _ in numbers], 8, chance),
        _with_gaps(chance.choices(WORDS["industries"], k=count), 15, chance),
        _with_gaps([_employees(chance) for _ in numbers], 20, chance),
        _with_gaps([_revenue(chance) for _ in numbers], 35, chance),
        _with_gaps(chance.choices(WORDS["budgets"], k=count), 50, chance),
        _with_gaps([chance.choice(place.names) for place in places], 5, chance),
        _with_gaps([chance.choice(place.cities) for place in places], 10, chance),
        chance.choices(WORDS["sources"], k=count),
        chance.choices(WORDS["statuses"], k=count),
        [_created(chance) for _ in numbers],
        _with_gaps([_need(chance) for _ in numbers], 40, chance),
        strict=True,
    )


def _with_gaps(cells: Sequence[str], percent: int, chance: Random) -> list[str]:
    return ["" if chance.random() * 100 < percent else cell for cell in cells]


def _company(number: int, place: Place) -> tuple[str, str]:
    start = WORDS["company_starts"][number % len(WORDS["company_starts"])]
    middle = WORDS["company_middles"][number // 51 % len(WORDS["company_middles"])]
    kind = WORDS["company_kinds"][number // 1275 % len(WORDS["company_kinds"])]
    form = WORDS["company_forms"][number // 12_750 % len(WORDS["company_forms"])]
    series = number // 127_500
    name = f"{start}{middle} {kind} {form}" if series == 0 else f"{start}{middle} {kind} {series + 1} {form}"
    domain = f"{start}{middle}-{kind}{number // 12_750 or ''}.{place.domain_ending}".lower()
    return name, domain


def _email(number: int, first: str, last: str, domain: str, chance: Random) -> str:
    kind = chance.random()
    if kind < 0.02:
        return f"info+{number}@{domain}"
    if kind < 0.03:
        return f"{last.lower()}{number}@mailinator.com".replace("'", "").encode("ascii", "ignore").decode()
    local = f"{first}.{last}{number}".lower().replace("'", "").encode("ascii", "ignore").decode()
    return f"{local}@{chance.choice(WORDS['free_mail_domains']) if kind < 0.25 else domain}"


def _phone(number: int, place: Place, chance: Random) -> str:
    area = place.areas[number % len(place.areas)]
    # A step that shares no factor with the numbers there are spreads neighbours and repeats nothing within a million.
    room = 8 * 10 ** (place.local_digits - 1)
    local = str(2 * 10 ** (place.local_digits - 1) + number * 7_654_321 % room)
    form = chance.choice(place.rare_forms if chance.random() < 0.01 else place.forms)
    return form.format(area=area, first=local[:-4], second=local[-4:], extension=number % 900 + 100)


def _title(chance: Random) -> str:
    if chance.random() < 0.12:
        return chance.choice(WORDS["top_titles"])
    return chance.choice(WORDS["title_ranks"]) + chance.choice(WORDS["title_trades"])


def _employees(chance: Random) -> str:
    if chance.random() < 0.6:
        return chance.choice(WORDS["employee_ranges"])
    return str(int(10 ** chance.uniform(0.3, 4)))


def _revenue(chance: Random) -> str:
    amount = round(10 ** chance.uniform(5, 8.5), -4)
    return f"${amount / 1_000_000:.1f}M" if chance.random() < 0.2 else f"{amount:.0f}"


def _created(chance: Random) -> str:
    moment = NEWEST - timedelta(minutes=chance.randrange(OLDEST_DAYS * 24 * 60))
    if chance.random() < 0.01:
        return moment.strftime(chance.choice(("%d %b, %Y %H:%M:%S", "%b %d, %Y %I:%M %p", "%Y-%m-%dT%H:%M:%SZ")))
    return moment.strftime("%Y-%m-%d %H:%M")


def _need(chance: Random) -> str:
    if chance.random() < 0.04:
        return chance.choice(WORDS["time_wasters"])
    return f"{chance.choice(WORDS['wishes'])} {chance.choice(WORDS['things'])} {chance.choice(WORDS['circumstances'])}"


def write_leads(path: Path, rows: int, seed: int = 1) -> None:
    """Write the export as UTF-8 CSV; the file gets its name when it is complete."""
    unfinished = path.with_suffix(".part")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(generate_rows(rows, seed))
    unfinished.replace(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a file of leads and return the exit code."""
    parser = argparse.ArgumentParser(description="Write a made-up CRM export.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    write_leads(chosen.file, chosen.rows, chosen.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
