"""The lead fields that a rule can name, and the further names that a file can map to."""

from __future__ import annotations

from dataclasses import dataclass

from leadtriage.core.vocabulary import EmailKind, SignsOff, Stage
from leadtriage.criteria.operators import FieldType, Operator


@dataclass(frozen=True, slots=True)
class LeadField:
    """A field of a lead that rules can name.

    Attributes:
        choices: the values of a choice.
        asked: whether a lead can be asked for it.
    """

    name: str
    type: FieldType
    description: str
    choices: tuple[str, ...] = ()
    asked: bool = True

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The operators that a condition on this field can use."""
        rules = ((operator, operator.rules) for operator in Operator)
        return tuple(one for one, its in rules if self.type in its.types and self.name in (its.fields or (self.name,)))


_T, _N, _D, _Y = FieldType.TEXT, FieldType.NUMBER, FieldType.DAYS, FieldType.YES_NO

LEAD_FIELDS: dict[str, LeadField] = {
    field.name: field
    for field in (
        LeadField("name", _T, "the person's full name"),
        LeadField("first_name", _T, "the person's first name"),
        LeadField("last_name", _T, "the person's last name"),
        LeadField("email", _T, "the first e-mail address, in lower case"),
        LeadField("email_domain", _T, "the part after the @", asked=False),
        LeadField("phone", _T, "the first phone number, in international form where that is known"),
        LeadField("company", _T, "the company's name"),
        LeadField("title", _T, "the person's job title"),
        LeadField("industry", _T, "the company's line of business"),
        LeadField("country", _T, "the country, as its two letters in ISO 3166"),
        LeadField("state", _T, "the state or region"),
        LeadField("city", _T, "the city"),
        LeadField("website", _T, "the company's website"),
        LeadField("need", _T, "what the lead says it wants, in its own words"),
        LeadField("source", _T, "where the lead came from"),
        LeadField("campaign", _T, "the campaign that brought it"),
        LeadField("owner", _T, "the rep who has it"),
        LeadField("status", _T, "the status in the CRM, as written there"),
        LeadField(
            "email_kind",
            FieldType.CHOICE,
            "the worst that applies to the e-mail address",
            tuple(EmailKind),
            asked=False,
        ),
        LeadField("stage", FieldType.CHOICE, "the stage of the lead", tuple(Stage), asked=False),
        LeadField("signs_off", FieldType.CHOICE, "whether the person can sign for the purchase", tuple(SignsOff)),
        LeadField("employees", _N, "how many people work there; a range counts by its lower end"),
        LeadField("touches", _N, "how many contacts are recorded", asked=False),
        LeadField("unanswered_touches", _N, "contacts since the last reply", asked=False),
        LeadField("replies", _N, "number of replies", asked=False),
        LeadField("budget", FieldType.MONEY, "the budget it stated; a range counts by its lower end"),
        LeadField("revenue", FieldType.MONEY, "the company's yearly revenue"),
        LeadField("age_days", _D, "days since the lead came in", asked=False),
        LeadField("idle_days", _D, "days since the last touch, else since it came in", asked=False),
        LeadField("decides_in_days", _D, "days until the date they want to decide; unknown once that has passed"),
        LeadField("do_not_contact", _Y, "the lead does not want to be contacted"),
        LeadField("bounced", _Y, "an e-mail to the lead came back"),
    )
}
"""Every field that a rule can name, in the order of the reference."""

MAPPING_ONLY_FIELDS: dict[str, str] = {
    "id": "the source system's own id of the lead",
    "created": "when the lead came in",
    "modified": "when the row was last changed in its system",
    "last_touch": "when it was last contacted",
    "closed": "when it closed, of leads that are closed; it stays a column of its own besides",
    "timeline": "when they want to decide, in words; fills decides_in_days",
    "outcome": "how it ended: won, lost, converted",
    "outcome_reason": "why it ended so",
    "outcome_value": "what it was worth",
}
"""Further names that a file's column can be mapped to; rules do not use them."""
