"""Which encoding a file is in, and its digest, in one pass; decoding itself is left to `io`."""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from leadtriage.core.errors import FileError, UsageError

BLOCK = 1 << 20
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Encoded:
    """What one pass over the bytes tells.

    Attributes:
        sha256: the digest of the bytes, in hexadecimal.
        encoding: Python's name.
        errors: "strict", or "replace" where a few bytes don't fit the encoding.
        has_nul: whether the text contains NUL characters.
        warnings: what was guessed and may be wrong.
    """

    sha256: str
    encoding: str
    errors: Literal["strict", "replace"]
    has_nul: bool
    warnings: tuple[str, ...]


def examine_bytes(path: Path, encoding: str | None, name: str) -> Encoded:
    """Reads the whole file once: its digest and its encoding.

    Order of the guesses: byte order mark, UTF-16 by where its NUL bytes stand, UTF-8 if all of it is, UTF-8
    with a few broken bytes, else cp1252 with a warning. Statistics over letters are left out on purpose: they
    take one legacy code page for another more often than asking does.

    Raises:
        FileError: the bytes are no text, or don't fit the encoding that was asked for.
        UsageError: the encoding asked for is unknown to Python.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        head = file.read(BLOCK)
        marked = _guess_by_marks(head)
        guess = _named(encoding) if encoding else marked
        if guess and marked and guess.startswith(marked):
            # The mark is then taken off instead of becoming a letter of the first name.
            guess = marked
        check = codecs.getincrementaldecoder(guess or "utf-8")("strict")
        failed_at: int | None = None
        nul = False
        offset, block = 0, head
        while block:
            digest.update(block)
            nul = nul or b"\0" in block
            if failed_at is None:
                try:
                    check.decode(block)
                except UnicodeDecodeError as error:
                    failed_at = offset + error.start
            offset += len(block)
            block = file.read(BLOCK)
        if failed_at is None:
            try:
                check.decode(b"", True)
            except UnicodeDecodeError:
                failed_at = max(offset - 1, 0)
    wide = (guess or "").startswith(("utf-16", "utf_16", "utf-32", "utf_32"))
    sha256, has_nul = digest.hexdigest(), nul and not wide
    if not wide and not encoding and _is_binary(head):
        raise FileError(
            "this is not a text file or a spreadsheet",
            place=name,
            hint="export the leads as CSV, or name the encoding with --encoding if it is text after all",
        )
    if failed_at is None:
        return Encoded(sha256, guess or "utf-8", "strict", has_nul, ())
    if encoding:
        raise FileError(f"byte {failed_at:,} is not {encoding}", place=name, hint="try another --encoding")
    window = _window(path, failed_at)
    if guess or _is_mostly_utf8(window):
        fitting = guess or "utf-8"
        note = f"some bytes are not {fitting} (the first is byte {failed_at:,}); they are shown as {_REPLACEMENT}"
        return Encoded(sha256, fitting, "replace", has_nul, (note,))
    note = "the file is not UTF-8, so it was read as cp1252 (Western Windows); if letters look wrong, say --encoding"
    return Encoded(sha256, "cp1252", "replace", has_nul, (note,))


def _named(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError as error:
        raise UsageError(
            f'unknown encoding "{encoding}"',
            place="--encoding",
            hint="names such as utf-8, utf-16, cp1252, cp1250, latin-1, shift_jis are known",
        ) from error
    try:
        "".encode(name)
        b"".decode(name)
    except LookupError as error:
        raise UsageError(f'"{encoding}" is no encoding of text', place="--encoding") from error
    return "utf-8-sig" if name == "utf-8" else name


def _guess_by_marks(head: bytes) -> str | None:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    sample = head[: len(head) // 2 * 2][:8192]
    if len(sample) < 4:
        return None
    half = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _is_binary(head: bytes) -> bool:
    sample = head[:65536]
    control = sum(sample.count(bytes((code,))) for code in range(1, 32) if code not in (9, 10, 11, 12, 13, 27, 31))
    return control > 0.02 * len(sample) or sample.count(0) > 0.2 * len(sample)


def _window(path: Path, around: int) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, around - BLOCK // 2))
        return file.read(BLOCK)


def _is_mostly_utf8(window: bytes) -> bool:
    text = window.decode("utf-8", "replace")
    broken = text.count(_REPLACEMENT)
    plain = sum(1 for letter in text if letter > "\x7f") - broken
    return plain >= 10 * broken
