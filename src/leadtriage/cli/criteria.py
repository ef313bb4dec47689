"""The commands about the definition of a good lead: criteria check, show, schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.command import add_command, end_with
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.streams import write_out

if TYPE_CHECKING:
    from leadtriage.criteria.check import CriteriaWarning
    from leadtriage.criteria.model import Criteria

FOUND = 4


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    group = typer.Typer(help="Check, show and complete the criteria file.", no_args_is_help=True, rich_markup_mode=None)
    add_command(
        group,
        "check",
        examples=("leadtriage criteria check", "leadtriage criteria check --criteria ours.yaml --fail-if-any"),
    )(check_criteria)
    add_command(group, "show", examples=("leadtriage criteria show", "leadtriage criteria show > criteria.yaml"))(
        show_criteria
    )
    add_command(group, "schema", examples=("leadtriage criteria schema > criteria.schema.json",))(show_schema)
    app.add_typer(group, name="criteria")


def check_criteria(
    invocation: Invocation,
    fail_if_any: Annotated[bool, typer.Option("--fail-if-any", help="End with 4 where there are warnings.")] = False,
) -> None:
    """Tell every mistake in the criteria, and what looks unintended.

    Ends with 1 where there are mistakes. Warnings: tiers that can never hold, points that do not add up, words
    counted twice, fields and columns that no stored lead has.
    """
    criteria = invocation.criteria()
    warnings = _lint(invocation, criteria)
    place = str(invocation.settings.criteria or "the built-in example")
    for warning in warnings:
        invocation.warn(f"{place}:{warning.line}: {warning.text}")
    count = "1 warning" if len(warnings) == 1 else f"{len(warnings) or 'no'} warnings"
    invocation.note(f"{place}: {len(criteria.criteria)} criteria, no mistakes, {count}")
    end_with(FOUND if warnings and fail_if_any else 0)


def _lint(invocation: Invocation, criteria: Criteria) -> tuple[CriteriaWarning, ...]:
    """Look at the criteria, and at what the stored leads have where there are any."""
    from leadtriage.criteria.check import lint_criteria
    from leadtriage.errors import DatabaseError

    try:
        with invocation.reading() as connection:
            from leadtriage.reports.coverage import read_coverage

            coverage = read_coverage(connection)
    except DatabaseError:
        # The file is worth checking before the first import too.
        return lint_criteria(criteria)
    if coverage is None:
        return lint_criteria(criteria)
    return lint_criteria(criteria, known_fields=coverage.fields, known_columns=coverage.headers)


def show_criteria(invocation: Invocation) -> None:
    """Print the criteria that hold.

    The file's text, or that of the built-in example where there is none.
    """
    from leadtriage.output.safe import safe_lines

    write_out(safe_lines(invocation.criteria().text))


def show_schema(invocation: Invocation) -> None:
    """Print the JSON Schema of a criteria file.

    Editors complete and check the file by it; init writes it beside the criteria.
    """
    from leadtriage.criteria.json_schema import render_schema

    write_out(render_schema())
