"""Help and completion answer at once: they load nothing that only the work of a command needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "alembic",
    "disposable_email_domains",
    "email_validator",
    "jinja2",
    "phonenumbers",
    "publicsuffixlist",
    "pydantic",
    "python_calamine",
    "rich",
    "sqlalchemy",
    "sqlmodel",
    "xlsxwriter",
    "yaml",
}
RUN_AND_LIST_MODULES = """
import atexit, json, os, sys
atexit.register(lambda: os.write(2, json.dumps(sorted(sys.modules)).encode()))
sys.argv = ["leadtriage", *sys.argv[1:]]
from leadtriage.cli.app import run
run()
"""
COMPLETION = {
    "_LEADTRIAGE_COMPLETE": "complete_bash",
    "_TYPER_COMPLETE_ARGS": "leadtriage qu",
    "COMP_WORDS": "leadtriage qu",
    "COMP_CWORD": "1",
}


def run_program(folder: Path, *arguments: str, **environment: str) -> tuple[str, set[str]]:
    """Run the program in a process of its own; return what it said and the packages it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", RUN_AND_LIST_MODULES, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout, {module.partition(".")[0] for module in json.loads(done.stderr.splitlines()[-1])}


@pytest.mark.parametrize("arguments", [("--help",), ("import", "--help"), ("queue", "--help"), ("--version",)])
def test_help_loads_nothing_heavy(arguments: tuple[str, ...], tmp_path: Path) -> None:
    said, loaded = run_program(tmp_path, *arguments)
    assert "leadtriage" in said
    assert not HEAVY & loaded


def test_completion_loads_nothing_heavy(tmp_path: Path) -> None:
    said, loaded = run_program(tmp_path, **COMPLETION)
    assert "queue" in said
    assert not HEAVY & loaded
