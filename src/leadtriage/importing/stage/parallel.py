"""The rows of a file, parsed for staging: of a large file in other processes, while this one stages them.

A small file is parsed in this process, since starting others costs more than it saves. Both ways yield the same.
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
from leadtriage.importing.stage.columns import Tally
from leadtriage.importing.stage.rows import RowReader
from leadtriage.importing.stage.settings import ParseSettings

_LARGE = 16_000_000
"""From this many bytes on, other processes pay."""
_MOST_PROCESSES = 3
"""More would wait for the process that stages."""
_CHUNKS_AHEAD = 2
"""Chunks that wait to be sent while the next one is parsed."""
_LENGTH_BYTES = 8


class StagedChunk(NamedTuple):
    """Parsed rows: the values of each column that has any, the keys, and the number of rows up to here."""

    columns: dict[str, list[Any]]
    keys: list[tuple[str, int, int]]
    rows: int


class _Task(NamedTuple):
    """What one process parses: every `parts`-th chunk of a file, from the `part`-th on."""

    source: Source
    settings: ParseSettings
    act: Act
    columns: tuple[str, ...]
    part: int = 0
    parts: int = 1


def read_staged(
    source: Source, settings: ParseSettings, act: Act, columns: tuple[str, ...]
) -> Iterator[StagedChunk | Tally]:
    """Yield the parsed rows of a file, chunk by chunk, and the tally at the end.

    Raises:
        FileError: the file cannot be read to its end.
    """
    processes = min(os.cpu_count() or 1, _MOST_PROCESSES)
    if source.size < _LARGE or processes == 1:
        return _read_here(_Task(source, settings, act, columns))
    return _read_in_processes([_Task(source, settings, act, columns, part, processes) for part in range(processes)])


def _read_here(task: _Task) -> Iterator[StagedChunk | Tally]:
    reader = RowReader(task.settings, task.act)
    rows = 0
    for number, chunk in enumerate(task.source.rows()):
        first_row_id = rows + 1
        rows += len(chunk.cells)
        if number % task.parts == task.part:
            staged, keys = reader.read(chunk, first_row_id)
            present = {name: staged[name] for name in task.columns if not _is_empty(staged[name])}
            yield StagedChunk(present, keys, rows)
    reader.tally.file_warnings = task.source.warnings
    yield reader.tally


def _is_empty(values: list[Any]) -> bool:
    return not values or (values[0] is None and values.count(None) == len(values))


def _read_in_processes(tasks: Sequence[_Task]) -> Iterator[StagedChunk | Tally]:
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
            raise FileError("reading the file was interrupted", place=tasks[0].source.name, hint="try again") from None


def _take_turns(answers: Sequence[IO[bytes]]) -> Iterator[StagedChunk | Tally]:
    """Yield the chunks in the order of the file, of which each process has every second or third."""
    for turn in cycle(range(len(answers))):
        packed = _receive(answers[turn])
        if packed is None:
            break
        yield StagedChunk(*marshal.loads(packed))
    tally: Tally | None = None
    for number, answer in enumerate(answers):
        while number != turn and _receive(answer) is not None:
            pass
        outcome: Tally | LeadtriageError = pickle.load(answer)
        if isinstance(outcome, LeadtriageError):
            raise outcome
        if tally is None:
            tally = outcome
        else:
            tally.include(outcome)
    assert tally is not None
    yield tally


def serve() -> None:
    """Parse the task on standard input, and write its chunks and its tally to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # nothing here refers to itself, and looking for it costs a tenth of the time
    task: _Task = pickle.load(sys.stdin.buffer)
    answers = sys.stdout.buffer
    outcome: Tally | LeadtriageError | None = None
    with ThreadPoolExecutor(max_workers=1) as sender:
        sent: deque[Future[None]] = deque()
        try:
            for part in _read_here(task):
                if isinstance(part, Tally):
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
    answers.write(len(packed).to_bytes(_LENGTH_BYTES))
    answers.write(packed)


def _receive(answers: IO[bytes]) -> bytes | None:
    """The next chunk; None after the last one."""
    head = answers.read(_LENGTH_BYTES)
    length = int.from_bytes(head)
    packed = answers.read(length)
    if len(head) < _LENGTH_BYTES or len(packed) < length:
        raise EOFError
    return packed if length else None
