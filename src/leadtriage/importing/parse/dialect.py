"""How a text separates its cells: delimiter, quote and escape, detected from a sample."""

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


# How far a delimiter counts when all else is equal: a space or a colon also occurs inside dates and words.
_TRUST = {",": 1.0, "\t": 1.0, ";": 1.0, "|": 0.98, ":": 0.7, " ": 0.65}


def guess_dialect(sample: str, options: ReadOptions) -> Dialect:
    """Return the dialect under which most of the sample's rows have the same number of cells.

    The score of a delimiter is the share of rows with the most common width, times how much of the row that width
    explains (1 - 1/width), times the share of quotes beside it or at the end of a line.

    Raises:
        UsageError: an option can't be a delimiter, a quote or an escape.
    """
    _check_options(options)
    if options.delimiter:
        return _complete(sample, options.delimiter[0], options, spaced=options.delimiter[1:] == " ")
    best = _choose_dialect(sample, options)
    if best is not None:
        return best
    lines = sample.splitlines(keepends=True)
    if sum(line.startswith('"') for line in lines) >= 0.8 * len(lines):
        wrapped = _choose_dialect("".join(map(_unwrap, lines)), options)
        if wrapped is not None:
            return replace(wrapped, wrapped=True)
    return _complete(sample, ",", options, spaced=None)


def _choose_dialect(sample: str, options: ReadOptions) -> Dialect | None:
    best, best_score = None, 0.0
    for delimiter, trust in _TRUST.items():
        dialect = _complete(sample, delimiter, options, spaced=None)
        score = _score(sample, dialect) * trust
        if score > best_score + 1e-9:
            best, best_score = dialect, score
    return best


def open_reader(lines: Iterable[str], dialect: Dialect, *, strict: bool) -> Reader:
    """Return Python's csv reader for lines that went through `prepare_lines`."""
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
    """Double escaped quotes, the only form in which a stray quote can be noticed.

    A NUL before a quote is its escape; any other NUL is dropped.
    """
    quote, doubled = dialect.quote, dialect.quote * 2
    if dialect.wrapped:
        lines = list(map(_unwrap, lines))
    if has_nul:
        lines = [line.replace("\0" + quote, doubled).replace("\0", "") if "\0" in line else line for line in lines]
    if dialect.escape and quote:
        lines = [line.replace(dialect.escape + quote, doubled) for line in lines]
    return lines


def _unwrap(line: str) -> str:
    body = line.rstrip("\r\n")
    if len(body) < 2 or not (body.startswith('"') and body.endswith('"')):
        return line
    return body[1:-1].replace('""', '"') + line[len(body) :]


def _check_options(options: ReadOptions) -> None:
    delimiter = options.delimiter
    if delimiter is not None and (not delimiter or delimiter[1:] not in ("", " ") or delimiter[0] in "\r\n\0"):
        raise UsageError(
            f"{delimiter!r} can't be a delimiter", place="--delimiter", hint='give one character, or ", ", or "tab"'
        )
    for name, value in (("--quote", options.quote), ("--escape", options.escape)):
        if value and (len(value) > 1 or value in "\r\n" or value == delimiter):
            raise UsageError(
                f"{value!r} can't be used here", place=name, hint="give one character, or nothing for none"
            )


def _complete(sample: str, delimiter: str, options: ReadOptions, *, spaced: bool | None) -> Dialect:
    quote = _guess_quote(sample, delimiter) if options.quote is None else options.quote
    if spaced is None:
        spaced = _is_spaced(sample, delimiter, quote)
    escape = options.escape
    if escape is None:
        escape = "\\" if _has_backslashes(sample, delimiter, quote) else ""
    elif escape == quote:
        escape = ""
    dialect = Dialect(delimiter, quote, escape, spaced)
    if quote and options.quote is None and _quotes_are_text(sample, dialect):
        return Dialect(delimiter, "", escape, spaced)
    return dialect


def _guess_quote(sample: str, delimiter: str) -> str:
    counts = {}
    edge = re.escape(delimiter)
    for quote in ('"', "'"):
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


def _has_backslashes(sample: str, delimiter: str, quote: str) -> bool:
    """Return whether more rows are sound with backslashes as escapes than with backslashes as text."""
    if not quote:
        return re.search(rf"\\[{re.escape(delimiter)}\n\\]", sample) is not None
    if f"\\{quote}" not in sample:
        return False
    plain, escaped = (_count_damaged(sample, Dialect(delimiter, quote, escape)) for escape in ("", "\\"))
    return 2 * escaped < plain


def _quotes_are_text(sample: str, dialect: Dialect) -> bool:
    """Return whether most lines break the rules of quoting, but have the same number of cells without quoting."""
    lines = [line for line in sample.splitlines(keepends=True) if line.strip()]
    if dialect.quote not in sample or len(lines) < 10 or _count_damaged(sample, dialect) <= 0.3 * len(lines):
        return False
    reader = open_reader(prepare_lines(lines, dialect, has_nul=False), dialect, strict=True)
    try:
        for _ in reader:
            pass
        return False
    except csv.Error:
        if reader.line_num == len(lines):
            # All cells with line breaks close, up to the one that the sample cuts.
            return False
    widths = Counter(line.count(dialect.delimiter) for line in lines)
    common, count = widths.most_common(1)[0]
    return common > 0 and count >= 0.9 * len(lines)


def _count_damaged(sample: str, dialect: Dialect) -> int:
    """Return how many lines are no sound row by themselves."""
    lines = prepare_lines(sample.splitlines(keepends=True), dialect, has_nul=False)
    broken = 0
    for line in lines:
        try:
            for _ in open_reader([line], dialect, strict=True):
                pass
        except csv.Error:
            broken += 1
    return broken


def _score(sample: str, dialect: Dialect) -> float:
    lines = prepare_lines(sample.splitlines(keepends=True), dialect, has_nul=False)
    widths = Counter(len(row) for row in open_reader(lines, dialect, strict=False) if row and any(row))
    if not widths:
        return 0.0
    total = sum(widths.values())
    count, width = max(((count, width) for width, count in widths.items() if width > 1), default=(0, 1))
    if width == 1 or (dialect.delimiter == ":" and count < 0.9 * total):
        return 0.0
    # Words are separated by spaces too: such a table needs quotes or equal rows, and with two columns both.
    doubts = (width == 2) + (dialect.quote not in sample) + (count < total)
    if dialect.delimiter == " " and doubts > 1:
        return 0.0
    return count / total * (1 - 1 / width) * _share_of_quotes_beside(sample, dialect)


def _share_of_quotes_beside(sample: str, dialect: Dialect) -> float:
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
    """Return what ends the lines of a text: CRLF, LF, CR or mixed; an empty text for a single line."""
    windows = sample.count("\r\n")
    counts = {"CRLF": windows, "LF": sample.count("\n") - windows, "CR": sample.count("\r") - windows}
    used = [name for name, count in counts.items() if count > 0.02 * sum(counts.values())]
    return used[0] if len(used) == 1 else "mixed" if used else ""
