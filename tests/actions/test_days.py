"""The days that people name, for later and as bounds of a period, and the words that they give as reasons."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, strategies as st
from stored_leads import criteria

from leadtriage.actions.review import check_reason
from leadtriage.core.dates import parse_bound, parse_future_day
from leadtriage.core.errors import UsageError

WEDNESDAY = date(2026, 11, 18)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-01", date(2026, 12, 1)),
        ("today", WEDNESDAY),
        (" Tomorrow ", date(2026, 11, 19)),
        ("thursday", date(2026, 11, 19)),
        ("wednesday", date(2026, 11, 25)),
        ("next monday", date(2026, 11, 23)),
        ("on Fri", date(2026, 11, 20)),
        ("until next tue", date(2026, 11, 24)),
        ("10d", date(2026, 11, 28)),
        ("3w", date(2026, 12, 9)),
        ("3 weeks", date(2026, 12, 9)),
        ("in 3  weeks", date(2026, 12, 9)),
        ("a month from now", date(2026, 12, 18)),
        ("2m", date(2027, 1, 18)),
        ("1q", date(2027, 2, 18)),
        ("1y", date(2027, 11, 18)),
        ("next week", date(2026, 11, 23)),
        ("next month", date(2026, 12, 1)),
        ("next quarter", date(2027, 1, 1)),
        ("next year", date(2027, 1, 1)),
    ],
)
def test_a_day_is_understood(text: str, day: date) -> None:
    assert parse_future_day(text, WEDNESDAY) == day


def test_a_month_without_such_a_day_counts_to_its_last() -> None:
    assert parse_future_day("1m", date(2027, 1, 31)) == date(2027, 2, 28)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a day: ''"),
        ("someday", "not a day: 'someday'"),
        ("2026-02-30", "not a date"),
        ("9999y", "not a day: '9999y'"),
        ("2026-11-17", "2026-11-17 is in the past: today is 2026-11-18"),
        ("3/4/2027", "not a day"),
    ],
)
def test_what_is_no_day_to_come_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        parse_future_day(text, WEDNESDAY, place="--until")
    assert refused.value.place == "--until"
    assert refused.value.hint


@given(st.text(max_size=20), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_any_text_is_a_day_to_come_or_refused(text: str, today: date) -> None:
    try:
        day = parse_future_day(text, today)
    except UsageError:
        return
    assert day >= today


@given(st.integers(1, 400), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_days_and_weeks_are_counted_from_today(count: int, today: date) -> None:
    assert (parse_future_day(f"{count}d", today) - today).days == count
    assert parse_future_day(f"{count}w", today) == parse_future_day(f"{7 * count} days", today)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-01", date(2026, 11, 1)),
        (" 2027-11-01 ", date(2027, 11, 1)),
        ("today", WEDNESDAY),
        ("Yesterday", date(2026, 11, 17)),
        ("7d", date(2026, 11, 11)),
        ("7  days ago", date(2026, 11, 11)),
        ("a week ago", date(2026, 11, 11)),
        ("2w", date(2026, 11, 4)),
        ("1m", date(2026, 10, 18)),
        ("1q", date(2026, 8, 18)),
        ("one year ago", date(2025, 11, 18)),
    ],
)
def test_a_bound_of_a_period_is_understood(text: str, day: date) -> None:
    assert parse_bound(text, WEDNESDAY, place="--since") == day


@pytest.mark.parametrize(
    "text", ["", "soon", "tomorrow", "2026-02-30", "9999y", "200y", "in 3 weeks", "-3d", "01/02/2026"]
)
def test_what_is_no_bound_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_bound(text, WEDNESDAY, place="--since")
    assert refused.value.place == "--since"
    assert refused.value.hint and "yesterday, 7d, 3 weeks ago" in refused.value.hint


@given(st.integers(1, 400), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_days_back_and_days_on_are_each_others_inverse(count: int, today: date) -> None:
    assert parse_future_day(f"{count}d", parse_bound(f"{count} days ago", today, place="--since")) == today


@pytest.mark.parametrize(
    ("word", "stored"),
    [("no_budget", "no_budget"), ("No budget", "no_budget"), ("bad-timing", "bad_timing"), ("moved_abroad",) * 2],
)
def test_a_reason_is_ours_or_the_teams_own(word: str, stored: str) -> None:
    assert check_reason(criteria(), word) == stored


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("no_bugdet", "did you mean no_budget"),
        ("competitor", "is_competitor or chose_competitor"),
        ("bugdet", "did you mean no_budget?"),
        ("timing", "did you mean bad_timing?"),
        ("prize", "price"),
        ("", "known reasons: no_fit"),
        ("=1+1", "lower-case letters and underscores"),
        ("a" * 41, "lower-case letters and underscores"),
    ],
)
def test_a_misspelt_reason_is_refused_with_the_nearest(word: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_reason(criteria(), word)
    assert refused.value.hint
    assert hint in refused.value.hint
    assert refused.value.place == "--reason"


def test_a_word_that_was_used_before_is_as_good_as_ours() -> None:
    assert check_reason(criteria(), "prices", used=("prices",)) == "prices"
