"""Says in plain words what a person's numbers ask for: late touches, broken promises, flags that were overturned.

Only what at least five cases show, the worst first; the numbers themselves are `reports.records`'.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from leadtriage.reports.flag_reasons import FlagReason
from leadtriage.reports.intervals import FEWEST
from leadtriage.reports.quantiles import find_median
from leadtriage.reports.records import Record
from leadtriage.vocabulary import DIMENSION_OF, Reason
from leadtriage.words import count_of

MOST_LINES = 3
"""Said of one person: more is not taken to heart."""

_WORTH_SAYING = 0.25
"""The share of cases that went wrong from which on it is said."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One line: `share` of the cases went wrong, 0 to 1."""

    share: float
    text: str


def coach(record: Record, flags: Iterable[FlagReason]) -> tuple[str, ...]:
    """Return at most three lines without the person's name, the worst first; none for a system."""
    if record.system:
        return ()
    found = [*_on_flags(flags), *_on_late_touches(record), *_on_promises(record)]
    worst = sorted(found, key=lambda advice: (-advice.share, advice.text))
    return tuple(advice.text for advice in worst[:MOST_LINES])


def _on_flags(flags: Iterable[FlagReason]) -> list[Advice]:
    found = []
    for flag in flags:
        text = f"{flag.overturned:,} of {flag.decided:,} {flag.reason} flags were overturned"
        if flag.unasked and flag.unasked * 2 > flag.overturned:
            whole = flag.unasked == flag.overturned
            what = f"the {DIMENSION_OF[Reason(flag.reason)]}"
            text += f": {what} was never asked" if whole else f": in {flag.unasked:,} {what} was never asked"
        found += _advise(flag.overturned, flag.decided, text)
    return found


def _on_late_touches(record: Record) -> list[Advice]:
    touched = record.in_time + record.late
    text = f"{record.late:,} of {count_of(touched, 'touched lead')} {'were' if touched > 1 else 'was'} touched late"
    rep, touch = (find_median(waits.late) for waits in (record.for_rep, record.for_touch))
    if touch is not None:
        text += f"; half of these waited {_say_days(touch)} or more for the rep"
        text += f", {_say_days(rep)} or more to be assigned" if rep else ""
    return _advise(record.late, touched, text)


def _on_promises(record: Record) -> list[Advice]:
    broken = record.promises - record.kept
    return _advise(broken, record.promises, f"kept {record.kept:,} of {count_of(record.promises, 'promise')}")


def _advise(wrong: int, cases: int, text: str) -> list[Advice]:
    if cases < FEWEST or wrong / cases < _WORTH_SAYING:
        return []
    return [Advice(wrong / cases, text)]


def _say_days(days: float) -> str:
    return f"{days:g} working {'day' if days == 1 else 'days'}"
