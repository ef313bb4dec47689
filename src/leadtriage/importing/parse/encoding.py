"""Which encoding a file is in, and its digest, in one pass over its bytes."""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from leadtriage.core.errors import FileError, UsageError

_BLOCK = 1 << 20
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
    """The encoding of a file.

    Attributes:
        sha256: the digest of the bytes, in hexadecimal.
        encoding: Python's name.
        errors: "replace" where a few bytes don't fit the encoding.
        has_nul: whether the text contains NUL characters.
        warnings: guesses that may be wrong.
    """

    sha256: str
    encoding: str
    errors: Literal["strict", "replace"]
    has_nul: bool
    warnings: tuple[str, ...]


def examine_bytes(path: Path, encoding: str | None, name: str) -> Encoded:
    """Read the whole file once for its digest and encoding.

    The guesses in order: a byte order mark, UTF-16 by its NUL bytes, valid UTF-8, UTF-8 with a few broken bytes, else
    cp1252 with a warning. Letter statistics are left out: they confuse legacy code pages more often than people do.

    Raises:
        FileError: the bytes are no text, or don't fit the encoding that was asked for.
        UsageError: the encoding asked for is unknown to Python.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        head = file.read(_BLOCK)
        marked = _detect_by_marks(head)
        guess = _python_name(encoding) if encoding else marked
        if guess and marked and guess.startswith(marked):
            # The mark is dropped instead of becoming a letter of the first header.
            guess = marked
        check = codecs.getincrementaldecoder(guess or "utf-8")("strict")
        failed_at: int | None = None
        nul = False
        offset, block = 0, head
        while True:
            digest.update(block)
            nul = nul or b"\0" in block
            if failed_at is None:
                try:
                    check.decode(block, final=not block)
                except UnicodeDecodeError as error:
                    failed_at = offset + error.start if block else max(offset - 1, 0)
            if not block:
                break
            offset += len(block)
            block = file.read(_BLOCK)
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
    if guess or _is_mostly_utf8(path, failed_at):
        fitting = guess or "utf-8"
        note = f"some bytes are not {fitting} (the first is byte {failed_at:,}); they are shown as {_REPLACEMENT}"
        return Encoded(sha256, fitting, "replace", has_nul, (note,))
    note = "the file is not UTF-8, so it was read as cp1252 (Western Windows); if letters look wrong, say --encoding"
    return Encoded(sha256, "cp1252", "replace", has_nul, (note,))


def _python_name(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)  # fails for codecs of bytes, such as hex
        b"".decode(name)
    except LookupError as error:
        raise UsageError(
            f'unknown text encoding "{encoding}"',
            place="--encoding",
            hint="names such as utf-8, utf-16, cp1252, cp1250, latin-1, shift_jis are known",
        ) from error
    return "utf-8-sig" if name == "utf-8" else name


def _detect_by_marks(head: bytes) -> str | None:
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


def _is_mostly_utf8(path: Path, around: int) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, around - _BLOCK // 2))
        text = file.read(_BLOCK).decode("utf-8", "replace")
    broken = text.count(_REPLACEMENT)
    plain = sum(1 for letter in text if letter > "\x7f") - broken
    return plain >= 10 * broken
