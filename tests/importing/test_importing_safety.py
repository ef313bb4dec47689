"""Whatever happens in the middle of an import: the database is sound and holds all of it or nothing."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from importing_tools import (
    act_on,
    counts,
    describe_leads,
    dump,
    import_bytes,
    import_rows,
    make_options,
    read_table,
    visible_leads,
    write_csv,
)
from sqlalchemy import Engine, event

from databases import make_database
from leadtriage.core.errors import DatabaseError, FileError
from leadtriage.criteria import example_criteria
from leadtriage.db import ImportRow, Lead, ScoreRun, connect_engine, open_database, reading, translate_errors, writing
from leadtriage.db.dialect import backend
from leadtriage.importing import import_file
from leadtriage.scoring import score_leads

HEADER = ["Record ID", "Email", "Name", "Lead Status", "Contact owner", "Last Contacted", "Notes", "Modified"]


def rows_of(count: int, day: int, first: int = 0) -> list[list[str]]:
    """A file's rows, with some for the same lead; those of another day differ in status, owner and contact."""
    words = ["NEW", "CONNECTED", "UNQUALIFIED", "Won", "Nurture"]
    return [
        [
            str(number // 2 if number % 10 == 1 else number),
            f"person{number}@acme.com",
            f"Person {number}",
            words[(number + day) % 5],
            f"Owner {day}",
            f"2026-11-0{day}" if number % 3 else "",
            "some words to fill pages with " * 5 + str(day),
            f"2026-11-0{day}",
        ]
        for number in range(first, first + count)
    ]


def small_cache(connection: Any, _record: Any) -> None:
    """Let SQLite write into the file long before the transaction ends, as it does for large imports.

    A killed process loses nothing that it wrote, so that nobody need wait for the disk.
    """
    connection.execute("PRAGMA cache_size=5")
    connection.execute("PRAGMA synchronous=OFF")


class Countdown:
    """Counts the statements and commits of an engine; may look before each, and die before one."""

    def __init__(self, engine: Engine, before_each: Callable[[], None] = lambda: None) -> None:
        self.seen = 0
        self.dies_at = 0
        self._before_each = before_each
        event.listen(engine, "before_cursor_execute", self._count)
        event.listen(engine, "commit", self._count)

    def _count(self, *_: Any) -> None:
        self.seen += 1
        self._before_each()
        if self.seen == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)


def read_whole(path: Path) -> list[str]:
    """A sound database as SQL text, after what a killed process left of its transaction was rolled back."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return list(connection.iterdump())


@pytest.fixture
def seeded(tmp_path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A database after a first import, and all that is in it."""
    path = tmp_path / "leads.db"
    engine = make_database(path)
    import_rows(engine, [HEADER, *rows_of(60, 1)], 1)
    before = dump(engine)
    engine.dispose()
    yield path, before


def count_statements(path: Path, content: bytes) -> int:
    """How many statements and commits an import takes."""
    engine = connect_engine(str(path))
    countdown = Countdown(engine)
    import_bytes(engine, content, 2)
    engine.dispose()
    return countdown.seen


