"""How sums of money are written: for people, and in the one form that our own import reads back to the cent."""

from __future__ import annotations

from decimal import Decimal

from leadtriage.importing.values.money import minor_digits


def write_money(amount: int | None, currency: str | None) -> str | None:
    """Return "20000.00 USD" for 2,000,000 cents; None where nothing is known."""
    if amount is None or currency is None:
        return None
    return f"{_whole_units(amount, currency):f} {currency}"


def say_money(amount: int | None, currency: str | None) -> str | None:
    """Return "20,000 USD" or "19.99 USD"."""
    if amount is None or currency is None:
        return None
    units = _whole_units(amount, currency)
    return f"{int(units):,} {currency}" if units == int(units) else f"{units:,f} {currency}"


def _whole_units(amount: int, currency: str) -> Decimal:
    return Decimal(amount).scaleb(-minor_digits(currency))
