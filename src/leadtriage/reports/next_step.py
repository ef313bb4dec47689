"""What to do with a lead next, in a few words: for the rows of one page, from what the last run of `score` left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from leadtriage.reports.basis import Basis
from leadtriage.vocabulary import Stage
from leadtriage.words import say_day, say_weekday


def say_next_step(row: Mapping[str, Any], basis: Basis, as_of: date) -> str:
    """Return the next step for a lead.

    In this order: no way to reach it; the clock that ran out first; what was promised for today; the question whose
    answer may qualify it; back from nurture; the first touch or the follow-up that is still in time; any open
    question.

    Args:
        row: of `lead` and `lead_score`: `phone`, `email`, `bounced`, `stage`, `last_touch_on`, `first_touch_due`,
            `idle_due`, `promised_due`, `expires_on`, `needs_answers`, `next_criterion`, `next_gain`.
    """
    unreachable = _say_unreachable(row)
    if unreachable:
        return unreachable
    overdue = _say_overdue(row, as_of)
    if overdue:
        return overdue
    how = "call" if row["phone"] else "write"
    if row["promised_due"] == as_of:
        return f"{how}: promised for today"
    question = _say_question(row, basis)
    if question and row["needs_answers"]:
        return question
    if row["stage"] == Stage.NURTURE:
        return f"{how}: back from nurture"
    for due in (row["promised_due"], row["first_touch_due"], row["idle_due"]):
        if due is not None:
            what = how if due == row["first_touch_due"] else "follow up"
            return f"{what}: due today" if due == as_of else f"{what} by {say_weekday(due, as_of)}"
    return _say_expiring(row, basis, as_of) or question or how


def _say_unreachable(row: Mapping[str, Any]) -> str | None:
    if row["phone"]:
        return None
    if not row["email"]:
        return "find an e-mail address or phone number"
    return "fix e-mail: bounced" if row["bounced"] else None


def _say_overdue(row: Mapping[str, Any], as_of: date) -> str | None:
    """The clock that ran out first; the end of the shelf life only where no other has."""
    clocks = [(row[key], key) for key in ("promised_due", "first_touch_due", "idle_due") if row[key] is not None]
    due, key = min(clocks, default=(as_of, ""))
    if due >= as_of:
        expires_on = row["expires_on"]
        return _say_expired(expires_on, as_of) if expires_on is not None and expires_on < as_of else None
    if key == "promised_due":
        return f"keep the promise of {say_day(due, as_of)}"
    if key == "first_touch_due":
        return f"{'call' if row['phone'] else 'write'}: first touch overdue {(as_of - due).days} d"
    last = row["last_touch_on"]
    return f"follow up: {'idle' if last else 'overdue'} {(as_of - (last or due)).days} d"


def _say_expired(expires_on: date, as_of: date) -> str:
    return f"decide: past its shelf life {(as_of - expires_on).days} d"


def _say_expiring(row: Mapping[str, Any], basis: Basis, as_of: date) -> str | None:
    expires_on = row["expires_on"]
    if expires_on is None or (expires_on - as_of).days > basis.warn_days:
        return None
    return f"decide: its shelf life ends {say_day(expires_on, as_of)}"


def _say_question(row: Mapping[str, Any], basis: Basis) -> str | None:
    asked = basis.question(row["next_criterion"])
    if asked is None:
        return None
    gain = row["next_gain"]
    return f"ask {asked}: up to +{gain}" if gain else f"ask {asked}"
