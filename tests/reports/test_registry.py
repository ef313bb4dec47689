"""The registry of reports: its functions, docs pages and drill-down commands exist, and each fact is in it once."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import typer
from sqlalchemy import Engine
from world import TODAY, ask, random_world, view

from leadtriage.cli.app import make_app
from leadtriage.reports.page.build import settle_period
from leadtriage.reports.page.parts import build_parts
from leadtriage.reports.query import Filters
from leadtriage.reports.registry import REPORTS, Report, find_report

DOCS = Path(__file__).resolve().parents[2] / "docs"
COMMANDS = [report for report in REPORTS if report.is_report]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.command)
def test_its_function_and_docs_page_exist(report: Report) -> None:
    assert callable(report.load())
    page = (DOCS / report.docs).read_text(encoding="utf-8")
    assert f"leadtriage {report.command.split()[0]}" in page


@pytest.mark.parametrize("report", COMMANDS, ids=lambda report: report.command)
def test_a_report_has_the_columns_that_are_registered(report: Report, sqlite_engine: Engine) -> None:
    random_world(1).store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        table = report.load()(ask(connection))
    keys = [column.key for column in table.columns]
    assert ", ".join(keys) == report.row_keys[report.command]
    assert table.rows
    assert all(set(keys) <= set(row) for row in table.rows)


@pytest.mark.parametrize("report", COMMANDS, ids=lambda report: report.command)
def test_drill_down_commands_have_the_options_that_they_name(report: Report) -> None:
    assert report.drill_down
    for drill_down in report.drill_down:
        words = shlex.split(drill_down.command)
        options = read_options(words)
        assert {word for word in words if word.startswith("--")} <= options


def read_options(words: list[str]) -> set[str]:
    command = typer.main.get_command(make_app(words[0]))
    for word in words:
        children = getattr(command, "commands", {})
        if word in children:
            command = children[word]
    return {flag for parameter in command.params for flag in parameter.opts}


def test_the_page_has_a_part_for_each_report_in_the_order_of_the_registry(sqlite_engine: Engine) -> None:
    random_world(1).store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        period = settle_period(Filters(), TODAY)
        request = ask(connection, Filters(since=period.since, until=period.until))
        parts = build_parts(request)
    assert [part.name for part in parts] == [report.name for report in REPORTS if report.page is not None]


def test_an_unknown_report_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        find_report("nothing")
