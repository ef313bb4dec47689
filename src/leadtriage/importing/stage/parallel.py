"""Reads and understands a large file in other processes while the first one stages what has come of it.

A small file is read in this process: starting others costs more than it saves. What either yields is the same.
"""

from __future__ import annotations

import gc
import marshal
import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import cycle
from typing import IO, Any, BinaryIO, NamedTuple

from leadtriage.core.context import Act
from leadtriage.core.errors import FileError, LeadtriageError
from leadtriage.importing.parse import Source
from leadtriage.importing.stage.rows import RowReader, Understanding
from leadtriage.importing.stage.tally import Tally

_LARGE = 16_000_000
"""Bytes from which other processes pay."""

_MOST_PROCESSES = 3
"""More would wait for the one that stages."""

_CHUNKS_AHEAD = 2
"""So many chunks wait to be sent while the next one is read."""

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


class _Task(NamedTuple):
    """What one process is to read: of the chunks of a file every `parts`-th, from the `part`-th on."""

    source: Source
    understanding: Understanding
    act: Act
    columns: tuple[str, ...]
    part: int = 0
    parts: int = 1


Staged = Iterator[StagedChunk | Reading]


def read_staged(source: Source, understanding: Understanding, act: Act, columns: tuple[str, ...]) -> Staged:
    """Yield the rows of a file as they are to be staged, chunk by chunk, and last what was noticed.

    Raises:
        FileError: the file cannot be read to its end.
    """
    processes = min(os.cpu_count() or 1, _MOST_PROCESSES)
    if source.size < _LARGE or processes == 1:
        return _read_here(_Task(source, understanding, act, columns))
    return _read_elsewhere([_Task(source, understanding, act, columns, part, processes) for part in range(processes)])


def _read_here(task: _Task) -> Staged:
    reader = RowReader(task.understanding, task.act)
    rows = 0
    for number, chunk in enumerate(task.source.rows()):
        first_row_id = rows + 1
        rows += len(chunk.cells)
        if number % task.parts == task.part:
            staged, keys = reader.read(chunk, first_row_id)
            present = {name: staged[name] for name in task.columns if not _is_empty(staged[name])}
            yield StagedChunk(present, keys, rows)
    yield Reading(reader.tally, task.source.warnings)


def _is_empty(values: list[Any]) -> bool:
    return not values or (values[0] is None and values.count(None) == len(values))


def _read_elsewhere(tasks: Sequence[_Task]) -> Staged:
    command = [sys.executable, "-P", "-c", f"from {__name__} import serve; serve()"]
    with ExitStack() as stack:
        answers = []
        for task in tasks:
            process = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            stack.callback(process.terminate)
            assert process.stdin is not None and process.stdout is not None
            answers.append(process.stdout)
            with process.stdin as questions:
                pickle.dump(task, questions)
        try:
            yield from _take_turns(answers)
        except (EOFError, OSError, pickle.UnpicklingError):
            raise FileError("its reading broke off", place=tasks[0].source.name, hint="try again") from None


def _take_turns(answers: Sequence[IO[bytes]]) -> Staged:
    """Yield the chunks in the order of the file: each process has every second or third of them."""
    for turn in cycle(range(len(answers))):
        packed = _receive(answers[turn])
        if packed is None:
            break
        yield StagedChunk(*marshal.loads(packed))
    outcomes: list[Reading | LeadtriageError] = []
    for number, answer in enumerate(answers):
        while number != turn and _receive(answer) is not None:
            pass
        outcomes.append(pickle.load(answer))
    first, *others = outcomes
    for outcome in outcomes:
        if isinstance(outcome, LeadtriageError):
            raise outcome
    assert isinstance(first, Reading)
    for other in others:
        assert isinstance(other, Reading)
        first.tally.include(other.tally)
    yield first


def serve() -> None:
    """Read what the first process asks for on standard input; answer on standard output, chunk by chunk."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # nothing here refers to itself, and looking for it costs a tenth of the time
    task: _Task = pickle.load(sys.stdin.buffer)
    answers = sys.stdout.buffer
    outcome: Reading | LeadtriageError | None = None
    with ThreadPoolExecutor(max_workers=1) as sender:
        sent: deque[Future[None]] = deque()
        try:
            for part in _read_here(task):
                if isinstance(part, Reading):
                    outcome = part
                    continue
                if len(sent) == _CHUNKS_AHEAD:
                    sent.popleft().result()
                sent.append(sender.submit(_send, answers, marshal.dumps(tuple(part))))
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
