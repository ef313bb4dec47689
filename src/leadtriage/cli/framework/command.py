"""Turns functions into commands: adds the common options, and maps errors to messages and exit codes."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from leadtriage.cli.framework.context import Context, print_error
from leadtriage.cli.framework.terminal import discard_output, print_message
from leadtriage.core.context import SETTINGS, OutputFormat, resolve_settings
from leadtriage.core.errors import LeadtriageError, UsageError

FOUND = 4
"""The exit code of `--fail-if-any` when there are rows."""
INTERRUPTED = 130


def _common_option(name: str, annotation: Any, default: Any = None) -> inspect.Parameter:
    """The option of a setting. `resolve_settings` reads the environment, so that precedence is defined in one place."""
    setting = SETTINGS[name]
    option = typer.Option(setting.flag, help=setting.help_line, metavar=setting.metavar)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[annotation, option]
    )


_COMMON = (
    _common_option("database", str | None),
    _common_option("criteria", str | None),
    _common_option("format", OutputFormat | None),
    _common_option("as_of", str | None),
    _common_option("by", str | None),
    _common_option("quiet", bool, False),
)


def add_group(
    app: typer.Typer, name: str, help: str, *, cls: type[TyperGroup] = TyperGroup, needs_command: bool = True
) -> typer.Typer:
    """Add a group of commands and return it.

    Args:
        cls: the parser of its arguments.
        needs_command: without a command, show the help.
    """
    group = typer.Typer(help=help, cls=cls, no_args_is_help=needs_command, rich_markup_mode=None)
    app.add_typer(group, name=name)
    return group


def add_command(
    app: typer.Typer,
    name: str,
    function: Callable[..., None],
    *options: inspect.Parameter,
    if_interrupted: str = "nothing was changed",
    cls: type[TyperCommand] | None = None,
) -> None:
    """Add a function as a command.

    The function takes a `Context` first. Its docstring is the help: a summary, an explanation, and
    after "Examples:" whole command lines.

    Args:
        options: passed as its argument `selection`, as one object of that parameter's type.
        if_interrupted: what Ctrl-C leaves behind.
        cls: the parser of its arguments.
    """
    own = inspect.signature(function, eval_str=True)
    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in list(own.parameters.values())[1:]
        if parameter.name != "selection"
    ]
    # A command's own option replaces the common one of its name.
    common = [parameter for parameter in _COMMON if parameter.name not in own.parameters]

    @wraps(function)
    def run_command(**given: Any) -> None:
        settings = {parameter.name: given.pop(parameter.name) for parameter in common}
        if options:
            selected = {parameter.name: given.pop(parameter.name) for parameter in options}
            given["selection"] = own.parameters["selection"].annotation(**selected)

        def run() -> None:
            function(Context.of(resolve_settings(**settings, environment=os.environ)), **given)

        exit_with(run_guarded(run, if_interrupted))

    signature = own.replace(parameters=[*parameters, *options, *common])
    vars(run_command)["__signature__"] = signature
    run_command.__annotations__ = {parameter.name: parameter.annotation for parameter in signature.parameters.values()}
    help, _, examples = inspect.cleandoc(function.__doc__ or "").partition("Examples:\n")
    app.command(name, cls=cls, help=help.strip(), epilog=f"\b\nExamples:\n{examples}")(run_command)


def run_guarded(work: Callable[[], None], if_interrupted: str = "nothing was changed") -> int:
    """Do a command's work, print what went wrong on standard error, and return the exit code."""
    try:
        work()
    except LeadtriageError as error:
        print_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        print_message(f"interrupted; {if_interrupted}")
        return INTERRUPTED
    except BrokenPipeError:
        discard_output()
    except OSError as error:
        discard_output()
        print_message(f"leadtriage: cannot write the output: {error.strerror}")
        return LeadtriageError.exit_code
    except UnicodeEncodeError:
        print_message("leadtriage: an argument contains bytes that are not text")
        return UsageError.exit_code
    return 0


def exit_with(code: int) -> None:
    """End the command with an exit code that reports a result."""
    if code:
        raise typer.Exit(code)
