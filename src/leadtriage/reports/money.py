"""How a sum of money is written in the one form that our own import reads back to the cent."""

from __future__ import annotations

from decimal import Decimal

from leadtriage.criteria.money import minor_digits


def write_money(amount: int | None, currency: str | None) -> str | None:
    """Return "20000.00 USD" for 2,000,000 cents; None where nothing is known."""
    if amount is None or currency is None:
        return None
    return f"{whole_units(amount, currency):f} {currency}"


def whole_units(amount: int, currency: str | None) -> Decimal:
    """Return 20000.00 for 2,000,000 cents."""
    return Decimal(amount).scaleb(-minor_digits(currency or ""))
