"""Currencies: their decimals, and the marks that stand for them, from currencies.csv."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache, reduce
from typing import NamedTuple

from leadtriage.core.money import minor_digits
from leadtriage.importing.normalize.cells import NotRecognized, is_missing, packaged_lines, plain

_CODES_THAT_ARE_WORDS = frozenset({"ALL", "CUP", "GEL", "MAD", "PEN", "TOP", "TRY"})
"""These codes count in capitals only."""


class Currency(NamedTuple):
    """One currency of ISO 4217.

    Attributes:
        digits: the decimals of its minor unit: 2 for EUR, 0 for JPY, 3 for KWD.
        dot_groups: whether its countries write 1.234 for 1234.
    """

    code: str
    digits: int
    dot_groups: bool


class _Currencies(NamedTuple):
    """The table by code, what each mark may stand for, and what a shared mark usually stands for."""

    by_code: Mapping[str, Currency]
    by_mark: Mapping[str, frozenset[str]]
    usual: Mapping[frozenset[str], str]


@cache
def _load() -> _Currencies:
    rows = list(csv.DictReader(packaged_lines("currencies.csv")))
    marks: dict[str, set[str]] = {}
    for row in rows:
        for mark in filter(None, row["marks"].split("|")):
            marks.setdefault(mark, set()).add(row["code"])
    by_mark = {mark: frozenset(codes) for mark, codes in marks.items()}
    return _Currencies(
        {row["code"]: Currency(row["code"], minor_digits(row["code"]), row["dot_groups"] == "yes") for row in rows},
        by_mark,
        {by_mark[mark]: row["code"] for row in rows for mark in filter(None, row["usual"].split("|"))},
    )


def find_currency(code: str) -> Currency:
    """Return the currency of an ISO 4217 code.

    Raises:
        NotRecognized: there is no such currency.
    """
    currency = _load().by_code.get(code)
    if currency is None:
        raise NotRecognized(f"{code!r} is no currency of ISO 4217")
    return currency


def currencies_of_mark(mark: str) -> frozenset[str]:
    """Return the codes that a symbol, a code or a word may stand for; none where it marks no currency."""
    bare = mark.rstrip(".")
    code = bare.upper()
    if code in _load().by_code and (code not in _CODES_THAT_ARE_WORDS or bare == code):
        return frozenset({code})
    return _load().by_mark.get(bare.lower(), frozenset())


def parse_currency(text: str, default: str) -> str | None:
    """Return the currency that a cell names by its code, sign or name; `default` decides a shared sign."""
    if is_missing(text):
        return None
    codes = currencies_of_mark(plain(text))
    if not codes:
        raise NotRecognized("no currency of that code, sign or name is known")
    return choose_currency([codes], default)


def choose_currency(marks: Iterable[frozenset[str]], default: str) -> str | None:
    """Return the one currency that all marks of a text allow; None where there are no marks.

    Where they allow several ("$"), the default wins if it is among them, else the currency that usually has that mark.

    Raises:
        NotRecognized: the marks contradict each other, or nothing decides.
    """
    every = list(marks)
    if not every:
        return None
    allowed = reduce(frozenset.__and__, every)
    if not allowed:
        raise NotRecognized("several currencies")
    if len(allowed) == 1:
        return next(iter(allowed))
    if default in allowed:
        return default
    if allowed in _load().usual:
        return _load().usual[allowed]
    raise NotRecognized("its mark is that of several currencies")
