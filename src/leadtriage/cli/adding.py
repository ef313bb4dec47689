"""The command that adds one lead by hand: add."""

from __future__ import annotations

from typing import Annotated

import typer

from leadtriage.cli.command import add_command
from leadtriage.cli.import_options import read_region
from leadtriage.cli.invocation import Invocation
from leadtriage.errors import UsageError


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(
        app,
        "add",
        examples=(
            'leadtriage add --name "Ann Lee" --email ann@acme.example --title CEO',
            'leadtriage add --company Acme --phone "030 1234567" --region DE',
            "leadtriage add --company 'Bergmann Logistik' --set budget=20k",
        ),
    )(add)


def add(
    invocation: Invocation,
    name: Annotated[str | None, typer.Option("--name", help="The person's full name.", metavar="TEXT")] = None,
    email: Annotated[str | None, typer.Option("--email", help="The e-mail address.", metavar="TEXT")] = None,
    phone: Annotated[str | None, typer.Option("--phone", help="The phone number.", metavar="TEXT")] = None,
    company: Annotated[str | None, typer.Option("--company", help="The company.", metavar="TEXT")] = None,
    title: Annotated[str | None, typer.Option("--title", help="The job title.", metavar="TEXT")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Where it came from.", metavar="TEXT")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="The rep who has it.", metavar="TEXT")] = None,
    need: Annotated[str | None, typer.Option("--need", help="What the lead says it wants.", metavar="TEXT")] = None,
    more: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any other field: budget=20k; may be repeated.", metavar="FIELD=VALUE"),
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="Country of a phone number without a country code: DE.", metavar="XX")
    ] = None,
) -> None:
    """Add one lead by hand.

    It is read like a row of a file: what identifies a lead that is there already completes that one. It can be taken
    back with undo.
    """
    named = {
        "name": name,
        "email": email,
        "phone": phone,
        "company": company,
        "title": title,
        "source": source,
        "owner": owner,
        "need": need,
    }
    values = {field: value for field, value in named.items() if value}
    values |= dict(_split(pair) for pair in more or [])
    if not values:
        raise UsageError("there is nothing to add", hint="give at least --name, --company, --email or --phone")
    from leadtriage.importing.summary import ImportOptions
    from leadtriage.tabular import Cell, Column, Table
    from leadtriage.triage.adding import add_lead

    criteria = invocation.criteria()
    options = ImportOptions(
        region=read_region(region), currency=criteria.currency, nurture_days=criteria.follow_up.nurture
    )
    with invocation.database(create=True) as engine:
        try:
            added = add_lead(engine, values, options, invocation.act(criteria.timezone))
        except UsageError as error:
            raise UsageError(error.message, place="--set", hint=error.hint) from error
    invocation.warn_all(added.warnings)
    columns = (
        Column("id", "Id", keep=90, align="right"),
        Column("outcome", "Outcome", keep=80),
        Column("batch", "Batch", keep=70, align="right"),
    )
    row: dict[str, Cell] = {"id": added.id, "outcome": added.outcome, "batch": added.batch}
    invocation.show(Table("Added", columns, (row,)))
    invocation.note(f"next: leadtriage score; to take it back: leadtriage undo {added.batch}")


def _split(pair: str) -> tuple[str, str]:
    field, equals, value = pair.partition("=")
    if not equals or not field.strip() or not value.strip():
        raise UsageError(f'"{pair}" is not FIELD=VALUE', place="--set", hint="write --set budget=20k")
    return field.strip(), value
