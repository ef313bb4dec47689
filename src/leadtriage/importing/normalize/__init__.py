"""One cell to one value, a room for each kind: addresses, numbers, sums, dates, countries, names, answers.

Every reader is a pure function of the text. A missing value is None (or nothing, where there may be several), a text
that is not understood raises `NotUnderstood`; nothing is ever guessed. Which column holds what is up to the mapping.
"""

from leadtriage.importing.normalize.amounts import Money, parse_count, parse_exact_money, parse_money, parse_number
from leadtriage.importing.normalize.cells import (
    NotUnderstood,
    clean_lines,
    clean_text,
    is_missing,
    parse_signs_off,
    parse_yes_no,
)
from leadtriage.importing.normalize.countries import country_for_phone_region, parse_country
from leadtriage.importing.normalize.currencies import minor_digits, parse_currency
from leadtriage.importing.normalize.dates import (
    DateOrder,
    DateOrderEvidence,
    decide_date_order,
    find_common_order,
    is_ambiguous_date,
    parse_date,
    parse_datetime,
    parse_month,
    parse_month_or_day,
)
from leadtriage.importing.normalize.emails import Email, parse_emails
from leadtriage.importing.normalize.names import join_name, split_contact, split_name
from leadtriage.importing.normalize.phones import parse_phones, phone_digits_key
from leadtriage.importing.normalize.timelines import parse_timeline

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
