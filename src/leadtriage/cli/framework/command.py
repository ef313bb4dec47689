"""Makes a function a command: adds the common options, settles them, and turns errors into messages and exit codes."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from leadtriage.cli.framework.context import Invocation, tell_error
from leadtriage.cli.framework.terminal import give_up_on_output, say
from leadtriage.core.context import SETTINGS, OutputFormat, resolve_settings
from leadtriage.core.errors import LeadtriageError, UsageError

INTERRUPTED = 130
_PANEL = "Common options"


def _option(name: str, annotation: Any) -> Any:
    """The option of a setting. The environment is read by `settings`, so that one place says what beats what."""
    setting = SETTINGS[name]
    return Annotated[
        annotation,
        typer.Option(setting.flag, help=setting.help_line, metavar=setting.metavar, rich_help_panel=_PANEL),
    ]


_KEYWORD = inspect.Parameter.KEYWORD_ONLY
_COMMON = (
    inspect.Parameter("database", _KEYWORD, default=None, annotation=_option("database", str | None)),
    inspect.Parameter("criteria", _KEYWORD, default=None, annotation=_option("criteria", str | None)),
    inspect.Parameter("format", _KEYWORD, default=None, annotation=_option("format", OutputFormat | None)),
    inspect.Parameter("as_of", _KEYWORD, default=None, annotation=_option("as_of", str | None)),
    inspect.Parameter("by", _KEYWORD, default=None, annotation=_option("by", str | None)),
    inspect.Parameter("quiet", _KEYWORD, default=False, annotation=_option("quiet", bool)),
)


def add_command(
    app: typer.Typer,
    name: str,
    *,
    examples: tuple[str, ...],
    selects: tuple[inspect.Parameter, ...] = (),
    aside: str | None = None,
    cls: type[TyperCommand] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add a function as a command; its docstring is the help, its first argument the `Invocation`.

    Args:
        examples: whole command lines, shown below the help.
        selects: further options; their values come as its argument `selection`, of whatever type that is.
        aside: what Ctrl-C leaves, where that is not "nothing was changed".
        cls: what reads its words, where they are no usual ones.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(function, eval_str=True)
        parameters = [
            parameter.replace(kind=_KEYWORD)
            for parameter in list(own.parameters.values())[1:]
            if parameter.name != "selection"
        ]

        # A command's own option replaces the common one of its name.
        common = [parameter for parameter in _COMMON if parameter.name not in own.parameters]

        @wraps(function)
        def run_command(**given: Any) -> None:
            settings = {parameter.name: given.pop(parameter.name) for parameter in common}
            if selects:
                chosen = {parameter.name: given.pop(parameter.name) for parameter in selects}
                given["selection"] = own.parameters["selection"].annotation(**chosen)
            code = run_guarded(
                lambda: function(Invocation(resolve_settings(**settings, environment=os.environ)), **given), aside
            )
            if code:
                raise typer.Exit(code)

        signature = own.replace(parameters=[*parameters, *selects, *common])
        vars(run_command)["__signature__"] = signature
        run_command.__annotations__ = {
            parameter.name: parameter.annotation for parameter in signature.parameters.values()
        }
        epilog = "\b\nExamples:\n" + "\n".join(f"  {example}" for example in examples)
        app.command(name, cls=cls, epilog=epilog)(run_command)
        return function

    return decorate


def run_guarded(work: Callable[[], None], aside: str | None = None) -> int:
    """Do a command's work and return its exit code; what went wrong is told on standard error."""
    try:
        work()
    except LeadtriageError as error:
        tell_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        say(f"interrupted; {aside or 'nothing was changed'}")
        return INTERRUPTED
    except BrokenPipeError:
        give_up_on_output()
    except OSError as error:
        give_up_on_output()
        say(f"leadtriage: the output cannot be written: {error.strerror}")
        return LeadtriageError.exit_code
    except UnicodeEncodeError:
        say("leadtriage: an argument holds bytes that are no text")
        return UsageError.exit_code
    return 0


def end_with(code: int) -> None:
    """End a command that did its work with a code that says what it found."""
    if code:
        raise typer.Exit(code)
