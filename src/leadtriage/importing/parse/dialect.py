"""How the cells of a text are told apart, guessed from a sample; where its tables stand is left to `layout`."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from leadtriage.core.errors import UsageError
from leadtriage.importing.parse.model import Dialect, ReadOptions

if TYPE_CHECKING:
    from _csv import Reader


# How far a delimiter is trusted when all else is equal: a space or a colon also stands inside dates and words.
_TRUST = {",": 1.0, "\t": 1.0, ";": 1.0, "|": 0.98, ":": 0.7, " ": 0.65}
_QUOTES = ('"', "'")


def guess_dialect(sample: str, options: ReadOptions) -> Dialect:
    """The dialect under which most of the sample's rows have the same number of cells.

    Every delimiter is tried; its mark is the share of rows with the most common width, times how much of the
    row that width explains (1 - 1/width), times the share of quotes that stand beside it or at the end of a line.

    Raises:
        UsageError: an option can't be a delimiter, a quote or an escape.
    """
    _check(options)
    if options.delimiter:
        delimiter = options.delimiter[0]
        return _completed(sample, delimiter, options, spaced=options.delimiter[1:] == " ")
    best = _best_delimiter(sample, options)
    if best is None:
        lines = sample.splitlines(keepends=True)
        if sum(line.startswith('"') for line in lines) >= 0.8 * len(lines):
            inner = "".join(_unwrap(line) for line in lines)
            within = _best_delimiter(inner, options)
            if within is not None:
                return replace(_completed(inner, within, options, spaced=None), wrapped=True)
    return _completed(sample, best or ",", options, spaced=None)


def _best_delimiter(sample: str, options: ReadOptions) -> str | None:
    best, best_mark = None, 0.0
    for delimiter, trust in _TRUST.items():
        dialect = _completed(sample, delimiter, options, spaced=None)
        mark = _mark(sample, dialect) * trust
        if mark > best_mark + 1e-9:
            best, best_mark = delimiter, mark
    return best


def open_reader(lines: Iterable[str], dialect: Dialect, *, strict: bool) -> Reader:
    """Python's csv reader for a dialect whose lines went through `prepare_lines`."""
    return csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        doublequote=True,
        escapechar=None if dialect.quote else dialect.escape or None,
        skipinitialspace=dialect.space_after,
        strict=strict,
    )


def prepare_lines(lines: list[str], dialect: Dialect, *, has_nul: bool) -> list[str]:
    """Brings escaped quotes to the doubled form, the only one in which a stray quote can be noticed.

    A NUL before a quote is taken as its escape; any other NUL is dropped.
    """
    if dialect.wrapped:
        lines = [_unwrap(line) for line in lines]
    if has_nul:
        doubled = dialect.quote * 2
        lines = [
            line.replace("\0" + dialect.quote, doubled).replace("\0", "") if "\0" in line else line for line in lines
        ]
    if dialect.escape and dialect.quote:
        pattern = _escaped_quote(dialect)
        doubled = dialect.quote * 2
        lines = [pattern.sub(doubled, line) if dialect.escape in line else line for line in lines]
    return lines


def _unwrap(line: str) -> str:
    body = line.rstrip("\r\n")
    if len(body) < 2 or not (body.startswith('"') and body.endswith('"')):
        return line
    return body[1:-1].replace('""', '"') + line[len(body) :]


def _escaped_quote(dialect: Dialect) -> re.Pattern[str]:
    escape, quote = re.escape(dialect.escape), re.escape(dialect.quote)
    return re.compile(f"{escape}{quote}")


def _check(options: ReadOptions) -> None:
    delimiter = options.delimiter
    if delimiter is not None and (not delimiter or delimiter[1:] not in ("", " ") or delimiter[0] in "\r\n\0"):
        raise UsageError(
            f"{delimiter!r} can't be a delimiter",
            place="--delimiter",
            hint='give one character, or ", ", or "tab"',
        )
    for name, value in (("--quote", options.quote), ("--escape", options.escape)):
        if value and (len(value) > 1 or value in "\r\n" or value == delimiter):
            raise UsageError(
                f"{value!r} can't be used here", place=name, hint="give one character, or nothing for none"
            )


def _completed(sample: str, delimiter: str, options: ReadOptions, *, spaced: bool | None) -> Dialect:
    quote = _guess_quote(sample, delimiter) if options.quote is None else options.quote
    if spaced is None:
        spaced = _is_spaced(sample, delimiter, quote)
    if options.escape is None:
        escape = "\\" if _is_backslash(sample, delimiter, quote) else ""
    else:
        escape = "" if options.escape == quote else options.escape
    dialect = Dialect(delimiter, quote, escape, spaced)
    if quote and options.quote is None and _quotes_are_text(sample, dialect):
        return Dialect(delimiter, "", escape, spaced)
    return dialect


