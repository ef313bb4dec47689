"""The value that a criterion saw, as people read it: the lead's own words, not their comparable form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from leadtriage.criteria.fields import FieldType
from leadtriage.criteria.model import Comparison, Criterion
from leadtriage.criteria.money import minor_digits
from leadtriage.criteria.text import comparable
from leadtriage.scoring.inputs import walk_comparisons
from leadtriage.scoring.rules import Rules


def describe_values(criterion: Criterion, lead: Mapping[str, Any], rules: Rules) -> str | None:
    """Return the value that a criterion looks at, or several with their names; None where all are missing.

    Args:
        lead: a row of `lead`.
    """
    values: dict[str, str | None] = {}
    for tier in criterion.tiers:
        for comparison in walk_comparisons(tier.condition):
            name = comparison.field or comparison.column or ""
            if name not in values:
                values[name] = _describe(comparison, lead, rules)
    if len(values) == 1:
        return next(iter(values.values()))
    shown = [f"{name}: {value}" for name, value in values.items() if value is not None]
    return "; ".join(shown) or None


def _describe(comparison: Comparison, lead: Mapping[str, Any], rules: Rules) -> str | None:
    field = comparison.field
    if field is None:
        numbers = rules.extra_columns.get(comparable(comparison.column or ""), ())
        extra = lead["extra"] or {}
        return next((str(extra[f"c{number}"]) for number in numbers if f"c{number}" in extra), None)
    match comparison.type:
        case FieldType.MONEY:
            return format_money(lead[f"{field}_amount"], lead[f"{field}_currency"])
        case FieldType.DAYS:
            return _describe_days(field, lead, rules.scales.as_of)
        case FieldType.YES_NO:
            return None if lead[field] is None else "yes" if lead[field] else "no"
        case FieldType.NUMBER:
            return None if lead[field] is None else f"{lead[field]:,}"
        case _:
            value = lead[field]
            return None if value is None else str(value)


def _describe_days(field: str, lead: Mapping[str, Any], as_of: date) -> str | None:
    if field == "decides_in_days":
        decides: date | None = lead["decides_on"]
        if decides is None:
            return None
        return _count_days((decides - as_of).days) if decides >= as_of else f"{decides.isoformat()}, which has passed"
    since: date = lead["created_on"] if field == "age_days" else lead["last_touch_on"] or lead["created_on"]
    return _count_days(max(0, (as_of - since).days))


def _count_days(days: int) -> str:
    return "1 day" if days == 1 else f"{days:,} days"


def format_money(amount: int | None, currency: str | None) -> str | None:
    """An amount in minor units as people read it: `1,234.50 EUR`; whole units without digits behind the point."""
    if amount is None:
        return None
    digits = minor_digits(currency or "")
    units = Decimal(amount).scaleb(-digits)
    shown = f"{units:,.{digits}f}" if units != units.to_integral_value() else f"{units:,.0f}"
    return f"{shown} {currency}" if currency else shown
