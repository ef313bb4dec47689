"""The command that writes all reports on one page: report html."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leadtriage.cli.files import STANDARD_OUTPUT, refuse_existing, write_file
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.selection import Selection
from leadtriage.cli.streams import write_out
from leadtriage.errors import UsageError

EXAMPLES = (
    "leadtriage report html leads.html",
    "leadtriage report html page.html --since 2026-10-01 --force",
)
_ENDINGS = (".html", ".htm")


def report_html(
    invocation: Invocation,
    selection: Selection,
    file: Annotated[str, typer.Argument(help="A new .html file; - is standard output.", metavar="FILE")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file where it is there already.")] = False,
) -> None:
    """Write all reports with charts on one page.

    It is about the leads that came in within the period, the last 90 days where none is given, and compares them with
    those of the period before. The file needs nothing else and no network, prints well, and holds no lead's name.
    """
    from leadtriage.output.html.page import write_page
    from leadtriage.reports.emptiness import explain_names
    from leadtriage.reports.overview.make import make_overview

    path = None if file == STANDARD_OUTPUT else Path(file).expanduser()
    if path is not None and path.suffix.lower() not in _ENDINGS:
        raise UsageError(
            f"{file!r} does not end in {', '.join(_ENDINGS)}", place="report html", hint="name it leads.html"
        )
    if path is not None and not force:
        refuse_existing(path)
    with invocation.reporting() as (connection, criteria, as_of):
        filters = selection.filters(as_of)
        overview = make_overview(connection, criteria, filters, as_of)
        invocation.warn_all(explain_names(connection, filters))
    page = write_page(overview, (("Database", _name(invocation.settings.database)), ("Written by", _say_version())))
    if path is None:
        write_out(page)
        return
    write_file(path, page.encode("utf-8", errors="replace"))
    invocation.note(f"all reports written: {file}")


def _name(location: str) -> str:
    """A local file's name without its folder, which is nobody else's business; of a server what may be shown."""
    from leadtriage.db.engine import without_password

    return without_password(location) if "://" in location else Path(location).name


def _say_version() -> str:
    from importlib.metadata import version

    return f"leadtriage {version('leadtriage')}"
