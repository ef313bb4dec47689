"""Every page with sessions is run, and shows what the program prints.

After an intended change of the output, update them: `REGENERATE=1 make test PYTEST=tests/cli/test_documents.py`.
"""

from __future__ import annotations

import io
import os
import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path

import pytest

from conftest import copy_sample
from leadtriage.cli import app
from leadtriage.cli.framework.context import make_act
from leadtriage.core.context import Act
from leadtriage.criteria import example_text

PROJECT = Path(__file__).resolve().parents[2]
ADDED = re.compile(r"^```yaml\n(# at the end of criteria\.yaml\n.*?)```$", re.MULTILINE | re.DOTALL)
SESSION = re.compile(r"^```console\n\$ (leadtriage [^\n]*)\n(.*?)```$", re.MULTILINE | re.DOTALL)


def find_documents() -> list[str]:
    """The pages with sessions: a command in a block of its own, followed by what it prints."""
    pages = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
    return [
        page.relative_to(PROJECT).as_posix()
        for page in pages
        if any(printed and not printed.startswith("$ ") for _, printed in SESSION.findall(page.read_text("utf-8")))
    ]


DOCUMENTS = find_documents()


def run_command(line: str) -> str:
    """What a command writes to both streams, in the order in which it writes."""
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="utf-8", write_through=True)
    words = shlex.split(line)[1:]
    with redirect_stdout(stream), redirect_stderr(stream), pytest.raises(SystemExit):
        app.make_app(words[0])(words, prog_name="leadtriage")
    return written.getvalue().decode("utf-8")


def at_half_past_nine(by: str, as_of: date | None, timezone: str | None) -> Act:
    act = make_act(by, as_of, timezone)
    return replace(act, at=datetime.combine(act.as_of, time(9, 30)))


def test_the_pages_with_sessions_are_found() -> None:
    assert len(DOCUMENTS) >= 10
    assert {"README.md", "docs/tutorial.md"} <= {*DOCUMENTS}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_sessions_are_what_the_program_says(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_sample(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("leadtriage.cli.framework.context.make_act", at_half_past_nine)
    for variable in ("LEADTRIAGE_DB", "LEADTRIAGE_CRITERIA", "NO_COLOR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LEADTRIAGE_USER", "maria")
    monkeypatch.setenv("COLUMNS", "100")
    text = (PROJECT / name).read_text(encoding="utf-8")
    if added := ADDED.search(text):
        (tmp_path / "criteria.yaml").write_text(example_text() + added[1], encoding="utf-8")
    ran = SESSION.sub(lambda session: f"```console\n$ {session[1]}\n{run_command(session[1])}```", text)
    if os.environ.get("REGENERATE"):
        (PROJECT / name).write_text(ran, encoding="utf-8", newline="\n")
        text = ran
    assert len(SESSION.findall(text)) >= 5
    assert ran == text
