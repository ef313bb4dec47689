"""The program at a terminal of its own: real keys in, and the screen as it stands. Unix only."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAM = (sys.executable, "-c", "from leadtriage.cli.app import run; run()")
WIPE = "\x1b[H\x1b[J"
_CODE = re.compile(r"\x1b\[[?0-9;]*[a-zA-Z]")
_PATIENCE = 60
"""Seconds after which what was waited for will not come."""


class Terminal:
    """One run of the program at a terminal."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        size: tuple[int, int] = (80, 24),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._ours, theirs = os.openpty()
        width, height = size
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self._process = subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PYTHONUTF8": "1", "TERM": "xterm-256color", **(environment or {})},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self.written = ""
        self._seen = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._ours)

    @property
    def screen(self) -> list[str]:
        """The lines since the screen was last wiped, without colours."""
        return _CODE.sub("", self.written.rpartition(WIPE)[2]).replace("\r", "").split("\n")

    def wait_for(self, text: str) -> None:
        """Wait until something is written, after what was waited for before."""
        while (found := _CODE.sub("", self.written).find(text, self._seen)) < 0:
            assert self._read(), f"{text!r} does not come: {self.written[-3000:]!r}"
        self._seen = found + len(text)

    def press(self, keys: str) -> None:
        """Type keys, all at once."""
        os.write(self._ours, keys.encode())

    def resize(self, width: int, height: int) -> None:
        """Make the window another size."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def end(self) -> int:
        """Wait until the program has ended and return its exit code."""
        while self._read():
            pass
        return self._process.wait(_PATIENCE)

    def is_quiet(self) -> bool:
        """Whether the terminal echoes no keys: a key is waited for."""
        return not termios.tcgetattr(self._ours)[3] & termios.ECHO

    def _read(self) -> bool:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if select.select([self._ours], [], [], 1)[0]:
                try:
                    block = os.read(self._ours, 65536)
                except OSError:
                    # Linux tells of the closed terminal by an error.
                    return False
                self.written += block.decode("utf-8", errors="replace")
                return bool(block)
        return False
