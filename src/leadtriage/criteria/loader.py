"""Loads criteria from a file, a text or the built-in example."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from leadtriage.core.errors import CriteriaError, FileError

if TYPE_CHECKING:
    from leadtriage.criteria.model import Criteria

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
            f"line {line} is not valid {encoding.upper()}", place=str(path), hint="save the file as UTF-8"
        ) from error
    return text.replace("\r\n", "\n").removeprefix("\ufeff")


def digest_source(text: str) -> str:
    """Return the SHA-256 of a criteria text in hexadecimal."""
    return hashlib.sha256(text.removeprefix("\ufeff").encode(errors="replace")).hexdigest()


def example_text() -> str:
    """Return the example file, from the installed package or, in a checkout, from its top folder."""
    shipped = Path(__file__).with_name("example.yaml")
    if shipped.is_file():
        return shipped.read_text(encoding="utf-8")
    checkout = Path(__file__).parents[3] / "criteria.example.yaml"
    return checkout.read_text(encoding="utf-8")


def load_criteria(text: str, *, place: str) -> Criteria:
    """Return the criteria that a text defines; `place` names its file in messages.

    Raises:
        CriteriaError: lists all mistakes, each as `line:column: what was found, what was expected`.
    """
    # Lists need a file's text and digest alone: parsing takes long to load.
    from leadtriage.criteria.parse.sections import read_root
    from leadtriage.criteria.parse.yaml import Mistakes, Place, read_yaml

    text = text.removeprefix("\ufeff")
    mistakes = Mistakes()
    root = read_yaml(text, mistakes)
    if root is None:
        if not mistakes.found:
            Place(1, 1, mistakes).report(
                "the file is empty, expected criteria; `leadtriage init` writes some to start from"
            )
        mistakes.raise_if_any(place)
    criteria = read_root(root, text, digest_source(text)) if root is not None else None
    mistakes.raise_if_any(place)
    if criteria is None:
        raise CriteriaError("the criteria cannot be read", mistakes=(), place=place)
    return criteria


def read_criteria(path: Path) -> Criteria:
    """Return the criteria of a file in UTF-8 (or UTF-16 with its mark).

    Raises:
        FileError: when it cannot be read.
        CriteriaError: when it has mistakes.
    """
    return load_criteria(read_source(path), place=str(path))


EXAMPLE_PLACE = "the built-in example"


def example_criteria() -> Criteria:
    """Return the example as criteria."""
    return load_criteria(example_text(), place=EXAMPLE_PLACE)


def starter_text(schema_path: str) -> str:
    """Return the example for a new file; its first line points editors to the JSON Schema's path or address."""
    return f"# yaml-language-server: $schema={schema_path}\n{example_text()}"
