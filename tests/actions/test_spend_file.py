"""Files of spend as other programs write them, and what is new in a file that was recorded in part."""

from __future__ import annotations

import io
from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from sqlalchemy import Engine, create_engine, select
from stored_leads import act_by

from leadtriage.actions import SpendLine, SpendOptions, SpendSummary, import_spend
from leadtriage.db import Spend, reading, writing
from leadtriage.db.tables.indexes import indexed_tables
from leadtriage.db.tables.lead import Row, table
from leadtriage.importing.normalize import DateOrder

OCTOBER = date(2026, 10, 1)


def read(engine: Engine, text: str, **options: Any) -> SpendSummary:
    stream = io.BytesIO(text.encode("utf-8"))
    return import_spend(
        engine, SpendOptions(**{"usual_currency": "EUR", **options}), act_by("Ann"), None, stream=stream
    )


@pytest.mark.parametrize(
    ("text", "options", "lines"),
    [
        ("month,source,amount\n2026-10,Web,900\n", {}, [SpendLine(OCTOBER, "Web", None, 90000, "EUR")]),
        (
            "Monat;Kanal;Kampagne;Kosten;Währung;Bemerkung\nOkt. 2026;Messe;K;1.200,50;EUR;Stand\n",
            {},
            [SpendLine(OCTOBER, "Messe", "K", 120050, "EUR", "Stand")],
        ),
        (
            "All accounts\n\nCampaign\tCampaign ID\tMonth\tCost\tCurrency code\nSpring\t7\t2026-10-01\t20.5\tUSD\n",
            {"source": "Ads"},
            [SpendLine(OCTOBER, "Ads", "Spring", 2050, "USD", day=OCTOBER)],
        ),
        (
            "Campaign name,Amount spent (USD)\nSpring,20\n",
            {"source": "Ads", "month": "10/2026"},
            [SpendLine(OCTOBER, "Ads", "Spring", 2000, "USD")],
        ),
        (
            "Source,Cost (£),Date\nWeb,20,31.10.2026\n",
            {"currency": "JPY"},
            [SpendLine(OCTOBER, "Web", None, 2000, "GBP", day=date(2026, 10, 31))],
        ),
        (
            "month,source,amount\n2026-10,Web,$20\n2026-10,Web,20\n",
            {"currency": "JPY"},
            [SpendLine(OCTOBER, "Web", None, 2000, "USD"), SpendLine(OCTOBER, "Web", None, 20, "JPY")],
        ),
        (
            "month,source,amount,currency\n2026-10,Web,20,\n2026-10,'=1+1,20,€\n",
            {"source": "Ads"},
            [SpendLine(OCTOBER, "Web", None, 2000, "EUR"), SpendLine(OCTOBER, "=1+1", None, 2000, "EUR")],
        ),
        (
            "month,source,amount\n2026-10,Web,1.234\n",
            {"currency": "KWD"},
            [SpendLine(OCTOBER, "Web", None, 1234, "KWD")],
        ),
        (
            "month,source,amount\n2026-10,Web,1.234\n",
            {"usual_currency": "KWD"},
            [SpendLine(OCTOBER, "Web", None, 1234, "KWD")],
        ),
    ],
)
def test_other_programs_columns_are_understood(
    sqlite_engine: Engine, text: str, options: dict[str, str], lines: list[SpendLine]
) -> None:
    summary = read(sqlite_engine, text, **options)
    assert list(summary.lines) == lines
    assert summary.rejects == ()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2026-10,Web,,", "no amount is given"),
        ("2026-10,,5,", "no source is given"),
        (",Web,5,", "no month is given"),
        ("2026-13,Web,5,", "no such month in the calendar"),
        ("2026-10,Web,5-10,", "not one exact sum"),
        ("2026-10,Web,$5,EUR", 'two currencies: "$5" is in USD, not in EUR'),
        ("2026-10,Web,5,florins", 'currency not recognised: "florins"'),
        ("2026-10,Web,5,EUR,more", "5 cells where the header has 4"),
    ],
)
def test_a_row_that_is_no_line_is_told_with_its_place(sqlite_engine: Engine, row: str, reason: str) -> None:
    summary = read(sqlite_engine, f"month,source,amount,currency\n2026-10,Web,1,EUR\n{row}\n2026-10,Web,2,EUR\n")
    (reject,) = summary.rejects
    assert (summary.rows, summary.created, summary.rejected) == (3, 2, 1)
    assert reject.line == 3
    assert reason in reject.reason
    assert row.startswith(",".join(reject.cells[:3]))


