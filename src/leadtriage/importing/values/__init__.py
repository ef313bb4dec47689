"""One cell to one value, a room for each kind: addresses, numbers, sums, dates, countries, names, answers.

Every reader is a pure function of the text. A missing value is None (or nothing, where there may be several), a text
that is not understood raises `NotUnderstood`; nothing is ever guessed. Which column holds what is up to the mapping.
"""

from leadtriage.importing.values.answers import parse_signs_off, parse_yes_no
from leadtriage.importing.values.cells import NotUnderstood, clean_lines, clean_text, is_missing
from leadtriage.importing.values.contacts import split_contact
from leadtriage.importing.values.countries import country_for_phone_region, parse_country
from leadtriage.importing.values.counts import parse_count, parse_number
from leadtriage.importing.values.currencies import minor_digits, parse_currency
from leadtriage.importing.values.date_order import (
    DateOrderEvidence,
    decide_date_order,
    find_common_order,
    is_ambiguous_date,
)
from leadtriage.importing.values.dates import DateOrder, parse_date, parse_datetime
from leadtriage.importing.values.emails import Email, parse_emails
from leadtriage.importing.values.money import Money, parse_exact_money, parse_money
from leadtriage.importing.values.months import parse_month, parse_month_or_day
from leadtriage.importing.values.names import join_name, split_name
from leadtriage.importing.values.phones import parse_phones, phone_digits_key
from leadtriage.importing.values.timeline import parse_timeline

__all__ = [
    "DateOrder",
    "DateOrderEvidence",
    "Email",
    "Money",
    "NotUnderstood",
    "clean_lines",
    "clean_text",
    "country_for_phone_region",
    "decide_date_order",
    "find_common_order",
    "is_ambiguous_date",
    "is_missing",
    "join_name",
    "minor_digits",
    "parse_count",
    "parse_country",
    "parse_currency",
    "parse_date",
    "parse_datetime",
    "parse_emails",
    "parse_exact_money",
    "parse_money",
    "parse_month",
    "parse_month_or_day",
    "parse_number",
    "parse_phones",
    "parse_signs_off",
    "parse_timeline",
    "parse_yes_no",
    "phone_digits_key",
    "split_contact",
    "split_name",
]
