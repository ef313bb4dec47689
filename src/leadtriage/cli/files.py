"""Files that commands write for people: whole or not at all, and never over one that is there without being told so."""

from __future__ import annotations

import os
from pathlib import Path

from leadtriage.errors import FileError

STANDARD_OUTPUT = "-"
"""What stands for standard output where a file is named."""


def refuse_existing(path: Path) -> None:
    """Make sure that a file would not be replaced.

    Raises:
        FileError: it is there already.
    """
    if path.exists():
        raise FileError("is there already", place=str(path), hint="name another, or replace it with --force")


def write_file(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write the whole file or nothing: what is there stays until the new one is complete.

    Args:
        private: only its owner may read it.

    Raises:
        FileError: it cannot be written.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        if private:
            unfinished.unlink(missing_ok=True)
            os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise FileError(f"cannot be written: {error.strerror or error}", place=str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)
