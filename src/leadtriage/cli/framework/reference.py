"""Generates the reference of all commands from the program: `docs/cli.md`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer

from leadtriage.cli.app import make_app
from leadtriage.core.context import SETTINGS
from leadtriage.reports.registry import REPORTS

_HEAD = """\
# Commands

<!-- Generated from the program by `make docs`; do not edit. -->

Data goes to standard output, everything else (progress, warnings, hints) to standard error. In a pipe, tables are plain
text at full width. On a terminal they fit its width, and the least important columns are left out first. Set `COLUMNS`
for another width, and `NO_COLOR` to turn colours off.

Write the day of a filter (`--since`, `--until`, `--stale-on`) as 2026-11-20, or as `today`, `yesterday`, `7d`, `3w`,
`2m` or `3 weeks ago`, which count back from today or from `--as-of`. For days in the future, see
[working with leads](working.md#days).

## Options on every command

Write them after the command. An option overrides the environment, the environment overrides the default.

| option | meaning | environment | default |
|---|---|---|---|
"""

_CODES = """
## Exit codes

| code | meaning |
|---|---|
| 0 | success |
| 1 | failure: the message says what is wrong, where, and what to do |
| 2 | invalid usage |
| 3 | success, but rows were rejected (`import`) |
| 4 | `--fail-if-any` found rows |
| 130 | interrupted; nothing is half-written |
"""


_ACT_KEYS = {
    "junk --flag": "id, name, company, reason, flagged_by",
    "junk --restore": "id, name, company, stage",
    "junk --verdicts": "id, name, company, verdict, reason, until, ask_for, note",
    "duplicates --merge": "id, name, company, email, stage, merged, taken",
    "duplicates --apart": "a_id, b_id",
    "duplicates --review": "done, pairs",
    "touch": "id, name, company, kind, on, answered, next_touch, stage, touches, unanswered_touches",
    "nurture LEAD": "id, name, company, stage, until, reason",
    "nurture, many": "leads, left_out, stage, until, reason",
    "close": "id, name, company, stage, closed_on, reason, said_by, value, currency",
    "close, many": "leads, left_out, stage, closed_on, reason, said_by",
    "reopen": "id, name, company, stage",
    "qualify": "id, name, company, qualified, qualified_by",
    "import": "file, batch, rows, created, updated, unchanged, merged, rejected, warnings",
    "score": "leads, scored, changed, a, b, c, d, junk_candidates, needs_answers, criteria",
    "criteria check": "line, column, severity, message",
    "spend import": "file, rows, created, unchanged, rejected, warnings",
    "undo": "what, id, name, company",
    "db check": "check, found, result",
}

ROW_KEYS: dict[str, str] = {name: keys for report in REPORTS for name, keys in report.row_keys.items()} | _ACT_KEYS
"""The keys of each command's rows, in their order: what scripts rely on."""

_KEYS_HEAD = """
## Keys of the rows

`--format json` writes an array of flat objects, `--format csv` the same names as header. Numbers are numbers, days are
ISO 8601, what is unknown is null. `find` and `report team --behind` have the keys of
`leads`; `aging` has one count per group, named after the group, and `unscored` where leads are; `show` writes one
object: the lead's fields, its score, and lists such as `ledger` and `events`.

| command | keys |
|---|---|
"""


def render_reference() -> str:
    """Render the whole document."""
    group: Any = typer.main.get_command(make_app())
    parts = [_HEAD, *(_setting_row(name) for name in SETTINGS), _CODES, _KEYS_HEAD]
    parts += [f"| `{command}` | `{keys}` |\n" for command, keys in ROW_KEYS.items()]
    for path, command in _walk("leadtriage", group):
        parts.append(_describe(path, command))
    return "".join(parts)


def _setting_row(name: str) -> str:
    setting = SETTINGS[name]
    value = f" {setting.metavar}" if setting.metavar else ""
    environment = f"`{setting.environment}`" if setting.environment else ""
    return f"| `{setting.flag}{value}` | {setting.help} | {environment} | {setting.default or ''} |\n"


def _walk(path: str, group: Any) -> Iterator[tuple[str, Any]]:
    """All commands with their full names, in the order of the help."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _walk(f"{path} {name}", command)
        else:
            yield f"{path} {name}", command


def _describe(path: str, command: Any) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    common = {setting.flag for setting in SETTINGS.values()}
    own = [
        one
        for one in command.params
        if one.param_type_name == "option" and one.name != "help" and not (set(one.opts) & common and _is_common(one))
    ]
    usage = " ".join([path, *(["[OPTIONS]"] if own else []), *(_name(argument) for argument in arguments)])
    lines = [f"\n## {path}\n", f"```console\n$ {usage}\n```\n", f"{inspect.cleandoc(command.help or '')}\n"]
    if arguments or own:
        lines.append("| | |\n|---|---|")
        lines += [f"| `{_name(one)}` | {one.help} |" for one in arguments]
        lines += [f"| `{_write_option(one)}` | {one.help}{_write_default(one)} |" for one in own]
        lines.append("")
    lines.append(_write_examples(command))
    return "\n".join(lines)


def _is_common(option: Any) -> bool:
    """Whether it is the common option, not a command's own option of the same name."""
    return any(option.help == setting.help_line for setting in SETTINGS.values())


def _name(argument: Any) -> str:
    name = str(argument.metavar or argument.name.upper())
    return f"{name}..." if argument.nargs == -1 else name


def _write_option(option: Any) -> str:
    flags = "/".join([*option.opts, *option.secondary_opts])
    if option.is_flag:
        return flags
    return f"{flags} {option.metavar or ''}".rstrip().replace("|", "\\|")


def _write_default(option: Any) -> str:
    if option.is_flag or option.default is None:
        return ""
    return f" Default: {option.default}."


def _write_examples(command: Any) -> str:
    lines = [line.strip() for line in (command.epilog or "").splitlines()]
    examples = [line for line in lines if line.startswith(("leadtriage ", "curl "))]
    return "Examples:\n\n```console\n" + "\n".join(f"$ {example}" for example in examples) + "\n```\n"
