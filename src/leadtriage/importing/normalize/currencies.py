"""Currencies: their decimals, their marks and what they leave open, from currencies.csv."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from leadtriage.importing.normalize.cells import NotRecognized, packaged_lines


@dataclass(frozen=True, slots=True)
class Currency:
    """One currency of ISO 4217.

    Attributes:
        code: its three letters.
        digits: how many decimals its smaller unit has: 2 for EUR, 0 for JPY, 3 for KWD.
        dot_groups: whether its places write 1.234 for 1234.
    """

    code: str
    digits: int
    dot_groups: bool


_CODES_THAT_ARE_WORDS = frozenset({"ALL", "CUP", "GEL", "MAD", "PEN", "TOP", "TRY"})
"""Their codes count in capitals only."""


@cache
def _rows() -> list[dict[str, str]]:
    return list(csv.DictReader(packaged_lines("currencies.csv")))


@cache
def _currencies() -> dict[str, Currency]:
    return {row["code"]: Currency(row["code"], int(row["digits"]), row["dot_groups"] == "yes") for row in _rows()}


@cache
def _marks() -> dict[str, frozenset[str]]:
    """Return the currencies that every mark may stand for."""
    marks: dict[str, set[str]] = {}
    for row in _rows():
        for mark in row["marks"].split("|"):
            marks.setdefault(mark, set()).add(row["code"])
    return {mark: frozenset(codes) for mark, codes in marks.items() if mark}


@cache
def _usual() -> dict[frozenset[str], str]:
    """Return what a shared mark stands for where nothing else decides, by the currencies it may stand for."""
    return {_marks()[mark]: row["code"] for row in _rows() for mark in row["usual"].split("|") if mark}


def find_currency(code: str) -> Currency:
    """Return the currency of a code of ISO 4217.

    Raises:
        NotRecognized: there is no such currency.
    """
    try:
        return _currencies()[code]
    except KeyError:
        raise NotRecognized(f"{code!r} is no currency of ISO 4217") from None


def minor_digits(currency: str) -> int:
    """Return how many decimals the currency's smaller unit has, by ISO 4217.

    Raises:
        NotRecognized: there is no such currency.
    """
    return find_currency(currency).digits


def currencies_of_mark(mark: str) -> frozenset[str]:
    """Return the codes that a symbol, a code or a word may stand for; none where it marks no currency."""
    bare = mark.rstrip(".")
    code = bare.upper()
    if code in _currencies() and (code not in _CODES_THAT_ARE_WORDS or bare == code):
        return frozenset({code})
    return _marks().get(bare.lower(), frozenset())


def parse_currency(text: str, default: str) -> str:
    """Return the currency that a cell of its own names by its code, sign or name.

    Raises:
        NotRecognized: it names none, or leaves open which.
    """
    codes = currencies_of_mark(text.strip())
    found = choose_currency([codes], default) if codes else None
    if found is None:
        raise NotRecognized(f"{text.strip()!r} is no currency")
    return found


def choose_currency(marks: Iterable[frozenset[str]], default: str) -> str | None:
    """Return the one currency that all marks of a text agree on; None where there are no marks.

    Where they leave several open ("$"), it is the default if that is among them, else the one that usually goes so.

    Raises:
        NotRecognized: they contradict each other, or leave it open.
    """
    open_still: frozenset[str] | None = None
    for codes in marks:
        open_still = codes if open_still is None else open_still & codes
    if open_still is None:
        return None
    if not open_still:
        raise NotRecognized("several currencies")
    if len(open_still) == 1:
        return next(iter(open_still))
    if default in open_still:
        return default
    if open_still in _usual():
        return _usual()[open_still]
    raise NotRecognized("its mark is that of several currencies")
