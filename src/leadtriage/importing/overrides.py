"""What the person said about the columns (`--map field=header`), checked against the file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from leadtriage.criteria.text import fold
from leadtriage.errors import UsageError
from leadtriage.importing.headers import squeeze


@dataclass(frozen=True, slots=True)
class Overrides:
    """The person's choices.

    Attributes:
        columns: index of a column -> the field it fills.
        decided: all fields that were named, also those that no column is to fill.
    """

    columns: Mapping[int, str]
    decided: frozenset[str]


def resolve_overrides(headers: Sequence[str], overrides: Mapping[str, str], fields: Collection[str]) -> Overrides:
    """Find the column of each override; `none` stands for no column.

    Raises:
        UsageError: a field or header does not exist, or one column is to fill two fields.
    """
    columns: dict[int, str] = {}
    for field, header in overrides.items():
        if field == "decides_in_days":
            raise UsageError(
                "decides_in_days is worked out from the timeline", place="--map", hint=f'--map timeline="{header}"'
            )
        if field not in fields:
            raise UsageError(
                f'there is no field "{field}"',
                place="--map",
                hint=_suggest(field, fields) or "see `leadtriage peek --help`",
            )
        if fold(header) == "none":
            continue
        index = _find_header(header, headers)
        if index is None:
            raise UsageError(
                f'no column is headed "{header}"',
                place="--map",
                hint=_suggest(header, headers) or f"the file has: {', '.join(headers[:20])}",
            )
        if index in columns:
            raise UsageError(f'column "{headers[index]}" cannot fill both {columns[index]} and {field}', place="--map")
        columns[index] = field
    return Overrides(columns, frozenset(overrides))


def _find_header(wanted: str, headers: Sequence[str]) -> int | None:
    for form in (str, fold, squeeze):
        form_wanted = form(wanted)
        for index, header in enumerate(headers):
            if (form_wanted or form is str) and form(header) == form_wanted:
                return index
    return None


def _suggest(wanted: str, names: Collection[str]) -> str | None:
    by_form = {fold(name): name for name in names}
    near = get_close_matches(fold(wanted), by_form, n=1, cutoff=0.5)
    return f'did you mean "{by_form[near[0]]}"?' if near else None
