"""Which column becomes which lead field, and why. Reads no file and changes no value.

A column is recognised by what the person said (`--map`), by the preset of the system that wrote the file, by
the words of its header, by the words without what stands around them, by a lead form's question, by a misspelled
word, and last by its values, in this order. Then every field takes the column that was recognised best.

What the person said about the columns (`--map field=header`), checked against the file.

Which column says in which currency another column's sums are; what a sum is, `values` knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from leadtriage.core.errors import UsageError
from leadtriage.core.text import fold
from leadtriage.criteria import LEAD_FIELDS, MAPPING_ONLY_FIELDS
from leadtriage.importing.mapping.column_profile import (
    SPARE,
    Claim,
    gather_evidence,
    recognise_by_values,
    settle,
    settle_together,
    share_out,
)
from leadtriage.importing.mapping.header_synonyms import Lexicon, headers_digest, load_lexicon, squeeze
from leadtriage.importing.mapping.presets import Preset, choose_preset
from leadtriage.importing.normalize import DateOrder, NotRecognized, is_missing, parse_currency


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


def find_currency_columns(
    headers: Sequence[str],
    samples: Sequence[Sequence[str]],
    sums: Collection[int],
    free: Collection[int],
    lexicon: Lexicon,
) -> Mapping[int, int]:
    """Find for each column of sums the one that names their currency row by row.

    A header that speaks of that column ("Annual Revenue Currency", "Deal - Currency of Value") goes before one that
    speaks of the whole row ("Currency").

    Args:
        samples: the first rows; all that stands in such a column is a currency.
        sums: the columns that hold sums, by their places.
        free: the columns that fill no field.

    Returns:
        The place of the column of currencies, by that of the column of sums; those without one are left out.
    """
    keys = {squeeze(headers[index]): index for index in sorted(free, reverse=True)}
    general = [keys[key] for key in keys if key in lexicon.currency_headers]
    found: dict[int, int] = {}
    for index in sums:
        group, _, name = headers[index].rpartition(" - ")
        own = [squeeze(f"{group} {name} currency"), squeeze(f"{group} currency of {name}")]
        candidates = [keys[key] for key in own if key in keys] + sorted(general)
        column = next((column for column in candidates if _holds_currencies(samples, column)), None)
        if column is not None:
            found[index] = column
    return found


def _holds_currencies(samples: Sequence[Sequence[str]], column: int) -> bool:
    cells = {row[column] for row in samples if column < len(row) and not is_missing(row[column])}
    try:
        return all(parse_currency(cell, "") for cell in cells)
    except NotRecognized:
        return False


__all__ = ["MAPPABLE_FIELDS", "ColumnPlan", "HeaderPlan", "headers_digest", "plan_columns"]

_DERIVED = ("email_domain", "email_kind", "stage", "age_days", "idle_days", "decides_in_days")

MAPPABLE_FIELDS: Mapping[str, str] = {
    **{name: field.description for name, field in LEAD_FIELDS.items() if name not in _DERIVED},
    **MAPPING_ONLY_FIELDS,
    "contact": "an e-mail address and a phone number in one cell",
}
"""Every name that a column may be mapped to, and what it means."""

_IDENTITY = frozenset(("id", "email", "phone", "contact", "name", "first_name", "last_name", "company"))
"""Without any of these no row can be told from another."""

_MONEY = frozenset(("budget", "revenue", "outcome_value"))

_BY_PERSON = 1000
_BY_PRESET, _BY_HEADER, _BY_PART, _BY_QUESTION, _BY_SLIP = 600, 500, 400, 300, 200


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """What becomes of one column.

    Attributes:
        index: its place in the row, from 0.
        field: a name of `MAPPABLE_FIELDS`, or None where the column is kept as an extra one.
        why: how that was decided, in a few words for people.
        rank: among several columns of one field the preferred has 0, the next 1.
        currency: of a column of money the one that its header names ("Budget (EUR)"), as in ISO 4217.
        date_order: of a column of dates the one that an earlier file settled, where these rows continue it.
        currency_column: of a column of money the place of the one that names the currency of each sum.
    """

    index: int
    header: str
    field: str | None
    why: str
    rank: int = 0
    currency: str | None = None
    date_order: DateOrder | None = None
    currency_column: int | None = None


@dataclass(frozen=True, slots=True)
class HeaderPlan:
    """What becomes of all columns, in the order of the file.

    Attributes:
        preset: the name of the preset that was used, for people.
        system: the word in front of the system's ids (`hubspot:101`).
        warnings: sentences for people.
        default_source: where the leads come from if no column says so, where an ad platform's preset was used.
    """

    columns: tuple[ColumnPlan, ...]
    preset: str | None
    system: str | None
    warnings: tuple[str, ...]
    default_source: str | None = None

    def find(self, field: str) -> tuple[ColumnPlan, ...]:
        """Return the columns of a field, the preferred first."""
        found = (column for column in self.columns if column.field == field)
        return tuple(sorted(found, key=lambda column: column.rank))


def plan_columns(headers: Sequence[str], samples: Sequence[Sequence[str]], overrides: Mapping[str, str]) -> HeaderPlan:
    """Decide for each column which lead field it fills, if any.

    Args:
        headers: unique names, as the file's reader gives them ("column 3" where there is none).
        samples: the first rows, about 200; they settle doubts and tell what headers do not.
        overrides: field -> header, as the person said; `none` as the header means that no column fills the field.

    Raises:
        UsageError: an override names a field or a header that does not exist.
    """
    chosen = resolve_overrides(headers, overrides, MAPPABLE_FIELDS)
    preset = choose_preset(headers)
    lexicon = load_lexicon()
    evidence = gather_evidence(headers, samples)
    claims: dict[int, Claim] = {}
    for index, header in enumerate(headers):
        claim = None if index in chosen.columns else _recognise(index, header, preset, lexicon)
        if claim is not None:
            claims[index] = settle(claim, evidence[index])
    undecided = [claim for claim in claims.values() if claim.field not in chosen.decided]
    winners = share_out(settle_together(undecided, evidence, chosen.decided, lexicon), evidence)
    free = [index for index in range(len(headers)) if index not in winners and index not in chosen.columns]
    filled = chosen.decided | {claim.field for claim in winners.values() if claim.field}
    for claim in recognise_by_values(free, evidence, filled, lexicon):
        winners[claim.index] = claim
    for index, field in chosen.columns.items():
        winners[index] = Claim(index, field, _BY_PERSON, 0, "you said so (--map)")
    columns = _name_currencies(_write_plans(headers, winners, claims, chosen.decided, lexicon), samples, lexicon)
    return HeaderPlan(
        columns=columns,
        preset=preset.name if preset else None,
        system=preset.system if preset else None,
        warnings=_warn(columns, winners),
        default_source=preset.source if preset else None,
    )


def _recognise(index: int, header: str, preset: Preset | None, lexicon: Lexicon) -> Claim | None:
    """Return what the header says; nothing where it says nothing."""
    key = squeeze(header)
    if preset is not None and key in preset.columns:
        field, place = preset.columns[key]
        return Claim(index, field, _BY_PRESET, place, f"{preset.name} calls it so")
    if preset is not None and key in preset.other:
        return None
    entry = lexicon.find(header)
    if entry is not None and entry.spare:
        return Claim(index, entry.field, SPARE, entry.place, "stands in, nothing fits better")
    if entry is not None:
        return Claim(index, entry.field, _BY_HEADER, entry.place, "the header says so")
    if key in lexicon.other or lexicon.speaks_of_someone_else(header):
        return None
    entry = lexicon.find_part(header)
    if entry is not None:
        return Claim(index, entry.field, _BY_PART, entry.place, "the header says so, in part")
    question = lexicon.find_question(header)
    if question is not None:
        return Claim(index, question, _BY_QUESTION, 0, "the question asks for it")
    slip = lexicon.find_misspelled(header)
    if slip is not None:
        entry, right = slip
        return Claim(index, entry.field, _BY_SLIP, entry.place, f'read as a misspelled "{right}"', slip=right)
    return None


def _write_plans(
    headers: Sequence[str],
    winners: Mapping[int, Claim],
    claims: Mapping[int, Claim],
    decided: frozenset[str],
    lexicon: Lexicon,
) -> tuple[ColumnPlan, ...]:
    holders: dict[str, int] = {}
    ranks: dict[int, int] = {}
    filled: Counter[str] = Counter()
    for claim in sorted(winners.values(), key=lambda claim: (-claim.strength, claim.place, claim.index)):
        if claim.field is not None:
            holders.setdefault(claim.field, claim.index)
            ranks[claim.index] = filled[claim.field]
            filled[claim.field] += 1
    plans = []
    for index, header in enumerate(headers):
        winner = winners.get(index)
        if winner is None or winner.field is None:
            why = _say_why_not(claims.get(index), headers, holders, decided)
            plans.append(ColumnPlan(index, header, None, why))
            continue
        currency = lexicon.find_currency(header) if winner.field in _MONEY else None
        plans.append(ColumnPlan(index, header, winner.field, winner.why, ranks[index], currency))
    return tuple(plans)


def _name_currencies(
    columns: Sequence[ColumnPlan], samples: Sequence[Sequence[str]], lexicon: Lexicon
) -> tuple[ColumnPlan, ...]:
    """Tell each column of money where its currency stands, if its own header does not name it."""
    headers = [column.header for column in columns]
    sums = [column.index for column in columns if column.field in _MONEY and column.currency is None]
    free = [column.index for column in columns if column.field is None]
    found = find_currency_columns(headers, samples, sums, free, lexicon)
    of = {place: index for index, place in found.items()}
    return tuple(
        replace(column, currency_column=found[column.index])
        if column.index in found
        else replace(column, why=f'kept as an extra column: the currency of "{headers[of[column.index]]}"')
        if column.index in of
        else column
        for column in columns
    )


def _say_why_not(
    claim: Claim | None, headers: Sequence[str], holders: Mapping[str, int], decided: frozenset[str]
) -> str:
    if claim is None:
        return "kept as an extra column"
    if claim.field is None:
        return f"kept as an extra column: {claim.why}"
    if claim.field in holders:
        return f'kept as an extra column: "{headers[holders[claim.field]]}" fills {claim.field}'
    if claim.field in decided:
        return f"kept as an extra column: you said that none fills {claim.field} (--map)"
    return "kept as an extra column"


def _warn(columns: Sequence[ColumnPlan], winners: Mapping[int, Claim]) -> tuple[str, ...]:
    warnings = [
        f'column "{column.header}" is {column.why} and fills {column.field}'
        f" (--map {column.field}=none if it is something else)"
        for column in columns
        if column.field is not None and winners[column.index].slip is not None
    ]
    if not any(column.field in _IDENTITY for column in columns):
        warnings.append(
            "no column holds an id, an e-mail address, a phone number or a name"
            ' (say which one does with --map, for example --map email="Column")'
        )
    return tuple(warnings)
