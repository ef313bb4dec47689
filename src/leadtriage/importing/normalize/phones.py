"""Telephone numbers: one cell to its numbers, as E.164 where the country is certain, else as a person dials them."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from leadtriage.importing.normalize.cells import NotRecognized, is_missing, plain

_FEWEST_DIGITS, _MOST_DIGITS = 5, 15
"""E.164 allows fifteen; with fewer than five it is an extension or a scrap."""
_SHARED_DIGITS = 9

_INTERNATIONAL = re.compile(r"\+([1-9]\d{6,14})", re.ASCII)
_PUNCTUATED = re.compile(r"\+[\d ().-]{7,24}", re.ASCII)
_NATIONAL = re.compile(r"(?!.*\.0+$|\d{4}-\d\d-\d\d)[\d ().-]{5,24}", re.ASCII)
_PUNCTUATION = str.maketrans("", "", " ().-")
_SCIENTIFIC = re.compile(r"\+?(\d)[.,]?(\d*)e\+?(\d\d?)", re.IGNORECASE)
_POINT_ZERO = re.compile(r"(\+?\d{5,15})[.,]0+")
_LABEL = re.compile(
    r"(?:\b[a-z][a-z .-]{0,14}:|\b(?:tel|phone|ph|mob|mobile|cell|fax|office|work|home|telefon|handy)\b\.?)\s*", re.I
)
_META = re.compile(r"p:(?=\+?\d)", re.IGNORECASE)
_EXTENSION = re.compile(
    r"\s*(?:\bext(?:ension|n)?\b\.?|[x#]|;ext=|durchwahl|\bdw\b|\bposte\b)\s*[.:]?\s*(\d{1,7})\s*$", re.IGNORECASE
)
_APART = re.compile(r"\s*(?:[;,|]|\s/\s|\bor\b|\band\b|\boder\b|\bund\b|\bou\b)\s*", re.IGNORECASE)
_TYPED = re.compile(r"\+?[\d\s()./-]+", re.ASCII)
_VANITY = re.compile(r"[+(]?\d[\d ().-]{2,9}[a-z]{3}[a-z\d -]{0,10}", re.IGNORECASE)
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:\D.*)?")
_DECORATION = re.compile(r"^[^\w+(]+")


def parse_phones(text: str, region: str | None) -> tuple[str, ...]:
    """Return the numbers in a cell, each once.

    A number is E.164 ("+493012345"), with "x752" behind it for an extension. It stays as typed ("660-485-0224") where
    its country is unknown or its area code missing, since a person can still dial it. A spreadsheet's form is repaired
    ("493012345.0") unless digits are lost.

    Args:
        region: two letters of the country whose national numbers these are; None if unknown.
    """
    if text[:1] == "+" and _PUNCTUATED.fullmatch(text):
        number = text.translate(_PUNCTUATION)
        if _INTERNATIONAL.fullmatch(number) and _is_valid_international(number[1:]):
            return (number,)
    elif _NATIONAL.fullmatch(text):
        digits = text.translate(_PUNCTUATION)
        if region is not None:
            completed = _complete_national(digits, region)
            if completed is not None:
                return (completed,)
        elif text[:2] != "00" and 7 <= len(digits) <= _MOST_DIGITS and len(set(digits)) > 1:
            return (" ".join(text.split()).strip(" -."),)
    if is_missing(text):
        return ()
    given = _META.sub("", plain(text)).lstrip("'=\"").strip("'\" ")
    found = dict.fromkeys(_parse_number(part, region) for part in _split_numbers(given))
    if not found:
        raise NotRecognized("not a telephone number")
    return tuple(found)


def phone_digits_key(phone: str) -> str:
    """Return what spellings of one number share: its last nine digits, without extension and leading zeros.

    "0170 1234567" matches "+491701234567". A key identifies a person only together with the name.
    """
    if phone[:1] == "+" and phone[1:].isdecimal():
        return phone[-_SHARED_DIGITS:] if len(phone) > _SHARED_DIGITS else phone[1:]
    digits = "".join(c for c in phone.partition("x")[0] if c.isdecimal()).lstrip("0")
    return digits[-_SHARED_DIGITS:]


def _split_numbers(text: str) -> list[str]:
    parts = [part for part in _APART.split(text) if part]
    if len(parts) == 1 and "/" in text:
        sides = [side for side in text.split("/") if side.strip()]
        if all(sum(c.isdecimal() for c in side) >= 7 for side in sides):
            return sides
    if len(parts) > 1 and not all(sum(c.isdecimal() for c in part) >= _FEWEST_DIGITS for part in parts):
        return [" ".join(text.replace(",", " ").split())]
    return parts


def _parse_number(text: str, region: str | None) -> str:
    text = _repair_spreadsheet(_DECORATION.sub("", _LABEL.sub("", text)).strip())
    if _ISO_DATE.fullmatch(text):
        raise NotRecognized("a date rather than a telephone number")
    extension = _EXTENSION.search(text)
    bare = text[: extension.start()] if extension else text
    digits = [c for c in bare if c.isdecimal()]
    if _VANITY.fullmatch(bare) is None:
        if _TYPED.fullmatch(bare.strip()) is None:
            raise NotRecognized("not a telephone number")
        if not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS + 2:
            raise NotRecognized("too few digits" if len(digits) < _FEWEST_DIGITS else "too many digits")
        if len(set(digits)) == 1:
            raise NotRecognized("one digit over and over")
    dialled = _dial(bare, region)
    if dialled is None:
        if len(digits) > _MOST_DIGITS:
            raise NotRecognized("too many digits")
        dialled = " ".join(bare.split()).strip(" -./")
    return f"{dialled}x{extension[1]}" if extension else dialled


def _repair_spreadsheet(text: str) -> str:
    scientific = _SCIENTIFIC.fullmatch(text)
    if scientific:
        digits, places = scientific[1] + scientific[2], int(scientific[3])
        if places + 1 > len(digits) or places + 1 < len(digits.rstrip("0")):
            raise NotRecognized("a spreadsheet has rounded its digits away")
        return digits[: places + 1]
    whole = _POINT_ZERO.fullmatch(text)
    return whole[1] if whole else text


def _dial(text: str, region: str | None) -> str | None:
    """Return the number as E.164; None where its country is open or the number impossible."""
    import phonenumbers as library

    if text.startswith("00"):
        text = "+" + text[2:].lstrip()
    elif region is None and not text.startswith(("+", "(+")):
        return None
    try:
        number = library.parse(text, region)
    except library.NumberParseException:
        return None
    if library.is_possible_number_with_reason(number) != library.ValidationResult.IS_POSSIBLE:
        return None
    plan = _plan_of_code(str(number.country_code))
    if plan and plan.shape and not plan.shape.fullmatch(library.national_significant_number(number)):
        return None
    return str(library.format_number(number, library.PhoneNumberFormat.E164))


class _Plan(NamedTuple):
    """How a region writes its numbers.

    Attributes:
        lengths: the lengths of its national numbers.
        shape: their pattern, where one is known.
        prefix: the pattern of what may stand before them.
        trunk: the digit before national numbers, or ""; None where the library must judge these numbers.
        not_plain: beginnings of digits that the library must judge.
    """

    code: str
    lengths: frozenset[int]
    shape: re.Pattern[str] | None
    prefix: re.Pattern[str] | None
    trunk: str | None
    not_plain: tuple[str, ...]


@cache
def _plan(region: str) -> _Plan | None:
    from phonenumbers import SUPPORTED_REGIONS, PhoneMetadata, country_code_for_region

    metadata = PhoneMetadata.metadata_for_region(region) if region in SUPPORTED_REGIONS else None
    if metadata is None or metadata.general_desc is None:
        return None
    code = str(country_code_for_region(region))
    shape, prefix = metadata.general_desc.national_number_pattern, metadata.national_prefix_for_parsing or ""
    trunk, *others = prefix.split("|")
    is_simple = trunk in {"", "0", "1", "8"} and all(map(str.isdecimal, others))
    return _Plan(
        code,
        frozenset(metadata.general_desc.possible_length),
        re.compile(shape) if shape else None,
        re.compile(prefix) if prefix else None,
        trunk if is_simple and not metadata.national_prefix_transform_rule else None,
        (code, "00", "011", *others),
    )


@cache
def _plan_of_code(calling_code: str) -> _Plan | None:
    """Return the plan of the main region of a calling code."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(calling_code))
    return _plan(regions[0]) if regions else None


def _is_valid_international(digits: str) -> bool:
    """Return whether the library would leave these international digits as they are."""
    for length in (1, 2, 3):
        plan = _plan_of_code(digits[:length])
        if plan is not None:
            national = digits[length:]
            return (
                len(national) in plan.lengths
                and not (plan.prefix and plan.prefix.match(national))
                and plan.shape is not None
                and plan.shape.fullmatch(national) is not None
                and len(set(national)) > 1
            )
    return False


def _complete_national(digits: str, region: str) -> str | None:
    """Return plain national digits as E.164 where the library would do the same, else None."""
    plan = _plan(region)
    if plan is None or plan.trunk is None or plan.shape is None:
        return None
    national = digits.removeprefix(plan.trunk)
    if (
        len(national) not in plan.lengths
        or national[0] in {"0", plan.trunk}
        or digits.startswith(plan.not_plain)
        or not plan.shape.fullmatch(national)
        or len(set(national)) == 1
        or (national != digits and plan.shape.fullmatch(digits))
    ):
        return None
    return f"+{plan.code}{national}"
