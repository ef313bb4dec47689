"""Runs the program in this process, as a shell would see it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from leadtriage.cli import app

DAY = ("--as-of", "2026-11-20")
"""The day on which the sample's story is told."""


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


class Program:
    """The program, in the test's own folder."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ran:
        """Run one command line."""
        self._capsys.readouterr()
        try:
            app.make_app(arguments[0])(list(arguments), prog_name="leadtriage")
            code: Any = 0
        except SystemExit as ended:
            code = ended.code or 0
        said = self._capsys.readouterr()
        assert isinstance(code, int)
        return Ran(code, said.out, said.err)

    def done(self, *arguments: str) -> Ran:
        """Run one that must end with 0."""
        ran = self(*arguments)
        assert ran.code == 0, ran.err
        return ran

    def define(self, further: str) -> None:
        """Write the starter's criteria with further sections at the end."""
        self.done("init")
        with Path("criteria.yaml").open("a", encoding="utf-8") as file:
            file.write(further)

    def rows(self, *arguments: str) -> Any:
        """Run one that must end with 0 and read its JSON."""
        return self.done(*arguments, "--format", "json").rows
