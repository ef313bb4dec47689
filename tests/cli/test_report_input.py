"""What reports say of periods that are none and of names that nobody has."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import DAY, Program

REPORTS = ("funnel", "sources", "team", "reasons", "criteria", "trend")


@pytest.fixture
def worked(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """A database with one lead."""
    monkeypatch.chdir(tmp_path)
    program.done("add", "--name", "Ann Lee", "--source", "Partner", "--email", "ann@acme.io", *DAY)
    program.done("score", *DAY)
    return program


@pytest.mark.parametrize("words", [("report", name) for name in REPORTS] + [("report", "html", "-"), ("leads",)])
def test_a_period_that_ends_before_it_begins_is_refused(worked: Program, words: tuple[str, ...]) -> None:
    ran = worked(*words, "--since", "2026-10-31", "--until", "2026-10-01", *DAY)
    assert (ran.code, ran.out) == (2, "")
    assert "--until 2026-10-01: the period ends before it begins, on 2026-10-31" in ran.err


@pytest.mark.parametrize("words", [("report", name) for name in REPORTS] + [("report", "html", "-")])
def test_a_misspelt_source_is_told(worked: Program, words: tuple[str, ...]) -> None:
    assert (
        "no lead has the source “Partnr”; did you mean “Partner”?"
        in worked.done(*words, "--source", "Partnr", *DAY).err
    )
    assert "has the source" not in worked.done(*words, "--source", "partner", *DAY).err