def test_lines_are_stored_with_where_they_came_from(engine: Engine) -> None:
    text = "month,source,campaign,amount,note\n2026-10,  WEB ,Élan,900.10,n\n"
    assert read(engine, text).created == 1
    assert read(engine, text).repeated
    with reading(engine) as connection:
        (line,) = connection.execute(select(table(Spend))).mappings().all()
    assert (line["id"], line["month"], line["source"], line["source_comparable"]) == (1, OCTOBER, "WEB", "web")
    assert (line["campaign"], line["campaign_comparable"], line["note"]) == ("Élan", "élan", "n")
    assert (line["amount"], line["currency"], line["by"]) == (90010, "EUR", "Ann")
    assert (line["file"], len(line["sha256"])) == ("standard input", 64)


SUMS = st.lists(st.sampled_from(["2026-10,Web,1", "2026-10,web,1", "2026-11,Web,1", "2026-10,Web,2"]), max_size=6)


@settings(max_examples=30, deadline=None)
@given(st.lists(SUMS, min_size=1, max_size=4))
def test_every_file_is_recorded_and_nothing_twice(files: list[list[str]]) -> None:
    engine = create_engine("sqlite://")
    Row.metadata.create_all(engine, indexed_tables())
    for rows in files:
        read(engine, "\n".join(["month,source,amount", *rows, ""]))
    with reading(engine) as connection:
        stored = Counter(
            f"{month:%Y-%m},{source},{amount // 100}"
            for month, source, amount in connection.execute(
                select(table(Spend).c.month, table(Spend).c.source_comparable, table(Spend).c.amount)
            )
        )
    engine.dispose()
    wanted: Counter[str] = Counter()
    for rows in files:
        wanted |= Counter(row.lower() for row in rows)
    assert stored == wanted


def daily(first: int, last: int, cost: str = "50.00") -> str:
    return "date,source,cost\n" + "".join(f"2026-10-{day:02},Ads,{cost}\n" for day in range(first, last + 1))


def test_equal_sums_of_other_days_are_other_lines(engine: Engine) -> None:
    told = [read(engine, text) for text in (daily(1, 7), daily(8, 14), daily(5, 16), daily(1, 31))]
    assert [(summary.created, summary.unchanged) for summary in told] == [(7, 0), (7, 0), (2, 10), (15, 16)]
    with reading(engine) as connection:
        stored = connection.execute(select(table(Spend).c.month, table(Spend).c.day)).all()
    assert sorted(stored) == [(OCTOBER, OCTOBER.replace(day=day)) for day in range(1, 32)]


@pytest.mark.parametrize(
    ("days", "order", "months"),
    [
        (["01/10/2026", "11/10/2026", "31/10/2026"], None, [10, 10, 10]),
        (["10/01/2026", "11/10/2026", "10/31/2026"], None, [10, 11, 10]),
        (["05.10.2026", "01.02.2026"], None, [10, 2]),
        (["05/10/2026", "05.10.2026", "2026-03"], None, [10, 3]),
        (["05/10/2026", "01/02/2026"], None, []),
        (["05/10/2026", "13/10/2026", "10/13/2026"], None, [10, 10]),
        (["05/10/2026", "01/02/2026"], DateOrder.DAY_FIRST, [10, 2]),
        (["05/10/2026", "01/02/2026"], DateOrder.MONTH_FIRST, [5, 1]),
    ],
)
def test_a_column_of_days_shows_their_order(
    sqlite_engine: Engine, days: list[str], order: DateOrder | None, months: list[int]
) -> None:
    text = "".join(f"{day},Ads,5\n" for day in ["date", *days]).replace("date,Ads,5", "date,source,cost")
    summary = read(sqlite_engine, text, date_order=order)
    assert [line.month.month for line in summary.lines] == months
    assert summary.rejected == len(days) - len(months)
    assert all("it may be 2026-" in reject.reason for reject in summary.rejects)


@pytest.mark.parametrize(
    ("first", "then", "created"),
    [
        ("2026-10", "2026-10-01", 0),
        ("2026-10-01", "2026-10", 0),
        ("2026-10-09", "2026-10", 0),
        ("2026-10", "2026-10-09", 1),
    ],
)
def test_a_month_that_a_spreadsheet_made_a_day_is_still_the_month(
    sqlite_engine: Engine, first: str, then: str, created: int
) -> None:
    assert read(sqlite_engine, f"month,source,cost\n{first},Ads,50\n").created == 1
    assert read(sqlite_engine, f"month,source,cost\n{then},Ads,50\n").created == created


def test_a_trial_stores_nothing(sqlite_engine: Engine) -> None:
    stream = io.BytesIO(b"month,source,amount\n2026-10,Web,900\n")
    options = SpendOptions("EUR", dry_run=True)
    assert import_spend(sqlite_engine, options, act_by("Ann"), None, stream=stream).created == 1
    with writing(sqlite_engine) as connection:
        assert connection.execute(select(table(Spend))).all() == []
