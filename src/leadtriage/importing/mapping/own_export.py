"""Our own exports: how their columns go back into the leads they came from.

Columns are recognised by their exact headers, without presets, synonyms or guesses, so that an unchanged export
changes nothing. Stages, scores and contacts are not read back. Columns that a person added are extra columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from leadtriage.core.money import minor_digits
from leadtriage.core.tables import unguard_formula
from leadtriage.core.text import fold
from leadtriage.importing.mapping.mapper import ColumnPlan, HeaderPlan, resolve_overrides
from leadtriage.importing.normalize import Money, NotRecognized, clean_text, parse_money

OWN_SYSTEM = "leadtriage"
"""The system of our own exports, which identify leads by their own ids."""

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
"""Header -> field, and rank among the columns of that field."""

_NOT_TAKEN = frozenset(
    (
        *("touches", "unanswered_touches", "replies", "first_touch", "last_touch", "next_touch", "stage"),
        *("nurture_until", "qualified_on", "qualified_by", "closed_on", "score", "ceiling", "grade", "known"),
        *("score_fit", "score_budget", "score_authority", "score_need", "score_timing", "reason"),
    )
)
_OF_LISTS = frozenset(("id", "score", "ceiling", "grade"))
"""Headers that only our lists have together."""

_PREFIX = "column: "
"""What an export puts before an extra column's header that equals one of ours or begins with this."""

_EXACT_SUM = re.compile(r"(-?\d{1,18}(?:\.\d{1,4})?) ([A-Z]{3})", re.ASCII)
_CRM_ID = re.compile(r"[^\s:][^:]*:.*\S")


def is_own_list(headers: Sequence[str]) -> bool:
    """Return whether a file is the output of one of our lists, which identifies no lead."""
    return {fold(header) for header in headers} >= _OF_LISTS


def is_own_export(headers: Sequence[str]) -> bool:
    """Return whether a file is one of our exports, or made from one."""
    return any(fold(header) == _ID for header in headers)


def plan_own_columns(headers: Sequence[str], overrides: Mapping[str, str]) -> HeaderPlan:
    """Decide which field each column of one of our exports fills.

    Raises:
        UsageError: an override names a field or a header that does not exist.
    """
    chosen = resolve_overrides(headers, overrides)
    columns = []
    filled: set[tuple[str, int]] = set()
    for index, header in enumerate(headers):
        said = chosen.get(index)
        field, rank = (said, 0) if said else _FIELDS.get(fold(header), (None, 0))
        why = "you said so (--map)" if said else "a column of our own export"
        if field is not None and not said and (field in overrides or (field, rank) in filled):
            field = None
        if field is not None:
            filled.add((field, rank))
        else:
            why = "not taken from an export" if _is_ours(header) else "kept as an extra column"
        columns.append(ColumnPlan(index, header, field, why, rank))
    return HeaderPlan(tuple(columns), preset="leadtriage", system=OWN_SYSTEM, warnings=())


def find_own_extras(columns: Iterable[ColumnPlan]) -> list[ColumnPlan]:
    """Return the extra columns of one of our exports, under their original headers."""
    found = []
    for column in columns:
        if column.field is None and not _is_ours(column.header):
            header = unguard_formula(column.header)
            header = header[len(_PREFIX) :].strip() if fold(header).startswith(_PREFIX) else header
            found.append(replace(column, header=header))
    return found


def _is_ours(header: str) -> bool:
    return fold(header) in _NOT_TAKEN or fold(header) in _FIELDS


def parse_own_money(text: str, currency: str) -> Money | None:
    """Return a sum, to the cent where it has the form that exports write; else as `parse_money` does."""
    exact = _EXACT_SUM.fullmatch(text.strip())
    if exact is not None:
        amount = Decimal(exact[1]).scaleb(minor_digits(exact[2]))
        if amount == int(amount) and abs(amount) < 2**63:
            return Money(int(amount), exact[2], True)
    return parse_money(text, currency)


def parse_crm_id(text: str) -> str | None:
    """Return the id that the source system gave a lead, as `SYSTEM:ID`."""
    given = clean_text(text)
    if given is not None and not _CRM_ID.fullmatch(given):
        raise NotRecognized("it is not written as SYSTEM:ID")
    return given
