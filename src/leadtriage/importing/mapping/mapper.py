"""Which column becomes which lead field, and why.

A column is recognised by the first of: the person's choice (`--map`), the preset of the system that wrote the file,
the words of its header, these words without fillers, the question of a lead form, a misspelled word, its values.
Then each field takes the column that was recognised best.
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
    check_claim,
    check_claims_together,
    claim_by_values,
    profile_columns,
    resolve_conflicts,
)
from leadtriage.importing.mapping.header_synonyms import HeaderSynonyms, load_synonyms, squeeze
from leadtriage.importing.mapping.presets import Preset, choose_preset
from leadtriage.importing.normalize import DateOrder, NotRecognized, parse_currency

_DERIVED = ("email_domain", "email_kind", "stage", "age_days", "idle_days", "decides_in_days")
_IDENTITY = frozenset(("id", "email", "phone", "contact", "name", "first_name", "last_name", "company"))
"""Without any of these, no row can be identified."""
_MONEY = frozenset(("budget", "revenue", "outcome_value"))
_BY_PERSON, _BY_PRESET, _BY_HEADER, _BY_PART, _BY_QUESTION, _BY_SLIP = 1000, 600, 500, 400, 300, 200
_EXTRA = "kept as an extra column"

MAPPABLE_FIELDS: Mapping[str, str] = {
    **{name: field.description for name, field in LEAD_FIELDS.items() if name not in _DERIVED},
    **MAPPING_ONLY_FIELDS,
    "contact": "an e-mail address and a phone number in one cell",
}
"""Every name that a column may be mapped to, with its meaning."""


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """What becomes of one column.

    Attributes:
        index: its place in the row, from 0.
        field: a name of `MAPPABLE_FIELDS`, or None for an extra column.
        why: the reason, in a few words for people.
        rank: the order of preference among several columns of one field, from 0.
        currency: for money, the ISO 4217 code of the currency that the header names ("Budget (EUR)").
        date_order: for dates, the order that an earlier file settled, where these rows continue it.
        currency_column: for money, the index of the column that names the currency of each sum.
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
        preset: the name of the preset, for people.
        system: the word before the system's ids (`hubspot:101`).
        warnings: sentences for people.
        default_source: the ad platform whose preset applies, the source of leads where no column gives one.
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
    """Decide which lead field each column fills, if any.

    Args:
        headers: unique names ("column 3" where the file has none).
        samples: the first rows, about 200, which settle doubts.
        overrides: field -> header, as the person said; the header `none` leaves the field unfilled.

    Raises:
        UsageError: an override names a field or a header that does not exist.
    """
    chosen, decided = resolve_overrides(headers, overrides), frozenset(overrides)
    preset, synonyms, profiles = choose_preset(headers), load_synonyms(), profile_columns(headers, samples)
    claims = {
        index: check_claim(claim, profiles[index], synonyms)
        for index, header in enumerate(headers)
        if index not in chosen and (claim := _claim_by_header(index, header, preset, synonyms))
    }
    open_claims = [claim for claim in claims.values() if claim.field not in decided]
    winners = resolve_conflicts(check_claims_together(open_claims, profiles, decided, synonyms), profiles)
    free = [index for index in range(len(headers)) if index not in winners and index not in chosen]
    filled = decided | {claim.field for claim in winners.values() if claim.field}
    winners |= {claim.index: claim for claim in claim_by_values(free, profiles, filled, synonyms)}
    winners |= {index: Claim(index, field, _BY_PERSON, 0, "you said so (--map)") for index, field in chosen.items()}
    columns = _plan_fields(headers, winners, claims, decided, synonyms)
    columns = _assign_currency_columns(columns, samples, synonyms)
    return HeaderPlan(
        columns,
        preset.name if preset else None,
        preset.system if preset else None,
        _list_warnings(columns, winners),
        preset.source if preset else None,
    )


