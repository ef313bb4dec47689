"""The commands about the definition of a good lead: criteria check, show, schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.command import add_command, end_with
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.streams import write_out
from leadtriage.errors import CriteriaError
from leadtriage.settings import OutputFormat
from leadtriage.tabular import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from leadtriage.criteria.check import CriteriaWarning
    from leadtriage.criteria.model import Criteria

FOUND = 4

_COLUMNS = (
    Column("line", "Line", keep=98, align="right"),
    Column("column", "Column", keep=90, align="right"),
    Column("severity", "Severity", keep=95),
    Column("message", "Message", keep=100),
)


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
    counted twice, fields and columns that no stored lead has. People read them on standard error; other formats than
    table write them to standard output.
    """
    is_data = invocation.settings.format is not OutputFormat.TABLE
    try:
        criteria = invocation.criteria()
    except CriteriaError as error:
        if not is_data:
            raise
        _show(invocation, map(_present_mistake, error.mistakes))
        raise CriteriaError(error.message, mistakes=(), place=error.place, hint=error.hint) from error
    warnings = _lint(invocation, criteria)
    place = str(invocation.settings.criteria or "the built-in example")
    if is_data:
        _show(invocation, map(_present_warning, warnings))
    else:
        invocation.warn_all(f"{place}:{warning.line}: {warning.text}" for warning in warnings)
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


def _show(invocation: Invocation, rows: Iterable[Mapping[str, Cell]]) -> None:
    invocation.show(Table("Criteria", _COLUMNS, tuple(rows)))


def _present_mistake(mistake: str) -> Mapping[str, Cell]:
    line, column, text = mistake.split(":", 2)
    return {"line": int(line), "column": int(column), "severity": "mistake", "message": text.strip()}


def _present_warning(warning: CriteriaWarning) -> Mapping[str, Cell]:
    return {"line": warning.line or None, "column": None, "severity": "warning", "message": warning.text}


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