def _guess_quote(sample: str, delimiter: str) -> str:
    counts = {}
    edge = re.escape(delimiter)
    for quote in _QUOTES:
        opening = len(re.findall(rf"(?:^|{edge} ?){quote}", sample, re.MULTILINE))
        closing = len(re.findall(rf"{quote}(?=\s*$|{edge})", sample, re.MULTILINE))
        counts[quote] = min(opening, closing)
    # Apostrophes begin and end words; only where they enclose far more cells than quotes do are they quotes.
    return "'" if counts["'"] > 2 * counts['"'] else '"'


def _is_spaced(sample: str, delimiter: str, quote: str) -> bool:
    if delimiter in " \t":
        return False
    edge = re.escape(delimiter)
    if quote and re.search(rf"{edge} +{quote}[^\n]*{quote}\s*(?:{edge}|$)", sample, re.MULTILINE):
        return True
    outside = re.sub(rf"{quote}[^{quote}]*{quote}", "", sample) if quote else sample
    return outside.count(delimiter) > 0 and outside.count(delimiter) == len(re.findall(rf"{edge} (?! )", outside))


def _is_backslash(sample: str, delimiter: str, quote: str) -> bool:
    """Whether backslashes before quotes read more rows evenly than taking them as text does."""
    if not quote:
        return re.search(rf"\\[{re.escape(delimiter)}\n\\]", sample) is not None
    if f"\\{quote}" not in sample:
        return False
    plain = _damage(sample, Dialect(delimiter, quote, ""))
    return 2 * _damage(sample, Dialect(delimiter, quote, "\\")) < plain


def _quotes_are_text(sample: str, dialect: Dialect) -> bool:
    """Whether most lines break the rules of quoting, yet have the same number of cells once quotes mean nothing."""
    lines = [line for line in sample.splitlines(keepends=True) if line.strip()]
    if dialect.quote not in sample or len(lines) < 10 or _damage(sample, dialect) <= 0.3 * len(lines):
        return False
    widths = Counter(line.count(dialect.delimiter) for line in lines)
    common, count = widths.most_common(1)[0]
    return common > 0 and count >= 0.9 * len(lines)


def _damage(sample: str, dialect: Dialect) -> int:
    """How many lines do not make a sound row by themselves."""
    lines = prepare_lines(sample.splitlines(keepends=True), dialect, has_nul=False)
    broken = 0
    for line in lines:
        try:
            for _ in open_reader([line], dialect, strict=True):
                pass
        except csv.Error:
            broken += 1
    return broken


def _mark(sample: str, dialect: Dialect) -> float:
    lines = prepare_lines(sample.splitlines(keepends=True), dialect, has_nul=False)
    widths = Counter(len(row) for row in open_reader(lines, dialect, strict=False) if row and any(row))
    if not widths:
        return 0.0
    total = sum(widths.values())
    width, count = max(
        ((w, n) for w, n in widths.items() if w > 1), key=lambda item: (item[1], item[0]), default=(1, 0)
    )
    if width == 1 or (dialect.delimiter == ":" and count < 0.9 * total):
        return 0.0
    if dialect.delimiter == " " and (width == 2 or dialect.quote not in sample) and count < total:
        return 0.0
    if dialect.delimiter == " " and width == 2 and dialect.quote not in sample:
        return 0.0
    return count / total * (1 - 1 / width) * _quotes_beside(sample, dialect)


def _quotes_beside(sample: str, dialect: Dialect) -> float:
    quote = dialect.quote
    total = sample.count(quote) if quote else 0
    if not total:
        return 1.0
    edge = re.escape(dialect.delimiter)
    beside = len(re.findall(rf"(?:^|(?<={edge})|(?<={edge} )){quote}", sample, re.MULTILINE))
    beside += len(re.findall(rf"{quote}(?=\s*$|{edge})", sample, re.MULTILINE))
    doubled = 2 * sample.count(quote * 2)
    return max(0.05, min(1.0, (beside + doubled) / total))


def name_newline(sample: str) -> str:
    """Return CRLF, LF or CR, by what ends the lines of a text; mixed, or an empty text where nothing does."""
    windows = sample.count("\r\n")
    counts = {"CRLF": windows, "LF": sample.count("\n") - windows, "CR": sample.count("\r") - windows}
    used = [name for name, count in counts.items() if count > 0.02 * sum(counts.values())]
    return used[0] if len(used) == 1 else "mixed" if used else ""