def resolve_overrides(headers: Sequence[str], overrides: Mapping[str, str]) -> dict[int, str]:
    """Return the field of each column that the person chose (`--map`), by the column's index.

    Raises:
        UsageError: a field or header does not exist, or one column is to fill two fields.
    """
    columns: dict[int, str] = {}
    for field, header in overrides.items():
        if field == "decides_in_days":
            raise UsageError(
                "decides_in_days is computed from the timeline", place="--map", hint=f'--map timeline="{header}"'
            )
        if field not in MAPPABLE_FIELDS:
            raise UsageError(
                f'unknown field "{field}"',
                place="--map",
                hint=_suggest(field, MAPPABLE_FIELDS) or "see `leadtriage peek --help`",
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
    return columns


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


def _claim_by_header(index: int, header: str, preset: Preset | None, synonyms: HeaderSynonyms) -> Claim | None:
    key = squeeze(header)
    if preset is not None and key in preset.columns:
        field, place = preset.columns[key]
        return Claim(index, field, _BY_PRESET, place, f"a column of {preset.name}")
    if preset is not None and key in preset.other:
        return None
    entry = synonyms.find(header)
    if entry is not None and entry.spare:
        return Claim(index, entry.field, SPARE, entry.place, "stands in, nothing fits better")
    if entry is not None:
        return Claim(index, entry.field, _BY_HEADER, entry.place, "the header says so")
    if key in synonyms.other or synonyms.names_someone_else(header):
        return None
    entry = synonyms.find_part(header)
    if entry is not None:
        return Claim(index, entry.field, _BY_PART, entry.place, "the header says so, in part")
    question = synonyms.find_question(header)
    if question is not None:
        return Claim(index, question, _BY_QUESTION, 0, "the question asks for it")
    slip = synonyms.find_misspelled(header)
    if slip is not None:
        entry, right = slip
        return Claim(index, entry.field, _BY_SLIP, entry.place, f'read as a misspelled "{right}"', slip=right)
    return None


def _plan_fields(
    headers: Sequence[str],
    winners: Mapping[int, Claim],
    claims: Mapping[int, Claim],
    decided: frozenset[str],
    synonyms: HeaderSynonyms,
) -> tuple[ColumnPlan, ...]:
    holders: dict[str, str] = {}
    ranks: dict[int, int] = {}
    filled: Counter[str] = Counter()
    for claim in sorted(winners.values(), key=lambda claim: (-claim.strength, claim.place, claim.index)):
        if claim.field is not None:
            holders.setdefault(claim.field, headers[claim.index])
            ranks[claim.index] = filled[claim.field]
            filled[claim.field] += 1

    def plan(index: int, header: str) -> ColumnPlan:
        winner, claim = winners.get(index), claims.get(index)
        if winner is not None and winner.field is not None:
            currency = synonyms.find_currency(header) if winner.field in _MONEY else None
            return ColumnPlan(index, header, winner.field, winner.why, ranks[index], currency)
        why = _EXTRA
        if claim is not None and claim.field is None:
            why = f"{_EXTRA}: {claim.why}"
        elif claim is not None and claim.field in holders:
            why = f'{_EXTRA}: "{holders[claim.field]}" fills {claim.field}'
        elif claim is not None and claim.field in decided:
            why = f"{_EXTRA}: you said that none fills {claim.field} (--map)"
        return ColumnPlan(index, header, None, why)

    return tuple(plan(index, header) for index, header in enumerate(headers))


def _assign_currency_columns(
    columns: Sequence[ColumnPlan], samples: Sequence[Sequence[str]], synonyms: HeaderSynonyms
) -> tuple[ColumnPlan, ...]:
    """Find the column that names the currency of each column of money whose header names none.

    A header about that column ("Annual Revenue Currency", "Deal - Currency of Value") beats one about the whole row
    ("Currency").
    """
    keys = {squeeze(column.header): column.index for column in reversed(columns) if column.field is None}
    general = sorted(index for key, index in keys.items() if key in synonyms.currency_headers)
    planned = list(columns)
    for column in columns:
        if column.field not in _MONEY or column.currency is not None:
            continue
        group, _, name = column.header.rpartition(" - ")
        own = [squeeze(f"{group} {name} currency"), squeeze(f"{group} currency of {name}")]
        candidates = [keys[key] for key in own if key in keys] + general
        found = next((index for index in candidates if _holds_currencies(samples, index)), None)
        if found is not None:
            planned[column.index] = replace(column, currency_column=found)
            planned[found] = replace(planned[found], why=f'{_EXTRA}: the currency of "{column.header}"')
    return tuple(planned)


def _holds_currencies(samples: Sequence[Sequence[str]], column: int) -> bool:
    try:
        for cell in {row[column] for row in samples if column < len(row)}:
            parse_currency(cell, "")
    except NotRecognized:
        return False
    return True


def _list_warnings(columns: Sequence[ColumnPlan], winners: Mapping[int, Claim]) -> tuple[str, ...]:
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
