"""Our own exports: how their columns go back into the leads they came from.

They are read by their exact headers, without presets, words or guesses, so that an export that comes back unchanged
changes nothing. What a table cannot say of a lead (its stage, its score, its contacts) is not taken from one; columns
that a person added are extra columns, as in any other file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from leadtriage.core.money import minor_digits
from leadtriage.core.tables import unguard_formula
from leadtriage.core.text import fold
from leadtriage.importing.mapping.mapper import MAPPABLE_FIELDS, ColumnPlan, HeaderPlan, resolve_overrides
from leadtriage.importing.normalize import Money, NotRecognized, clean_text, parse_money

OWN_SYSTEM = "leadtriage"
"""The system of our own exports, whose ids are our leads' own."""


_ID = "leadtriage_id"

_FIELDS: Mapping[str, tuple[str, int]] = {
    _ID: ("id", 0),
    "crm_id": ("crm_id", 0),
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
        *("touches", "unanswered_touches", "replies", "first_touch", "last_touch", "next_touch", "stage"),
        *("nurture_until", "qualified_on", "qualified_by", "closed_on", "score", "ceiling", "grade", "known"),
        *("score_fit", "score_budget", "score_authority", "score_need", "score_timing", "reason"),
    )
)
_OF_LISTS = frozenset(("id", "score", "ceiling", "grade"))
"""What no other program's export has together."""

_PREFIX = "column: "
"""What an export puts before a header of a file's own that is one of ours, or begins with this itself."""

_EXACT_SUM = re.compile(r"(-?\d+(?:\.\d+)?) ([A-Z]{3})")
_CRM_ID = re.compile(r"[^\s:][^:]*:.*\S")


def is_own_list(headers: Sequence[str]) -> bool:
    """Whether a file is a list of leads as we show it, which says less of them than an export, in other words."""
    return {fold(header) for header in headers} >= _OF_LISTS


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
            why = "not taken from an export" if _is_ours(header) else "kept as an extra column"
        columns.append(ColumnPlan(index, header, field, why, rank))
    return HeaderPlan(tuple(columns), preset="leadtriage", system=OWN_SYSTEM, warnings=())


def find_own_extras(columns: Iterable[ColumnPlan]) -> list[ColumnPlan]:
    """Return the columns that are no field of ours and nothing that we worked out, under the headers they first had."""
    found = []
    for column in columns:
        if column.field is None and not _is_ours(column.header):
            header = unguard_formula(column.header)
            header = header[len(_PREFIX) :].strip() if fold(header).startswith(_PREFIX) else header
            found.append(replace(column, header=header))
    return found


def _is_ours(header: str) -> bool:
    return fold(header) in _NOT_TAKEN or fold(header) in _FIELDS


def read_own_cells(row: Sequence[str]) -> list[str]:
    """Take back what keeps a spreadsheet from running a cell as a formula."""
    return [unguard_formula(cell) for cell in row]


def parse_own_money(text: str, currency: str) -> Money | None:
    """Read a sum: as we write it exactly, with as many decimals as the currency has; else as in any file.

    Raises:
        NotRecognized: no sum is to be read in it.
    """
    exact = _EXACT_SUM.fullmatch(text.strip())
    if exact is None:
        return parse_money(text, currency)
    amount = Decimal(exact[1]).scaleb(minor_digits(exact[2]))
    if amount != amount.to_integral_value():
        return parse_money(text, currency)
    return Money(int(amount), exact[2], True)


def parse_crm_id(text: str) -> str | None:
    """Read the id that the source system gave a lead, `SYSTEM:ID`; None where the cell is missing.

    Raises:
        NotRecognized: it does not say whose id it is.
    """
    given = clean_text(text)
    if given is not None and not _CRM_ID.fullmatch(given):
        raise NotRecognized("it is not written as SYSTEM:ID")
    return given
