from .amounts import (
    Money as Money,
    parse_count as parse_count,
    parse_exact_money as parse_exact_money,
    parse_money as parse_money,
    parse_number as parse_number,
)
from .cells import (
    NotRecognized as NotRecognized,
    clean_lines as clean_lines,
    clean_text as clean_text,
    is_missing as is_missing,
    parse_signs_off as parse_signs_off,
    parse_yes_no as parse_yes_no,
)
from .countries import country_for_phone_region as country_for_phone_region, parse_country as parse_country
from .currencies import (
    choose_currency as choose_currency,
    currencies_of_mark as currencies_of_mark,
    find_currency as find_currency,
    parse_currency as parse_currency,
)
from .dates import (
    DateOrder as DateOrder,
    DateOrderEvidence as DateOrderEvidence,
    decide_date_order as decide_date_order,
    find_common_order as find_common_order,
    is_ambiguous_date as is_ambiguous_date,
    parse_date as parse_date,
    parse_datetime as parse_datetime,
    parse_month_or_day as parse_month_or_day,
)
from .emails import (
    Email as Email,
    find_company_domain as find_company_domain,
    parse_emails as parse_emails,
    split_contact as split_contact,
)
from .names import join_name as join_name, split_name as split_name
from .phones import parse_phones as parse_phones, phone_digits_key as phone_digits_key
from .timelines import parse_timeline as parse_timeline
