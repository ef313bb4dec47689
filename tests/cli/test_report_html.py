"""report html: the file it writes, the numbers on it, the commands behind them, and how a browser takes it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from program import DAY, Program

from parsed_page import Element, parse_page, read_tables

PERIOD = ("--since", "2026-08-23", "--until", "2026-11-20")
"""The last 90 days of the sample's story."""


def make_page(program: Program, *options: str) -> Element:
    return parse_page(program.done("report", "html", "-", *options, *DAY).out)


def as_texts(rows: Any, *keys: str) -> list[list[str]]:
    return [["" if row[key] is None else str(row[key]) for key in keys] for row in rows]


def exact(rows: list[list[str | None]]) -> list[list[str | None]]:
    """Without the first cell, which is a word."""
    return [row[1:] for row in rows]


def test_numbers_are_those_of_the_reports(sample: Program) -> None:
    add_history(sample)
    tables = read_tables(make_page(sample))

    def report(name: str, *options: str) -> Any:
        return sample.rows(*name.split(), *options, *DAY)

    steps = ("leads", "share_of_leads", "share_of_previous", "median_days", "p90_days")
    assert exact(tables["Funnel"]) == as_texts(report("report funnel", *PERIOD), *steps)
    by_source = {row["source"]: {} for row in report("report funnel --by source", *PERIOD)}
    for row in report("report funnel --by source", *PERIOD):
        by_source[row["source"]][row["step"]] = str(row["leads"])
    shown = [[row[0], row[1], row[2], *row[4:]] for row in tables["Funnel by source"]]
    assert shown == [[name, *counts.values()] for name, counts in by_source.items()]
    sources = ("leads", "junk_reviewed", "junk_nominated", "junk_rate", "qualified", "won", "value", "spend")
    costs = ("cost_per_lead", "cost_per_qualified", "cost_per_win", "return")
    assert exact(tables["Sources, sums in USD"]) == as_texts(report("report sources", *PERIOD), *sources, *costs)
    team = ("assigned", "in_time", "late", "never", "wait_assign_days", "wait_rep_days", "promises", "kept")
    flags = ("flagged", "confirmed", "overturned", "overturn_rate")
    people = report("report team", *PERIOD)
    systems = [row for row in people if "a system" in str(row["note"])]
    assert systems and exact(tables["Junk flags"]) == as_texts([row for row in people if row["flagged"]], *flags)
    reps = [row for row in people if row not in systems]
    assert exact(tables["Team"]) == as_texts(reps, *team, "idle", "won")
    assert exact(tables["Open leads by age and grade"]) == as_texts(report("aging"), "a", "b", "c", "d", "total")
    weeks = ("came_in", "qualified", "touched", "junked", "won")
    assert [row[1:6] for row in tables["Trend"]] == as_texts(report("report trend", *PERIOD), *weeks)
    reasons: dict[tuple[str, str], int] = {}
    for row in report("report reasons", *PERIOD):
        reasons[row["kind"], row["reason"]] = reasons.get((row["kind"], row["reason"]), 0) + row["leads"]
    assert [[row[0], row[-1]] for row in tables["Reasons"]] == [
        [reason or "no reason given", str(n)] for (_, reason), n in reasons.items()
    ]
    criteria = ("criterion", "tier", "points", "known", "holds", "mean_won", "mean_lost", "nominated", "rescued")
    assert tables["Criteria"] == as_texts(report("report criteria", *PERIOD), *criteria)


def add_history(program: Program) -> None:
    """A few acts, so that the reports have something to tell."""
    qualified = program.rows("leads", "--qualified", "--stage", "new", "--limit", "6", *DAY)
    for place, lead in enumerate(qualified):
        program.done("touch", str(lead["id"]), "call", "--next", "2026-11-27", *DAY, "--by", "Anna Berg")
        if place < 2:
            program.done("close", str(lead["id"]), "won", "--value", "12000 USD", *DAY, "--by", "Anna Berg")
        elif place < 4:
            program.done("close", str(lead["id"]), "lost", "--reason", "price", *DAY, "--by", "Anna Berg")
    program.done("spend", "add", "Trade show", "1800", "--month", "2026-10", *DAY)


