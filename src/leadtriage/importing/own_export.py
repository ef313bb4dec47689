"""Our own exports: how their columns go back into the leads they came from.

They are read by their exact headers, without presets, words or guesses, so that an export that comes back unchanged
changes nothing. What a table cannot say of a lead (its stage, its score, its contacts) is not taken from one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from leadtriage.criteria.money import minor_digits
from leadtriage.criteria.text import comparable, fold
from leadtriage.formulas import unguard_formula
from leadtriage.importing.identity import OWN_SYSTEM
from leadtriage.importing.mapping import MAPPABLE_FIELDS, ColumnPlan, HeaderPlan
from leadtriage.importing.overrides import resolve_overrides
from leadtriage.importing.values import Money, parse_money

_ID = "leadtriage_id"

_FIELDS: Mapping[str, tuple[str, int]] = {
    _ID: ("id", 0),
    "other_emails": ("email", 1),
    "other_phones": ("phone", 1),
    "decides_on": ("timeline", 0),
    **{
        name: (name, 0)
        for name in (
            *("name", "first_name", "last_name", "email", "phone", "company", "title", "industry", "country", "state"),
            *("city", "website", "need", "source", "campaign", "owner", "status", "signs_off", "employees", "budget"),
            *("revenue", "do_not_contact", "bounced", "created", "outcome_reason", "outcome_value"),
        )
    },
}
"""Header -> field and rank among the columns of that field."""

_NOT_TAKEN = frozenset(
    (
        *("crm_id", "touches", "unanswered_touches", "replies", "first_touch", "last_touch", "next_touch", "stage"),
        *("nurture_until", "qualified_on", "qualified_by", "closed_on", "score", "ceiling", "grade", "known"),
        *("score_fit", "score_budget", "score_authority", "score_need", "score_timing", "reason"),
    )
)
_PREFIX = "column: "
_EXACT_SUM = re.compile(r"(-?\d+(?:\.\d+)?) ([A-Z]{3})")


def is_own_export(headers: Sequence[str]) -> bool:
    """Whether a file is one of our exports, or was made from one."""
    return any(fold(header) == _ID for header in headers)


def plan_own_columns(headers: Sequence[str], overrides: Mapping[str, str]) -> HeaderPlan:
    """Decide what becomes of each column of one of our exports.

    Raises:
        UsageError: an override names a field or a header that does not exist.
    """
    chosen = resolve_overrides(headers, overrides, MAPPABLE_FIELDS)
    columns = []
    filled: set[tuple[str, int]] = set()
    for index, header in enumerate(headers):
        said = chosen.columns.get(index)
        field, rank = (said, 0) if said else _FIELDS.get(fold(header), (None, 0))
        why = "you said so (--map)" if said else "our own export calls it so"
        if field is not None and not said and (field in chosen.decided or (field, rank) in filled):
            field = None
        if field is not None:
            filled.add((field, rank))
        else:
            why = "not taken from an export" if fold(header) in _NOT_TAKEN else "an extra column, if it is known"
        columns.append(ColumnPlan(index, header, field, why, rank))
    return HeaderPlan(tuple(columns), preset="leadtriage", system=OWN_SYSTEM, warnings=())


def find_own_extras(
    columns: Iterable[ColumnPlan], known: Mapping[str, tuple[str, int]]
) -> list[tuple[ColumnPlan, str, int]]:
    """Find the stored extra column of each column that fills no field; one that is not stored is not taken.

    Args:
        known: comparable header -> header and number of the stored extra columns.
    """
    found = []
    for column in columns:
        name = unguard_formula(column.header)
        header = fold(name)
        if column.field is not None or header in _NOT_TAKEN or header in _FIELDS:
            continue
        stored = known.get(comparable(name))
        while stored is None and header.startswith(_PREFIX):
            header = header.removeprefix(_PREFIX)
            stored = known.get(comparable(header))
        if stored is not None:
            found.append((column, *stored))
    return found


def read_own_cells(row: Sequence[str]) -> list[str]:
    """Take back what keeps a spreadsheet from running a cell as a formula."""
    return [unguard_formula(cell) for cell in row]


def parse_own_money(text: str, currency: str) -> Money | None:
    """Read a sum: as we write it exactly, with as many decimals as the currency has; else as in any file.

    Raises:
        NotUnderstood: no sum is to be read in it.
    """
    exact = _EXACT_SUM.fullmatch(text.strip())
    if exact is None:
        return parse_money(text, currency)
    amount = Decimal(exact[1]).scaleb(minor_digits(exact[2]))
    if amount != amount.to_integral_value():
        return parse_money(text, currency)
    return Money(int(amount), exact[2], True)
