"""The benchmarks measure the same data each time and write results to the right place."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import pytest

from generate_leads import HEADERS, generate_rows, write_leads
from measure import CommandFailed, Run, Series, Task, run_alternately, run_once
from process_memory import is_supported
from results import BEGIN, END, difference, draw_table, memory, ratio, write_into


def test_generated_leads_are_the_same_each_time() -> None:
    assert list(generate_rows(300)) == list(generate_rows(300))
    assert list(generate_rows(300, seed=2)) != list(generate_rows(300))


def test_generated_leads_have_the_promised_shape(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    write_leads(path, 20_001)
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    assert len(rows) == 20_001
    assert tuple(rows[0]) == HEADERS
    assert len(HEADERS) == 17
    for header in ("Record ID", "Email", "Phone Number"):
        values = [row[header] for row in rows if row[header]]
        assert len(values) == len(set(values))
    assert len({row["Job Title"] for row in rows}) <= 301
    assert 20_001 / 8 < len({row["Company name"] for row in rows}) < 20_001 / 4


def test_tasks_take_turns_and_failures_are_told(tmp_path: Path) -> None:
    turns: list[str] = []
    first = Task((sys.executable, "-c", "pass"), before=lambda: turns.append("first"))
    second = Task((sys.executable, "-c", "raise SystemExit(3)"), before=lambda: turns.append("second"), accepted=(3,))
    series = run_alternately(2, tmp_path, first=first, second=second)
    assert turns == ["first", "second"] * 2
    assert all(run.seconds > 0 for found in series.values() for run in found.runs)
    with pytest.raises(CommandFailed, match="no such thing"):
        run_once(Task((sys.executable, "-c", "raise SystemExit('no such thing')")), tmp_path)


def test_bars_are_judged_by_medians() -> None:
    slow = Series((Run(4.0, 310.0), Run(2.0, 290.0), Run(90.0, 200.0)))
    fast = Series((Run(1.0, None), Run(2.0, None)))
    assert ratio("r", slow, fast, 2.7).met
    assert not ratio("r", slow, fast, 2.6).met
    assert difference("d", slow, fast, 2.5).met
    assert not difference("d", slow, fast, 2.4).met
    assert memory("m", slow, 300).met is False
    assert memory("m", fast, 300).met is None
    assert "**no**" in draw_table([ratio("r", slow, fast, 1)])


def test_memory_is_judged_by_all_processes_together() -> None:
    several = Series((Run(1.0, 120.0, None, 250.0), Run(1.0, 130.0, None, 310.0)))
    assert memory("m", several, 310).met is True
    assert memory("m", several, 309).met is False
    assert memory("m", Series((Run(1.0, 290.0),)), 300).met is None


HOLDS_MEMORY = """
import subprocess, sys, time
held = bytes(range(256)) * 4 * 40_000
if len(sys.argv) < 2:
    subprocess.run([sys.executable, sys.argv[0], "once more"], check=True)
else:
    time.sleep(0.5)
"""


@pytest.mark.skipif(not is_supported(), reason="this system does not report proportional set sizes")
def test_memory_of_a_process_and_of_what_it_started_is_added_up(tmp_path: Path) -> None:
    script = tmp_path / "holds_memory.py"
    script.write_text(HOLDS_MEMORY, encoding="utf-8")
    run = run_once(Task((sys.executable, script), watched=True), tmp_path)
    assert run.megabytes is not None
    assert run.megabytes_together is not None
    assert 2 * 40 < run.megabytes_together < 2 * run.megabytes
    assert run_once(Task((sys.executable, "-c", "pass")), tmp_path).megabytes_together is None


def test_results_replace_only_what_stands_between_the_markers(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"head\n{BEGIN}\nold\n{END}\nfoot\n", encoding="utf-8")
    write_into(document, "new")
    write_into(document, "newer")
    assert document.read_text(encoding="utf-8") == f"head\n{BEGIN}\n\nnewer\n\n{END}\nfoot\n"


def test_the_document_has_the_markers() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "performance.md").read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
