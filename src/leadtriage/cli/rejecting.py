"""Where the rejected rows of an import go: a file that people mend and import again. What it looks like is not ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from leadtriage.cli.invocation import Invocation

if TYPE_CHECKING:
    from leadtriage.importing.summary import Reject

_ENDING = ".rejects"


class Rejecting(Protocol):
    """What an import says of the rows that it rejected; see `ImportSummary`."""

    @property
    def rejects(self) -> Sequence[Reject]:
        """Each with its line, its reason and its cells."""

    @property
    def headers(self) -> Sequence[str]:
        """Of the file."""

    @property
    def repeated(self) -> bool:
        """Whether the same file was imported before."""


def write_rejects(
    invocation: Invocation, summary: Rejecting, file: Path | None, chosen: Path | None, *, dry_run: bool
) -> None:
    """Write the rejected rows with their reasons, so that they can be mended and imported again.

    No file is ever replaced, since a person may have mended what is in it: the next free number is taken. Where the
    folder cannot be written to, the working folder is taken, then the database's.

    Args:
        file: the one that was imported; None for standard input.
        chosen: where the person wants the rejected rows; None for a file beside the imported one.
    """
    if not summary.rejects or (dry_run and chosen is None):
        return
    from leadtriage.importing.reading.rejects import write_rejected
    from leadtriage.output.documents import write_rows

    rejects = ((reject.line, reject.reason, reject.cells) for reject in summary.rejects)
    content = write_rows(write_rejected(summary.headers, rejects)).encode("utf-8", errors="replace")
    wanted = chosen or _name_rejects(file)
    refused: str | None = None
    for folder in _folders(invocation, wanted):
        target = folder / wanted.name
        try:
            written, is_new = _write_beside(target, content, repeated=summary.repeated)
        except OSError as error:
            refused = refused or f"{target} cannot be written: {error.strerror or error}"
            continue
        if refused:
            invocation.warn(f"{refused}; the rejected rows are in {written}")
        elif is_new and written.name != wanted.name:
            invocation.note(f"rejected rows: {written}, since {wanted} is there already")
        else:
            invocation.note(f"rejected rows: {written}" + ("" if is_new else ", as it was left"))
        return
    invocation.warn(f"{refused}; import the same file with --rejects FILE to have the rejected rows")


def _name_rejects(file: Path | None) -> Path:
    """The file beside an imported one; what is still wrong in a file of rejects goes to the next one of its series."""
    path = file or Path("standard-input")
    series, number = _take_number_off(path.stem)
    if path.suffix == ".csv" and series.endswith(_ENDING):
        return path.with_name(f"{series}-{number + 1}.csv")
    return path.with_name(f"{path.name}{_ENDING}.csv")


def _take_number_off(stem: str) -> tuple[str, int]:
    """A file's place in a series: `leads.csv.rejects-2` is the second one of `leads.csv.rejects`."""
    series, _, number = stem.rpartition("-")
    return (series, int(number)) if series.endswith(_ENDING) and number.isdecimal() else (stem, 1)


def _folders(invocation: Invocation, wanted: Path) -> Iterator[Path]:
    yield wanted.parent
    yield Path()
    if "://" not in invocation.settings.database:
        yield Path(invocation.settings.database).expanduser().parent


def _write_beside(target: Path, content: bytes, *, repeated: bool) -> tuple[Path, bool]:
    """Write a new file, numbered where need be; return its path, and whether it is new or was there with these rows.

    Args:
        repeated: these rows were written before; they may have been mended since.

    Raises:
        OSError: it cannot be written.
    """
    if repeated and target.is_file():
        return target, False
    if target.exists() and not target.is_file() and not target.is_dir():
        target.write_bytes(content)  # a pipe or a device, which holds nothing that could be lost
        return target, True
    series, number = _take_number_off(target.stem)
    numbered = (target.with_name(f"{series}-{following}{target.suffix}") for following in count(number + 1))
    for candidate in chain([target], numbered):
        if _write_new(candidate, content):
            return candidate, True
        if candidate.is_file() and candidate.stat().st_size == len(content) and candidate.read_bytes() == content:
            return candidate, False
    raise AssertionError("numbers do not end")


def _write_new(path: Path, content: bytes) -> bool:
    """Write the whole file or nothing; False where there is one.

    Raises:
        OSError: it cannot be written.
    """
    try:
        opened = path.open("xb")
    except FileExistsError:
        return False
    try:
        with opened:
            opened.write(content)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return True
