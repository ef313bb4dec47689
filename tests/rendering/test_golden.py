"""Each output format looks as its golden file says.

Look at what changed, and where it is meant, write the files anew: `REGENERATE=1 make test PYTEST=tests/rendering`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tables import CARD, QUEUE, REVIEWED, STALE

from leadtriage.core.context import OutputFormat
from leadtriage.rendering import Screen, draw_on_screen, render_card, render_table

GOLDEN = Path(__file__).parent / "golden"

DRAWINGS: dict[str, Callable[[], str]] = {
    "queue-in-a-pipe.txt": lambda: render_table(QUEUE, OutputFormat.TABLE, Screen()),
    "queue-200-colour.txt": lambda: render_table(QUEUE, OutputFormat.TABLE, Screen(200, colour=True)),
    "queue-120.txt": lambda: render_table(QUEUE, OutputFormat.TABLE, Screen(120)),
    "queue-80.txt": lambda: render_table(QUEUE, OutputFormat.TABLE, Screen(80)),
    "queue-40.txt": lambda: render_table(QUEUE, OutputFormat.TABLE, Screen(40)),
    "queue-20-ascii.txt": lambda: render_table(QUEUE, OutputFormat.TABLE, Screen(20, unicode=False)),
    "queue-list-60.txt": lambda: render_table(QUEUE, OutputFormat.TABLE, Screen(60), as_list=True),
    "queue.json": lambda: render_table(QUEUE, OutputFormat.JSON, Screen()),
    "queue.csv": lambda: render_table(QUEUE, OutputFormat.CSV, Screen()),
    "queue.md": lambda: render_table(QUEUE, OutputFormat.MARKDOWN, Screen()),
    "stale-60.txt": lambda: render_table(STALE, OutputFormat.TABLE, Screen(60)),
    "stale.md": lambda: render_table(STALE, OutputFormat.MARKDOWN, Screen()),
    "card-70.txt": lambda: render_card(CARD, OutputFormat.TABLE, Screen(70)),
    "card-70-ascii.txt": lambda: render_card(CARD, OutputFormat.TABLE, Screen(70, unicode=False)),
    "card-in-a-pipe.txt": lambda: render_card(CARD, OutputFormat.TABLE, Screen()),
    "card.json": lambda: render_card(CARD, OutputFormat.JSON, Screen()),
    "card.csv": lambda: render_card(CARD, OutputFormat.CSV, Screen()),
    "review-80x24.txt": lambda: draw_on_screen(REVIEWED, Screen(80), 22, "3 of 50"),
    "review-80x24-colour.txt": lambda: draw_on_screen(REVIEWED, Screen(80, colour=True), 22, "3 of 50"),
    "review-80x24-ascii.txt": lambda: draw_on_screen(REVIEWED, Screen(80, unicode=False), 22, "3 of 50"),
    "review-120x40.txt": lambda: draw_on_screen(REVIEWED, Screen(120), 38, "3 of 50"),
    "review-40x12.txt": lambda: draw_on_screen(REVIEWED, Screen(40), 10, "3 of 50"),
    "card.md": lambda: render_card(CARD, OutputFormat.MARKDOWN, Screen()),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_format_looks_as_its_golden_file(name: str) -> None:
    drawn = DRAWINGS[name]()
    if os.environ.get("REGENERATE"):
        (GOLDEN / name).write_text(drawn, encoding="utf-8", newline="\n")
    with (GOLDEN / name).open(encoding="utf-8", newline="") as golden:
        assert drawn == golden.read()


def test_every_golden_file_is_of_a_format() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(DRAWINGS)