def test_every_command_lists_the_leads_behind_its_number(sample: Program) -> None:
    add_history(sample)
    page = make_page(sample)
    tables = read_tables(page)

    def count(section: str, number: str, **named: str) -> str:
        (part,) = (element for element in page.find("section") if element.attributes["id"] == section)
        terms = [term.text for listed in part.find("details") for term in listed.find("dt")]
        commands = [command.text for listed in part.find("details") for command in listed.find("code")]
        words = [named.get(word, word) for word in shlex.split(commands[terms.index(number)])]
        return str(len(sample.rows(*words[1:], "--all")))

    for row in tables["Funnel"]:
        assert count("funnel", str(row[0])) == row[1]
    figures = [figure.find("data")[0].attributes["value"] for figure in page.find("dl")[:5]]
    assert (count("head", "came in"), count("head", "won")) == (figures[0], figures[4])
    for row in tables["Open leads by age and grade"]:
        assert count("aging", f"{row[0]} days") == row[-1]
    for row in tables["Sources, sums in USD"][:3]:
        for number, cell in (("leads", 1), ("junk", 2), ("candidates", 3), ("qualified", 5), ("won", 6)):
            assert count("sources", number, NAME=str(row[0])) == row[cell]
    anna = next(row for row in tables["Team"] if row[0] == "Anna Berg")
    assert count("team", "any number of a row, such as late", NAME="Anna Berg", late="won") == anna[10]
    last = tables["Trend"][-1]
    week = {"MONDAY": str(last[0]), "SUNDAY": "2026-11-20"}
    for number, cell in zip(("came in", "qualified", "contacted", "junked", "won"), last[1:], strict=False):
        assert count("trend", number, **week) == cell
    assert count("trend", "stale at its end", **week) == last[6]
    price = next(row for row in tables["Reasons"] if row[0] == "price")
    assert count("reasons", "lost", REASON="price") == price[-1] == "2"
    for row in tables["Criteria"][:6]:
        named = {"NAME": str(row[0]), "ANSWER": str(row[1])}
        assert (count("criteria", "known", **named), count("criteria", "holds", **named)) == (row[3], row[4])


def test_file_is_written_whole_and_none_is_replaced_unasked(sample: Program) -> None:
    done = sample.done("report", "html", "page.html", *DAY)
    assert done.out == "" and "all reports written: page.html" in done.err
    first = Path("page.html").read_bytes()
    assert first.decode() == sample.done("report", "html", "-", *DAY).out
    refused = sample("report", "html", "page.html", *DAY)
    assert refused.code == 1 and "already exists" in refused.err and "--force" in refused.err
    sample.done("report", "html", "page.html", "--force", "--since", "2026-11-01", *DAY)
    assert Path("page.html").read_bytes() != first
    assert sample("report", "html", "page.pdf", *DAY).code == 2
    assert sample("report", "html", "new.html", "--since", "2026-11-02", "--until", "2026-11-01", *DAY).code == 2
    assert not list(Path().glob("*.unfinished")) and not Path("new.html").exists()


def test_page_names_no_lead_and_no_folder(sample: Program) -> None:
    page = sample.done("report", "html", "-", *DAY).out
    assert str(Path.cwd()) not in page
    assert "leadtriage.db" in page
    for lead in sample.rows("leads", "--all", *DAY):
        assert not lead["email"] or lead["email"] not in page
        assert not lead["name"] or lead["name"] not in page or lead["name"] in {lead["owner"]}


def test_narrowed_to_a_source_it_is_about_that_source(sample: Program) -> None:
    page = make_page(sample, "--source", "Trade show")
    assert "Leads of source 'Trade show' that came in from 23 Aug 2026" in page.find("p")[0].text
    assert [row[0] for row in read_tables(page)["Funnel by source"]] == ["Trade show"]
    for command in page.find("code"):
        assert shlex.split(command.text).count("--source") == 1 or "rates" in command.text


@pytest.fixture
def browser(tmp_path: Path) -> Any:
    pytest.importorskip("fcntl", reason="Chromium is driven over pipes")
    from browser import CHROMIUM, browsing

    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with browsing(tmp_path / "profile") as page:
        yield page


def test_chromium_shows_it_without_a_word_or_a_request(sample: Program, browser: Any) -> None:
    add_history(sample)
    sample.done("report", "html", "page.html", *DAY)
    written = parse_page(Path("page.html").read_text(encoding="utf-8"))
    browser.show(Path("page.html").resolve())
    for width in (1280, 390):
        for scheme in ("light", "dark"):
            browser.resize(width, scheme=scheme)
            assert browser.evaluate("document.documentElement.scrollWidth") == width
            assert browser.evaluate("getComputedStyle(document.body).margin") == "0px"
    browser.resize(1265)  # as beside a scrollbar
    assert browser.evaluate("[...document.querySelectorAll('.scroll')].every(e => e.scrollWidth === e.clientWidth)")
    seen = browser.evaluate(
        "[...document.querySelectorAll('tbody')].map(body => [...body.rows].map(row => "
        "[...row.cells].map(cell => cell.querySelector('data')?.value ?? cell.textContent)))"
    )
    meant = [
        [[(cell.find("data") or [None])[0] or cell for cell in row.children] for row in body.find("tr")]
        for body in written.find("tbody")
    ]
    assert seen == [[[cell.attributes.get("value", cell.text) for cell in row] for row in body] for body in meant]
    assert browser.evaluate(
        "[...document.querySelectorAll('svg')].every(svg => svg.getBoundingClientRect().width >= 0)"
    )
    assert browser.print_out().startswith(b"%PDF")
    assert browser.messages == []
    assert browser.requests == [Path("page.html").resolve().as_uri()]