@pytest.mark.skipif(os.name == "nt", reason="files that are written to cannot be copied there")
def test_what_is_on_the_disk_at_any_statement_is_sound_and_without_the_import(
    seeded: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    path, _ = seeded
    before = read_whole(path)
    engine = connect_engine(str(path))
    event.listen(engine, "connect", small_cache)
    spilled = 0

    def look() -> None:
        nonlocal spilled
        copy = tmp_path / "copy.db"
        for ending in ("", "-journal", "-wal"):
            source, target = Path(f"{path}{ending}"), Path(f"{copy}{ending}")
            target.unlink(missing_ok=True)
            if source.exists():
                shutil.copy(source, target)
                spilled += bool(ending)
        assert read_whole(copy) == before

    countdown = Countdown(engine, look)
    import_bytes(engine, write_csv([HEADER, *rows_of(90, 2)]), 2)
    assert countdown.seen > 60
    assert spilled > 10
    assert read_whole(path) != before
    engine.dispose()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_killed_in_the_middle_nothing_of_the_import_is_there(
    seeded: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    path, _ = seeded
    before = read_whole(path)
    content = write_csv([HEADER, *rows_of(90, 2)])
    copy = tmp_path / "killed.db"
    shutil.copy(path, copy)
    engine = connect_engine(str(copy))
    event.listen(engine, "connect", small_cache)
    countdown = Countdown(engine)
    import_bytes(engine, content, 2)
    engine.dispose()
    statements, countdown.seen = countdown.seen, 0
    assert statements > 60
    assert read_whole(copy) != before
    for countdown.dies_at in range(2, statements + 1, 12):
        for leftover in tmp_path.glob("killed.db*"):
            leftover.unlink()
        shutil.copy(path, copy)
        child = os.fork()
        if not child:
            try:
                import_bytes(engine, content, 2)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"statement {countdown.dies_at} of {statements} was never reached"
        assert read_whole(copy) == before, f"killed at statement {countdown.dies_at}"


def test_a_dry_run_says_the_same_and_leaves_no_trace(engine: Engine) -> None:
    import_rows(engine, [HEADER, *rows_of(20, 1)], 1)
    before = dump(engine), read_table(engine, ImportRow)
    content = write_csv([[*HEADER, "Colour"], *([*row, "red"] for row in rows_of(30, 2))])
    tried = import_bytes(engine, content, 2, dry_run=True, overrides={"need": "Notes"})
    assert (dump(engine), read_table(engine, ImportRow)) == before
    assert tried.batch is None
    done = import_bytes(engine, content, 2, overrides={"need": "Notes"})
    assert (counts(done), done.warnings) == (counts(tried), tried.warnings)
    told, remedy = zip(*(note.split(" (") for note in (*tried.notes, *done.notes)), strict=True)
    assert len(set(told)) == len(tried.notes), "the same is told"
    assert len(set(remedy)) == 2, "with another remedy"
    assert done.created and done.updated and done.merged


@pytest.mark.parametrize("schema", ["main", "temp"])
def test_a_full_disk_is_told_and_nothing_is_changed(seeded: tuple[Path, dict[str, Any]], schema: str) -> None:
    path, before = seeded
    engine = open_database(str(path))

    def limit(connection: Any, _record: Any) -> None:
        pages = connection.execute(f"PRAGMA {schema}.page_count").fetchone()[0]
        connection.execute(f"PRAGMA {schema}.max_page_count={pages + 10}")

    event.listen(engine, "connect", limit)
    engine.dispose()
    with pytest.raises(DatabaseError, match="the disk is full; nothing was changed"), translate_errors(str(path)):
        import_rows(engine, [HEADER, *rows_of(2000, 2)], 2)
    assert dump(engine) == before
    engine.dispose()
    engine = open_database(str(path))
    assert import_rows(engine, [HEADER, *rows_of(2000, 2)], 2).rows == 2000
    engine.dispose()


def test_a_file_that_cannot_be_read_to_its_end_changes_nothing(engine: Engine) -> None:
    before = dump(engine)
    with pytest.raises(FileError):
        import_bytes(engine, b"PK\x03\x04 no spreadsheet" * 100)
    with pytest.raises(FileError):
        import_bytes(engine, b"")
    assert dump(engine) == before


def test_two_imports_a_score_and_a_queue_at_once_all_succeed(seeded: tuple[Path, dict[str, Any]]) -> None:
    path, _ = seeded
    folder = path.parent
    (folder / "a.csv").write_bytes(write_csv([HEADER, *rows_of(3000, 2, first=1000)]))
    (folder / "b.csv").write_bytes(write_csv([[*HEADER, "Colour"], *([*row, "red"] for row in rows_of(3000, 3))]))
    commands = [["import", "a.csv"], ["score"], ["import", "b.csv"], ["queue"]]
    environment = os.environ | {"LEADTRIAGE_DB": str(path), "LEADTRIAGE_USER": "Maria"}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", "from leadtriage.cli.app import run; run()", *command],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    for process, command in zip(running, commands, strict=True):
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, (command, said)
    engine = open_database(str(path))
    with reading(engine) as connection:
        assert backend(connection).find_damage(connection) == ()
    leads = visible_leads(engine)
    assert {lead["email"] for lead in leads} >= {"person1002@acme.com", "person3999@acme.com", "person2998@acme.com"}
    assert sum("column:Colour" in lead for lead in leads) > 2000
    engine.dispose()


def test_what_was_read_while_leads_were_scored_is_newer_than_their_scores(seeded: tuple[Path, dict[str, Any]]) -> None:
    path, _ = seeded
    engine = open_database(str(path))
    file = path.parent / "later.csv"
    file.write_bytes(write_csv([HEADER, *rows_of(5, 3)]))
    act = act_on(3)
    scored_at = act.recorded_at + timedelta(minutes=1)

    def score(_rows: int) -> None:
        with writing(engine) as connection:
            score_leads(connection, example_criteria(), replace(act, recorded_at=scored_at))

    assert import_file(engine, file, make_options(), act, progress=score).updated
    assert [row["recorded_at"] for row in read_table(engine, ScoreRun)] == [scored_at]
    assert scored_at < max(row["changed_at"] for row in read_table(engine, Lead))
    engine.dispose()


@pytest.mark.parametrize("again", [False, True])
def test_the_number_of_statements_does_not_grow_with_the_rows(tmp_path: Path, again: bool) -> None:
    taken = []
    for count in (50, 1000):
        path = tmp_path / f"{count}.db"
        engine = make_database(path)
        if again:
            import_rows(engine, [HEADER, *rows_of(count, 1)], 1)
        engine.dispose()
        taken.append(count_statements(path, write_csv([HEADER, *rows_of(count, 2)])))
    assert taken[0] == taken[1]


def test_hostile_headers_and_cells_do_no_harm(engine: Engine) -> None:
    hostile = [
        "Email",
        "Name",
        "quote ' \" ` ; DROP TABLE lead; --",
        "[b] {x} $.a %s %(x)s :y ?",
        "🦩 \u202e\u200b \x1b[31m \x07",
        "a.b[0]",
        "",
        "NULL",
    ]
    rows = [hostile, ["ann@acme.com", "Ann 'Lee' \x1b]0;x\x07", *hostile[2:6], "x", "null"]]
    assert counts(import_rows(engine, rows, 1)) == {"rows": 1, "created": 1}
    rows[1] = ["ann@acme.com", "", *(f"{text}!" for text in hostile[2:6]), "y", "NULL!"]
    assert counts(import_rows(engine, rows, 2)) == {"rows": 1, "updated": 1}
    lead = describe_leads(engine)[0]
    assert lead["name"].startswith("Ann 'Lee'")
    assert [lead[f"column:{header}"] for header in hostile[2:6]] == [f"{text}!" for text in hostile[2:6]]


def test_a_huge_cell(sqlite_engine: Engine) -> None:
    rows = [["Email", "Notes"], ["ann@acme.com", "long " * 2_000_000], ["bob@acme.com", ""]]
    assert counts(import_rows(sqlite_engine, rows, 1)) == {"rows": 2, "created": 2}
    rows[1][1] += "!"
    assert counts(import_rows(sqlite_engine, rows, 2)) == {"rows": 2, "updated": 1, "unchanged": 1}
    assert len(describe_leads(sqlite_engine)[0]["column:Notes"]) == 10_000_001


def test_three_hundred_columns(engine: Engine) -> None:
    header = ["Email", *(f"Column number {number}" for number in range(300))]
    rows = [header, ["ann@acme.com", *map(str, range(300))], ["bob@acme.com", *[""] * 300]]
    assert counts(import_rows(engine, rows, 1)) == {"rows": 2, "created": 2}
    rows[1][1:] = [f"{number} again" for number in range(300)]
    assert counts(import_rows(engine, rows, 2)) == {"rows": 2, "updated": 1, "unchanged": 1}
    assert describe_leads(engine)[0]["column:Column number 299"] == "299 again"


def test_a_file_with_only_a_header_is_an_import_of_nothing(engine: Engine) -> None:
    summary = import_bytes(engine, b"Email,Name\n")
    assert counts(summary) == {}
    assert describe_leads(engine) == []


def test_a_thousand_rows_of_one_address_are_one_lead(engine: Engine) -> None:
    rows = [["Email", "Name", "Seats"], *(["ann@acme.com", "", str(number)] for number in range(1000))]
    assert counts(import_rows(engine, rows, 1)) == {"rows": 1000, "created": 1, "merged": 999}
    lead = describe_leads(engine)[0]
    assert (lead["email"], lead["column:Seats"]) == ("ann@acme.com", "999")
    assert len(read_table(engine, ImportRow)) == 1000
    rows.reverse()
    rows.insert(0, rows.pop())
    assert counts(import_rows(engine, rows, 2)) == {"rows": 1000, "updated": 1, "merged": 999}
