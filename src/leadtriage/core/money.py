"""Money in whole minor units: the digits of each currency, and how amounts are written."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal

MINOR_DIGITS: Mapping[str, int] = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""The digits after the point (ISO 4217, list one) of currencies that have not two."""

_CONTEXT = Context(prec=50, rounding=ROUND_HALF_UP)
_LARGEST = 2**63 - 1


def minor_digits(currency: str) -> int:
    """Return the number of digits after the point: 2 for EUR, 0 for JPY."""
    return MINOR_DIGITS.get(currency, 2)


def convert_threshold(amount: Decimal, rate: Decimal, currency: str) -> int:
    """Convert an amount of the criteria's currency to whole minor units of `currency`, rounded half up.

    Args:
        rate: the value of one unit of `currency` in the criteria's currency.
    """
    units = _CONTEXT.divide(amount, rate).scaleb(minor_digits(currency), _CONTEXT)
    whole = int(units.to_integral_value(rounding=ROUND_HALF_UP))
    return max(-_LARGEST, min(_LARGEST, whole))


def whole_units(amount: int, currency: str | None) -> Decimal:
    """Return 20000.00 for 2,000,000 cents."""
    return Decimal(amount).scaleb(-minor_digits(currency or ""))


def format_money(amount: int | None, currency: str | None) -> str | None:
    """Return "1,234.50 EUR", or "1,234 EUR" if there are no cents; None for an unknown amount."""
    if amount is None:
        return None
    units = whole_units(amount, currency)
    text = f"{units:,.0f}" if units == units.to_integral_value() else f"{units:,f}"
    return f"{text} {currency}" if currency else text


def format_exact_money(amount: int | None, currency: str | None) -> str | None:
    """Return "20000.00 USD", which an import reads back to the cent; None for an unknown amount."""
    if amount is None or currency is None:
        return None
    return f"{whole_units(amount, currency):f} {currency}"
