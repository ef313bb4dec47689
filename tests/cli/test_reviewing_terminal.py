"""A review at a real terminal, by real keys: the card never scrolls, nothing that was stored is lost."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from program import Program
from rich.cells import cell_len

if sys.platform == "win32":
    pytest.skip("needs a Unix terminal", allow_module_level=True)

from terminals import Terminal

DAY = ("--as-of", "2026-11-20")
REVIEW = ("junk", "--review", "--by", "Maria", *DAY)
KEYS = "[q]uit"


def stages(sample: Program, *lead_ids: int) -> list[str]:
    return [sample.rows("show", str(lead_id))["stage"] for lead_id in lead_ids]


def test_a_review_from_the_first_key_to_the_summary(sample: Program, tmp_path: Path) -> None:
    with Terminal(tmp_path, *REVIEW) as terminal:
        terminal.wait_for(KEYS)
        assert terminal.screen[0].endswith("1 of 9")
        terminal.press("j")
        terminal.wait_for("why junk?")
        terminal.press("\r")
        terminal.wait_for("note")
        terminal.press("as it sa\x7fays: Ä\r")
        terminal.wait_for("stored: junk, test")
        terminal.wait_for(KEYS)
        terminal.press("n")
        terminal.wait_for("until when?")
        terminal.press("3w\r")
        terminal.wait_for("stored: nurture, 2026-12-11")
        terminal.wait_for(KEYS)
        terminal.press("a")
        terminal.wait_for("which question first?")
        terminal.press("1")
        terminal.wait_for("stored: ask, Budget set aside")
        terminal.wait_for(KEYS)
        terminal.press("u")
        terminal.wait_for("undone: ask")
        terminal.wait_for(KEYS)
        assert terminal.screen[0].endswith("3 of 9")
        terminal.press("l")
        terminal.wait_for("page 1 of")
        terminal.press("q")
        terminal.wait_for(KEYS)
        terminal.press("q")
        assert terminal.end() == 0
        assert "2 verdicts stored, 0 leads skipped, 7 left" in terminal.written
        assert "Overturn rates" in terminal.written
    assert stages(sample, 27, 48, 28) == ["junk", "nurture", "new"]
    told = [event["text"] for event in sample.rows("show", "27")["events"]]
    assert any("as it says: Ä" in text for text in told), told


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 12), (200, 60)])
def test_the_card_never_scrolls(sample: Program, tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    with Terminal(tmp_path, *REVIEW, size=size) as terminal:
        for key, question in (("", " > "), ("?", " > "), ("j", "why junk?"), ("-", " > "), ("s", " > "), ("a", " > ")):
            terminal.press(key)
            terminal.wait_for(question)
            assert len(terminal.screen) <= height
            assert max(map(cell_len, terminal.screen)) < width
            assert terminal.screen[0].rstrip().endswith(" of 9")


def test_a_window_that_is_made_larger_shows_more(sample: Program, tmp_path: Path) -> None:
    with Terminal(tmp_path, *REVIEW) as terminal:
        terminal.wait_for(KEYS)
        before = len(terminal.screen)
        terminal.resize(120, 40)
        terminal.press("s")
        terminal.wait_for(KEYS)
        assert before <= 23 < len(terminal.screen)


@pytest.mark.parametrize("where", ["key", "line"])
def test_ctrl_c_ends_with_130_and_keeps_what_was_stored(sample: Program, tmp_path: Path, where: str) -> None:
    with Terminal(tmp_path, *REVIEW) as terminal:
        terminal.wait_for(KEYS)
        terminal.press("jh\r")
        terminal.wait_for("stored: junk, spam")
        terminal.wait_for(KEYS)
        if where == "line":
            terminal.press("jh")
            terminal.wait_for("note")
        terminal.press("\x03")
        assert terminal.end() == 130
        assert "1 verdict stored, 0 leads skipped, 8 left" in terminal.written
        assert "Traceback" not in terminal.written
    assert stages(sample, 27, 48) == ["junk", "working"]


def test_the_end_of_input_is_the_end_of_the_review(sample: Program, tmp_path: Path) -> None:
    with Terminal(tmp_path, *REVIEW) as terminal:
        terminal.wait_for(KEYS)
        terminal.press("\x04")
        assert terminal.end() == 0
        assert "0 verdicts stored" in terminal.written


def test_what_is_typed_ahead_is_not_lost(sample: Program, tmp_path: Path) -> None:
    with Terminal(tmp_path, *REVIEW) as terminal:
        terminal.wait_for(KEYS)
        terminal.press("jhone note\rsjb\rq")
        assert terminal.end() == 0
        assert "2 verdicts stored, 1 lead skipped, 6 left" in terminal.written
    assert stages(sample, 27, 48, 28) == ["junk", "working", "junk"]


def test_other_keys_say_nothing_and_the_terminal_is_left_as_it_was(sample: Program, tmp_path: Path) -> None:
    with Terminal(tmp_path, *REVIEW) as terminal:
        terminal.wait_for(KEYS)
        assert terminal.is_quiet()
        terminal.press("\x1b[A\x1bOP\x1b[15~é漢xq")
        terminal.wait_for("0 verdicts stored, 0 leads skipped, 9 left")
        assert not terminal.is_quiet()
        assert terminal.end() == 0


@pytest.mark.parametrize(
    "environment", [{"TERM": "dumb"}, {"TERM": "dumb", "PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}]
)
def test_a_dumb_terminal_is_enough(sample: Program, tmp_path: Path, environment: dict[str, str]) -> None:
    with Terminal(tmp_path, *REVIEW, environment=environment) as terminal:
        terminal.wait_for(KEYS)
        terminal.press("?jh")
        terminal.wait_for("note")
        terminal.press("\r")
        terminal.wait_for("stored: junk, spam")
        terminal.wait_for(KEYS)
        terminal.press("q")
        assert terminal.end() == 0
        assert "\x1b" not in terminal.written
        assert "PYTHONIOENCODING" not in environment or terminal.written.isascii()
    assert stages(sample, 27) == ["junk"]


def test_a_second_look_at_the_terminal(sample: Program, tmp_path: Path) -> None:
    with Terminal(tmp_path, *REVIEW) as terminal:
        terminal.wait_for(KEYS)
        terminal.press("jh\rq")
        assert terminal.end() == 0
    with Terminal(tmp_path, "junk", "--audit", "5", "--seed", "1", "--review", "--by", "Ines", *DAY) as terminal:
        terminal.wait_for(KEYS)
        assert terminal.screen[0].endswith("1 of 1, audit")
        terminal.press("rb\r")
        assert terminal.end() == 0
        assert "1 verdict stored" in terminal.written
    assert stages(sample, 27) == ["junk"]
    rates = sample.rows("junk", "--rates")
    assert [(row["name"], row["overturned"]) for row in rates if row["kind"] == "reviewer"] == [("Maria", 1)]


def test_the_summary_is_data_for_scripts(sample: Program, tmp_path: Path) -> None:
    with Terminal(tmp_path, *REVIEW, "--format", "json", "--quiet", environment={"TERM": "dumb"}) as terminal:
        terminal.wait_for(KEYS)
        terminal.press("jh\rjh\rq")
        assert terminal.end() == 0
        _, _, summary = terminal.written.rpartition("> q")
    assert json.loads(summary) == [{"verdict": "junk", "reason": "spam", "leads": 2}]


def test_no_candidate_no_question(sample: Program, tmp_path: Path) -> None:
    with Terminal(tmp_path, *REVIEW, "--owner", "Nobody Here") as terminal:
        assert terminal.end() == 0
        assert "no lead has the owner" in terminal.written
