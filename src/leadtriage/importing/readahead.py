"""Reads and understands a large file in a second process while the first one stages what has come of it.

A small file is read in this process: starting another costs more than it saves. What either yields is the same.
"""

from __future__ import annotations

import gc
import marshal
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, NamedTuple

from leadtriage.act import Act
from leadtriage.errors import FileError, LeadtriageError
from leadtriage.importing.source import Source
from leadtriage.importing.tally import Tally
from leadtriage.importing.understand import RowReader, Understanding

_LARGE = 16_000_000
"""Bytes from which a second process pays."""

_LENGTH = 8


class StagedChunk(NamedTuple):
    """Understood rows: the values of each column that has any, and the keys of the rows."""

    columns: dict[str, list[Any]]
    keys: list[tuple[str, int, int]]
    rows: int


class Reading(NamedTuple):
    """What is known when all rows are read."""

    tally: Tally
    warnings: tuple[str, ...]


Staged = Iterator[StagedChunk | Reading]


def read_staged(source: Source, understanding: Understanding, act: Act, columns: tuple[str, ...]) -> Staged:
    """Yield the rows of a file as they are to be staged, chunk by chunk, and last what was noticed.

    Raises:
        FileError: the file cannot be read to its end.
    """
    if source.size >= _LARGE and (os.cpu_count() or 1) > 1:
        return _read_elsewhere(source, understanding, act, columns)
    return _read_here(source, understanding, act, columns)


def _read_here(source: Source, understanding: Understanding, act: Act, columns: tuple[str, ...]) -> Staged:
    reader = RowReader(understanding, act)
    for chunk in source.rows():
        staged, keys = reader.read(chunk, reader.tally.rows + 1)
        present = {name: staged[name] for name in columns if not _is_empty(staged[name])}
        yield StagedChunk(present, keys, reader.tally.rows)
    yield Reading(reader.tally, source.warnings)


def _is_empty(values: list[Any]) -> bool:
    return values.count(None) == len(values)


def _read_elsewhere(source: Source, understanding: Understanding, act: Act, columns: tuple[str, ...]) -> Staged:
    command = [sys.executable, "-P", "-c", f"from {__name__} import serve; serve()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            with process.stdin as questions:
                pickle.dump((source, understanding, act, columns), questions)
            while (packed := _receive(process.stdout)) is not None:
                yield StagedChunk(*marshal.loads(packed))
            outcome: Reading | LeadtriageError = pickle.load(process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            raise FileError("its reading broke off", place=source.name, hint="try again") from None
        finally:
            process.terminate()
    if isinstance(outcome, LeadtriageError):
        raise outcome
    yield outcome


def serve() -> None:
    """Read what the first process asks for on standard input; answer on standard output, chunk by chunk."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # nothing here refers to itself, and looking for it costs a tenth of the time
    source, understanding, act, columns = pickle.load(sys.stdin.buffer)
    answers = sys.stdout.buffer
    outcome: Reading | LeadtriageError | None = None
    try:
        for part in _read_here(source, understanding, act, columns):
            if isinstance(part, Reading):
                outcome = part
            else:
                _send(answers, marshal.dumps(tuple(part)))
    except LeadtriageError as error:
        outcome = error
    _send(answers, b"")
    pickle.dump(outcome, answers)
    answers.flush()


def _send(answers: BinaryIO, packed: bytes) -> None:
    answers.write(len(packed).to_bytes(_LENGTH))
    answers.write(packed)


def _receive(answers: IO[bytes]) -> bytes | None:
    """The next chunk; None behind the last one."""
    head = answers.read(_LENGTH)
    length = int.from_bytes(head)
    packed = answers.read(length)
    if len(head) < _LENGTH or len(packed) < length:
        raise EOFError
    return packed if length else None
