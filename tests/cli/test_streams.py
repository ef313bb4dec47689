"""Files that are no regular files: pipes by name and standard input."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from program import DAY, Program
from sqlalchemy import Connection, Engine, event

LEADS = b"name,email\nAnna Berg,anna@a.example.com\nBo Lund,bo@b.example.com\n"

unix = pytest.mark.skipif(sys.platform == "win32", reason="pipes with a path are Unix's")


@pytest.fixture
def pipe(tmp_path: Path) -> str:
    """A named pipe into which somebody writes leads."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(LEADS,), daemon=True).start()
    return str(path)


@unix
def test_a_named_pipe_is_imported(program: Program, pipe: str) -> None:
    (done,) = program.rows("import", pipe, *DAY)
    assert (done["file"], done["rows"], done["created"]) == (pipe, 2, 2)


@unix
@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_named_pipe_is_peeked_at(program: Program, pipe: str, form: str) -> None:
    assert "anna@a.example.com" in program.done("peek", pipe, "--format", form).out
    assert not Path("leadtriage.db").exists()


@unix
def test_an_open_pipe_is_imported_by_its_number(program: Program) -> None:
    reading, writing = os.pipe()
    os.write(writing, LEADS)
    os.close(writing)
    (done,) = program.rows("import", f"/dev/fd/{reading}", *DAY)
    os.close(reading)
    assert done["created"] == 2


@unix
def test_nothing_but_emptiness_is_said_of_a_device_without_text(program: Program) -> None:
    ran = program("import", os.devnull)
    assert ran.code == 1
    assert "empty" in ran.err


class _Watched(io.BytesIO):
    """Standard input that looks at the world while it is read."""

    def __init__(self, look: Callable[[], None]) -> None:
        super().__init__(LEADS)
        self._look = look

    def read(self, size: int | None = -1) -> bytes:
        """What is left."""
        self._look()
        return super().read(size)


@pytest.fixture
def undone() -> Iterator[ExitStack]:
    """What is to be taken back after a test."""
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("words", [("import", "-"), ("import", "-", "--dry-run"), ("peek", "-")])
def test_no_transaction_is_open_while_standard_input_is_read(
    sample: Program, monkeypatch: pytest.MonkeyPatch, undone: ExitStack, words: tuple[str, ...]
) -> None:
    at_work = []
    seen = []

    def begin(connection: Connection) -> None:
        at_work.append(connection)

    def end(connection: Connection) -> None:
        at_work.remove(connection)

    for name, listener in (("begin", begin), ("commit", end), ("rollback", end)):
        event.listen(Engine, name, listener)
        undone.callback(event.remove, Engine, name, listener)

    class Input:
        buffer = _Watched(lambda: seen.append(len(at_work)))

    monkeypatch.setattr(sys, "stdin", Input)
    sample.done(*words, *DAY)
    assert seen
    assert not any(seen)
