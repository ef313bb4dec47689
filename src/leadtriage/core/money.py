"""Money as whole minor units: how many digits a currency has, and what a threshold is worth in another currency.

How a sum of money is written in the one form that our own import reads back to the cent.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal

MINOR_DIGITS: Mapping[str, int] = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}

_CONTEXT = Context(prec=50, rounding=ROUND_HALF_UP)
_LARGEST = 2**63 - 1


def minor_digits(currency: str) -> int:
    """How many digits stand behind the point (ISO 4217, list one): 2 for EUR, 0 for JPY."""
    return MINOR_DIGITS.get(currency, 2)


def convert_threshold(amount: Decimal, rate: Decimal, currency: str) -> int:
    """What `amount` of the criteria's currency is in whole minor units of `currency`, rounded half up.

    Args:
        rate: what one unit of `currency` is worth in the criteria's currency.
    """
    units = _CONTEXT.divide(amount, rate).scaleb(minor_digits(currency), _CONTEXT)
    whole = int(units.to_integral_value(rounding=ROUND_HALF_UP))
    return max(-_LARGEST, min(_LARGEST, whole))


def format_exact_money(amount: int | None, currency: str | None) -> str | None:
    """Return "20000.00 USD" for 2,000,000 cents; None where nothing is known."""
    if amount is None or currency is None:
        return None
    return f"{whole_units(amount, currency):f} {currency}"


def whole_units(amount: int, currency: str | None) -> Decimal:
    """Return 20000.00 for 2,000,000 cents."""
    return Decimal(amount).scaleb(-minor_digits(currency or ""))
