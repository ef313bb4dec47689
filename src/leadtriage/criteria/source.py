"""Reads a criteria file's text and tells texts apart, without understanding them: quick enough for every list."""

from __future__ import annotations

import hashlib
from pathlib import Path

from leadtriage.errors import FileError

LARGEST_FILE = 4 * 1024 * 1024


def read_source(path: Path) -> str:
    """Return the text of a file in UTF-8 (or UTF-16 with its mark), its lines ended by line feeds.

    Raises:
        FileError: when it cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileError(
            f"the criteria cannot be read: {error.strerror or error}",
            place=str(path),
            hint="`leadtriage init` writes a file to start from",
        ) from error
    if len(content) > LARGEST_FILE:
        raise FileError(f"the file has {len(content):,} bytes, expected at most {LARGEST_FILE:,}", place=str(path))
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileError(
            f"line {line} holds a byte that is no {encoding.upper()}", place=str(path), hint="save the file as UTF-8"
        ) from error
    return text.replace("\r\n", "\n").removeprefix("\ufeff")


def digest_source(text: str) -> str:
    """The SHA-256 of a criteria text in hexadecimal: `Criteria.digest`."""
    return hashlib.sha256(text.removeprefix("\ufeff").encode(errors="replace")).hexdigest()


def example_text() -> str:
    """Return the example file, from the installed package or, in a checkout, from its top folder."""
    shipped = Path(__file__).with_name("example.yaml")
    if shipped.is_file():
        return shipped.read_text(encoding="utf-8")
    checkout = Path(__file__).parents[3] / "criteria.example.yaml"
    return checkout.read_text(encoding="utf-8")
