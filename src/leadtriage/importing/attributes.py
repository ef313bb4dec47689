"""What a file can say of a lead: each attribute with the columns that hold it, and how the history writes it.

One list serves staging, merging and undo, so that a column that is imported is also compared, logged and restored.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, FromClause, String, cast, literal

from leadtriage.importing.mapping import HeaderPlan
from leadtriage.vocabulary import EventKind


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing that is known of a lead.

    Attributes:
        name: the lead field, as rules and the history name it.
        columns: of `lead` and of the staging table; the first tells whether there is a value at all.
        kind: the event that a change of it makes.
        is_money: an amount in minor units beside its currency.
    """

    name: str
    columns: tuple[str, ...]
    kind: EventKind = EventKind.FIELD
    is_money: bool = False

    def text(self, row: FromClause) -> ColumnElement[str]:
        """How the history writes the value: the plain text, or `AMOUNT CURRENCY` in minor units."""
        value: ColumnElement[str] = cast(row.c[self.columns[0]], String)
        if self.is_money:
            value = value + literal(" ") + row.c[self.columns[1]]
        return value


def _text(name: str, kind: EventKind = EventKind.FIELD) -> Attribute:
    return Attribute(name, (name, f"{name}_comparable"), kind)


ATTRIBUTES: tuple[Attribute, ...] = (
    _text("name"),
    _text("first_name"),
    _text("last_name"),
    Attribute("email", ("email", "email_comparable", "email_domain", "email_domain_comparable", "email_kind")),
    _text("phone"),
    _text("company"),
    _text("title"),
    _text("industry"),
    _text("country"),
    _text("state"),
    _text("city"),
    _text("website"),
    _text("need"),
    _text("source"),
    _text("campaign"),
    _text("owner", EventKind.OWNER),
    _text("status", EventKind.STATUS),
    Attribute("signs_off", ("signs_off",)),
    Attribute("employees", ("employees",)),
    Attribute("budget", ("budget_amount", "budget_currency"), is_money=True),
    Attribute("revenue", ("revenue_amount", "revenue_currency"), is_money=True),
    Attribute("decides_on", ("decides_on",)),
    Attribute("do_not_contact", ("do_not_contact",)),
    Attribute("bounced", ("bounced",)),
    Attribute("touches", ("touches",)),
    Attribute("unanswered_touches", ("unanswered_touches",)),
    Attribute("replies", ("replies",)),
    Attribute("outcome_reason", ("outcome_reason",)),
    Attribute("outcome_value", ("outcome_amount", "outcome_currency"), is_money=True),
    Attribute("other_emails", ("other_emails",)),
    Attribute("other_phones", ("other_phones",)),
    Attribute("crm_id", ("crm_id",)),
)
"""Everything that an import fills and a later one may change; the day a lead came in is not among them."""

BY_NAME = {attribute.name: attribute for attribute in ATTRIBUTES}


def attributes_of(plan: HeaderPlan, source: str | None) -> tuple[Attribute, ...]:
    """Return the attributes that a file with these columns can fill."""
    fields = {column.field for column in plan.columns}
    filled = set(fields)
    if fields & {"name", "first_name", "last_name"}:
        filled |= {"name", "first_name", "last_name"}
    if fields & {"email", "contact"}:
        filled |= {"email", "other_emails"}
    if fields & {"phone", "contact"}:
        filled |= {"phone", "other_phones"}
    if fields & {"timeline"}:
        filled.add("decides_on")
    if fields & {"id"}:
        filled.add("crm_id")
    if source:
        filled.add("source")
    return tuple(attribute for attribute in ATTRIBUTES if attribute.name in filled)
