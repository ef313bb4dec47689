"""What holds for every text: a value, nothing or `NotRecognized` comes out, and what came out reads the same again."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import phonenumbers
import pytest
from dateutil.parser import parse as dateutil_parse
from email_validator import EmailNotValidError, validate_email
from hypothesis import assume, example, given, strategies as st

from leadtriage.core.money import minor_digits
from leadtriage.core.vocabulary import EmailKind
from leadtriage.importing.mapping import parse_crm_id, parse_own_money
from leadtriage.importing.normalize import (
    DateOrder,
    DateOrderEvidence,
    NotRecognized,
    clean_lines,
    clean_text,
    decide_date_order,
    find_common_order,
    is_ambiguous_date,
    is_missing,
    join_name,
    parse_count,
    parse_country,
    parse_currency,
    parse_date,
    parse_datetime,
    parse_emails,
    parse_exact_money,
    parse_money,
    parse_month_or_day,
    parse_number,
    parse_phones,
    parse_signs_off,
    parse_timeline,
    parse_yes_no,
    phone_digits_key,
    split_contact,
    split_name,
)

CAME_IN = date(2026, 11, 21)
READERS: dict[str, Callable[[str], Any]] = {
    "emails": parse_emails,
    "phones": lambda text: parse_phones(text, None),
    "phones of the US": lambda text: parse_phones(text, "US"),
    "phones of Germany": lambda text: parse_phones(text, "DE"),
    "phones of a place without a plan": lambda text: parse_phones(text, "AQ"),
    "contact": split_contact,
    "money": lambda text: parse_money(text, "USD"),
    "money in euros": lambda text: parse_money(text, "EUR"),
    "exact money": lambda text: parse_exact_money(text, "USD"),
    "money in units of account": lambda text: parse_money(text, "CLF"),
    "money of our own exports": lambda text: parse_own_money(text, "USD"),
    "currency": lambda text: parse_currency(text, "USD"),
    "month": parse_month_or_day,
    "number": parse_number,
    "count": parse_count,
    "date": lambda text: parse_date(text, DateOrder.DAY_FIRST),
    "datetime": lambda text: parse_datetime(text, DateOrder.MONTH_FIRST),
    "timeline": lambda text: parse_timeline(text, CAME_IN),
    "country": parse_country,
    "yes or no": parse_yes_no,
    "signs off": parse_signs_off,
    "name": split_name,
}
SHAPED = st.text(alphabet="0123456789.,-+/:() kmKM€$%xeE'@a", max_size=24)
WORDED = st.lists(
    st.sampled_from(
        "in 3 1 30 12 2027 may q1 next this month weeks year end of to - bis k m € $ usd + > under @ . com , / 00 : am"
        " z a e+ ' ( ) x ext tel 日 ١ ½ ² \u0000 \ud800 \u202e".split()
    ),
    max_size=8,
).map(" ".join)
ANY_TEXT = st.text(st.characters(), max_size=60) | SHAPED | WORDED


@pytest.mark.parametrize("reader", [*READERS.values(), parse_crm_id], ids=[*READERS, "id of a CRM"])
@given(text=ANY_TEXT)
@example(text="1" * 400)
@example(text="9" * 5_000)
@example(text="²")
@example(text="1e99")
@example(text="10000-01-01")
@example(text="99999999 years")
def test_any_text_gives_a_value_or_is_not_recognized(reader: Callable[[str], Any], text: str) -> None:
    try:
        value = reader(text)
    except NotRecognized as refusal:
        assert refusal.why
    else:
        if is_missing(text) and text.strip() not in {"", "-"}:
            assert value in (None, (), (None, None), (text.strip(), ""), ("", text.strip()))


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize("unit", ["1", "a@", "9,", "in ", "(", "1-", " ", "+1 ", "\u202e", "a@b.com;"])
def test_a_huge_cell_is_refused_at_once(reader: Callable[[str], Any], unit: str) -> None:
    huge = unit * (10_000_000 // len(unit))
    if unit == " ":
        huge = "x" + huge
    with pytest.raises(NotRecognized):
        reader(huge)


@given(text=ANY_TEXT)
def test_clean_text_is_settled_and_holds_no_control_character(text: str) -> None:
    for clean in (clean_text, clean_lines):
        cleaned = clean(text)
        if cleaned is None:
            continue
        assert clean(cleaned) == cleaned
        assert not any(c < " " and c != "\n" for c in cleaned)
        cleaned.encode("utf-8")
    assert "\n" not in (clean_text(text) or "")


@given(lines=st.lists(st.text(string.ascii_letters + " ", min_size=1).filter(str.strip), min_size=1, max_size=4))
def test_clean_lines_keeps_the_lines(lines: list[str]) -> None:
    expected = "\n".join(" ".join(line.split()) for line in lines)
    assume(not is_missing(expected))
    for end in ("\n", "\r\n", "\r"):
        assert clean_lines(end.join(lines)) == expected


LOCAL = st.text(string.ascii_letters + string.digits + "._+-'!", min_size=1, max_size=20)
DOMAIN = st.lists(
    st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=12), min_size=1, max_size=3
).map(lambda labels: ".".join([*labels, "com"]))


@given(local=LOCAL, domain=DOMAIN)
def test_an_address_is_usable_where_the_standard_says_so(local: str, domain: str) -> None:
    text = f"{local}@{domain}"
    assume(text == text.strip("'`.,:;!?*") and not local.startswith("!"))
    try:
        valid = validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        assert [email.kind for email in parse_emails(text)] == [EmailKind.INVALID]
    else:
        email = parse_emails(text)[0]
        assert email.address == f"{valid.local_part.lower()}@{valid.domain}"
        assert email.domain == valid.domain
        assert email.kind is not EmailKind.INVALID


@given(text=ANY_TEXT | st.tuples(LOCAL, DOMAIN).map("@".join))
def test_a_usable_address_reads_the_same_again(text: str) -> None:
    try:
        emails = parse_emails(text)
    except NotRecognized:
        return
    for email in emails:
        if email.kind is not EmailKind.INVALID:
            assert parse_emails(email.address) == (email,)
            assert email.address.endswith(f"@{email.domain}")


REGIONS = st.sampled_from(
    ["US", "GB", "DE", "FR", "IN", "IT", "ES", "BR", "MX", "AR", "RU", "CN", "JP", "AU", "CH", "NL", "SG"]
)


@given(region=REGIONS, digits=st.text("0123456789", min_size=5, max_size=14), spaced=st.booleans())
def test_a_national_number_is_what_the_library_makes_of_it(region: str, digits: str, spaced: bool) -> None:
    assume(len(set(digits)) > 1)
    text = f"{digits[:4]} {digits[4:]}" if spaced else digits
    _assert_like_library(text, region)


@given(code=st.sampled_from([1, 7, 20, 33, 34, 39, 44, 49, 52, 54, 55, 61, 81, 86, 91, 351, 971, 999]),
       digits=st.text("0123456789", min_size=5, max_size=12))  # fmt: skip
@example(code=49, digits="0301234567")
@example(code=39, digits="0669821234")
@example(code=7, digits="89161234567")
def test_an_international_number_is_what_the_library_makes_of_it(code: int, digits: str) -> None:
    assume(len(set(digits)) > 1)
    _assert_like_library(f"+{code}{digits}", None)


def _assert_like_library(text: str, region: str | None) -> None:
    try:
        got = parse_phones(text, region)
    except NotRecognized:
        return
    assert len(got) == 1
    if not got[0].startswith("+") or " " in got[0]:
        return
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        assert got == (text,)
        return
    if phonenumbers.is_possible_number(number) and phonenumbers.is_valid_number(number):
        assert got[0] == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@given(region=st.none() | REGIONS, text=ANY_TEXT | SHAPED)
def test_a_number_reads_the_same_again(region: str | None, text: str) -> None:
    try:
        phones = parse_phones(text, region)
    except NotRecognized:
        return
    for phone in phones:
        assert parse_phones(phone, region) == (phone,)


@given(region=REGIONS)
def test_an_example_number_of_every_plan_is_recognized_in_every_spelling(region: str) -> None:
    number = phonenumbers.example_number(region)
    assert number is not None
    expected = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    for spelling in (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL):
        text = phonenumbers.format_number(number, spelling)
        assert parse_phones(text, region) == (expected,)
        assert parse_phones(f"{text} ext 12", region) == (f"{expected}x12",)


def test_spellings_of_one_number_share_a_key() -> None:
    spellings = ["+491701234567", "0170 1234567", "0170/123-4567", "+49 170 1234567x12", "491701234567"]
    assert {phone_digits_key(spelling) for spelling in spellings} == {"701234567"}


AMOUNTS = st.decimals(min_value=0, max_value=10**12, places=2, allow_nan=False, allow_infinity=False)


@given(amount=AMOUNTS, currency=st.sampled_from(["USD", "EUR", "JPY", "KWD", "INR", "CHF"]))
def test_a_written_sum_is_read_as_written(amount: Decimal, currency: str) -> None:
    minor = int(amount.scaleb(minor_digits(currency)).quantize(Decimal(1), ROUND_HALF_UP))
    written = [
        str(amount),
        f"{amount:,}",
        f"{amount:,}".translate(str.maketrans(",.", ".,")),
        f"{amount:,}".replace(",", "'"),
    ]
    for text in written:
        for spelling in (text, f"{text} {currency}", f"{currency} {text}"):
            money = parse_money(spelling, currency)
            assert money is not None
            assert (money.amount, money.currency) == (minor, currency)
            assert money.marked == (spelling is not text)


@given(amount=AMOUNTS, more=AMOUNTS)
def test_a_range_counts_by_its_lower_end(amount: Decimal, more: Decimal) -> None:
    low, high = amount, amount + more
    for text in (f"{low} - {high}", f"${low}-${high}", f"{low} to {high} USD", f"{low}+", f"> {low}"):
        money = parse_money(text, "USD")
        assert money is not None
        assert money.amount == int(low.scaleb(2))


@given(number=st.integers(-(10**15), 10**15) | st.floats(-1e12, 1e12, allow_nan=False).map(lambda x: round(x, 4)))
def test_a_number_of_a_program_is_read_as_it_is(number: float) -> None:
    text = repr(number)
    whole, _, fraction = text.lstrip("-").partition(".")
    assume(not (len(fraction) == 3 and len(whole) < 4 and whole != "0"))
    assert parse_number(text) == number


@given(number=st.integers(0, 10**9))
def test_a_count_is_read_however_it_is_grouped(number: int) -> None:
    for text in (
        str(number),
        f"{number:,}",
        f"{number:,}".replace(",", "."),
        f"{number:,}".replace(",", " "),
        f"{number}+",
    ):
        assert parse_count(text) == number


TIMES = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2068, 12, 31)).map(
    lambda t: t.replace(microsecond=0)
)
WRITTEN = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S+0200", "%Y/%m/%d %H:%M:%S", "%d %b, %Y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S", "%B %d, %Y %H:%M:%S", "%b %d %Y %I:%M:%S %p", "%Y%m%dT%H%M%SZ", "%a, %d %b %Y %H:%M:%S GMT",
    "%d-%b-%y %H:%M:%S",
)  # fmt: skip


@given(when=TIMES, form=st.sampled_from(WRITTEN), order=st.sampled_from(DateOrder))
def test_a_written_time_is_read_as_written_whatever_the_order(when: datetime, form: str, order: DateOrder) -> None:
    if "%y" in form:
        assume(when.year >= 1970)
    text = when.strftime(form)
    assert parse_datetime(text, order) == when
    assert parse_date(text, order) == when.date()


@given(when=TIMES, mark=st.sampled_from("-/."), order=st.sampled_from(DateOrder), year=st.sampled_from(["%Y", "%y"]))
def test_numbers_are_read_in_the_order_of_their_column(when: datetime, mark: str, order: DateOrder, year: str) -> None:
    form = ["%d", "%m", year] if order is DateOrder.DAY_FIRST else ["%m", "%d", year]
    text = when.strftime(mark.join(form))
    assert parse_date(text, order) == when.date()
    other = next(each for each in DateOrder if each is not order)
    assert is_ambiguous_date(text) == (parse_date(text, other) != when.date())


@given(when=TIMES, offset=st.integers(-12, 12))
def test_an_offset_leaves_the_clock_on_the_wall(when: datetime, offset: int) -> None:
    text = when.replace(tzinfo=timezone(timedelta(hours=offset))).isoformat()
    assert parse_datetime(text, DateOrder.DAY_FIRST) == when


@given(when=TIMES.filter(lambda t: t.year >= 2002))
def test_seconds_since_1970_are_read_as_utc(when: datetime) -> None:
    assume(when.year < 2060)
    seconds = int(when.replace(tzinfo=UTC).timestamp())
    assert parse_datetime(str(seconds), DateOrder.DAY_FIRST) == when
    assert parse_datetime(str(seconds * 1000), DateOrder.DAY_FIRST) == when


@given(when=TIMES, form=st.sampled_from(["%d %B %Y", "%B %d, %Y", "%d-%b-%Y", "%d %b %Y %H:%M:%S"]))
def test_months_in_words_are_read_as_the_library_reads_them(when: datetime, form: str) -> None:
    text = when.strftime(form)
    assert parse_datetime(text, DateOrder.DAY_FIRST) == dateutil_parse(text)


DAYS = st.dates(date(2000, 1, 1), date(2050, 12, 31))


@given(days=st.lists(DAYS, max_size=30), order=st.sampled_from(DateOrder))
def test_a_column_that_was_written_in_one_order_never_shows_the_other(days: list[date], order: DateOrder) -> None:
    form = "%d/%m/%Y" if order is DateOrder.DAY_FIRST else "%m/%d/%Y"
    texts = [day.strftime(form) for day in days]
    decided = any(day.day > 12 for day in days)
    assert decide_date_order(texts) == (order if decided else None)
    evidence = DateOrderEvidence()
    for text in texts:
        evidence.add(text)
    assert evidence.undecidable == (not decided and any(day.day != day.month for day in days))
    assert not evidence.contradictory


def test_contradicting_dates_decide_nothing() -> None:
    evidence = DateOrderEvidence()
    for text in ("13/02/2024", "02/13/2024"):
        evidence.add(text)
    assert evidence.contradictory
    assert evidence.order is None


def test_dots_are_day_first_unless_a_value_says_otherwise() -> None:
    assert decide_date_order(["03.04.2024", "2024-01-01", "x"]) is DateOrder.DAY_FIRST
    assert decide_date_order(["03.04.2024", "04.13.2024"]) is DateOrder.MONTH_FIRST
    assert decide_date_order(["03.04.2024", "03/04/2024"]) is None


@given(came_in=DAYS, count=st.integers(1, 60), unit=st.sampled_from(["days", "weeks", "months", "years"]))
def test_a_longer_time_is_never_sooner(came_in: date, count: int, unit: str) -> None:
    sooner, later = (
        parse_timeline(f"in {count} {unit}", came_in),
        parse_timeline(f"{count}-{count + 1} {unit}", came_in),
    )
    assert sooner is not None
    assert later is not None
    assert came_in < sooner < later


@given(came_in=DAYS)
def test_periods_hold_the_day_and_follow_each_other(came_in: date) -> None:
    for unit in ("week", "month", "quarter", "year"):
        this, following = parse_timeline(f"this {unit}", came_in), parse_timeline(f"next {unit}", came_in)
        assert this is not None
        assert following is not None
        assert came_in <= this < following
        assert parse_timeline(f"this {unit}", this) == this
        assert parse_timeline(f"this {unit}", this + timedelta(days=1)) == following


@given(
    first=st.sampled_from(["Jane", "Jean-Luc", "María", "Mary Jane"]),
    last=st.sampled_from(["Doe", "van der Berg", "de la Cruz", "O'Neil", "García"]),
)
def test_a_joined_name_is_split_the_same(first: str, last: str) -> None:
    full = join_name(first, last)
    assert full is not None
    assert split_name(full) == (first, last)
    assert split_name(f"{last}, {first}") == (first, last)


def test_a_name_of_nothing_is_nothing() -> None:
    assert join_name(None, None) is None
    assert join_name("", "Doe") == "Doe"


def test_columns_share_an_order_where_all_that_show_one_agree() -> None:
    def read(*texts: str) -> DateOrderEvidence:
        evidence = DateOrderEvidence()
        for text in texts:
            evidence.add(text)
        return evidence

    month, day, either = read("04/13/2024"), read("13/04/2024"), read("03/04/2024")
    assert find_common_order([either, month, read("2024-01-01"), read("03/04/2024", "04/13/2024")]) is month.order
    assert find_common_order([either]) is None
    assert find_common_order([month, day, either]) is None
    assert find_common_order([month, read("04/13/2024", "13/04/2024")]) is None
