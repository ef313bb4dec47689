"""The command that writes a mail's body for one owner or the manager: digest."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from leadtriage.cli.command import add_command
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.streams import write_out


class DigestFormat(StrEnum):
    """How a digest is written."""

    MARKDOWN = "markdown"
    HTML = "html"


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(
        app,
        "digest",
        examples=(
            "leadtriage digest",
            "leadtriage digest --owner 'Anna Berg' --quiet",
            "leadtriage digest --format html > digest.html",
        ),
    )(show_digest)


def show_digest(
    invocation: Invocation,
    owner: Annotated[
        str | None, typer.Option("--owner", help="The mail of this rep; without it the manager's.", metavar="NAME")
    ] = None,
    format: Annotated[
        DigestFormat, typer.Option("--format", help="What the mail is written in.", metavar="|".join(DigestFormat))
    ] = DigestFormat.MARKDOWN,
) -> None:
    """Write a mail of what is overdue, back, to be reviewed.

    For cron, to one owner or the manager: the worst overdue leads, those that came back from nurture, what waits for a
    review, and the funnel of the last seven days. With --quiet nothing is printed where there is nothing to say.
    """
    from leadtriage.output.digest import write_digest_html, write_digest_markdown
    from leadtriage.reports.digest import make_digest
    from leadtriage.reports.emptiness import explain_unknown

    with invocation.reporting() as (connection, criteria, as_of):
        digest = make_digest(connection, criteria, as_of, owner)
        if not digest.tables and owner is not None and owner.strip():
            invocation.warn_all(explain_unknown(connection, "owner", [owner]))
    if not digest.tables and invocation.settings.quiet:
        return
    write = write_digest_html if format is DigestFormat.HTML else write_digest_markdown
    remarks = digest.remarks if digest.tables else (*digest.remarks, "Nothing is overdue, back or to be reviewed.")
    write_out(write(digest.title, remarks, digest.tables))
