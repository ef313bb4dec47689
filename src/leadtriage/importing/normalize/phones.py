"""Telephone numbers: one cell to its numbers, as E.164 where that can be told, else as a person would dial them."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from leadtriage.importing.normalize.cells import NotRecognized, is_missing, plain

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber


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
    """Return the numbers in a cell, each once; none where the cell is missing.

    A number is given as E.164 ("+493012345"), with "x752" behind it for an extension. Where neither the number nor the
    region says the country, or the number lacks its area code, it stays as it was typed ("660-485-0224"), since a
    person can still dial it. What a spreadsheet made of numbers is mended ("493012345.0") unless digits are lost.

    Args:
        region: the two letters of the country whose national numbers these are; None where that is not known.

    Raises:
        NotRecognized: it is no telephone number, or a spreadsheet has lost its last digits.
    """
    if text[:1] == "+" and _PUNCTUATED.fullmatch(text):
        number = text.translate(_PUNCTUATION)
        if _INTERNATIONAL.fullmatch(number) and _is_settled(number[1:]):
            return (number,)
    if region is not None and _NATIONAL.fullmatch(text):
        settled = _settle_national(text.translate(_PUNCTUATION), region)
        if settled is not None:
            return (settled,)
    elif region is None and _NATIONAL.fullmatch(text) and text[:2] != "00":
        digits = text.translate(_PUNCTUATION)
        if 7 <= len(digits) <= _MOST_DIGITS and len(set(digits)) > 1:
            return (" ".join(text.split()).strip(" -."),)
    if is_missing(text):
        return ()
    given = _META.sub("", plain(text)).lstrip("'=\"").strip("'\" ")
    found = dict.fromkeys(_read_number(part, region) for part in _part_numbers(given))
    if not found:
        raise NotRecognized("not a telephone number")
    return tuple(found)


def phone_digits_key(phone: str) -> str:
    """Return what two spellings of one number share: its last nine digits, without extension and leading zeros.

    So "0170 1234567" meets "+491701234567". It tells apart people only together with their names.
    """
    if phone[:1] == "+" and phone[1:].isdecimal():
        return phone[-_SHARED_DIGITS:] if len(phone) > _SHARED_DIGITS else phone[1:]
    digits = "".join(c for c in phone.partition("x")[0] if c.isdecimal()).lstrip("0")
    return digits[-_SHARED_DIGITS:]


def _part_numbers(text: str) -> list[str]:
    parts = [part for part in _APART.split(text) if part]
    if len(parts) == 1 and "/" in text:
        sides = [side for side in text.split("/") if side.strip()]
        if all(sum(c.isdecimal() for c in side) >= 7 for side in sides):
            return sides
    if len(parts) > 1 and not all(sum(c.isdecimal() for c in part) >= _FEWEST_DIGITS for part in parts):
        return [" ".join(text.replace(",", " ").split())]
    return parts


def _read_number(text: str, region: str | None) -> str:
    text = _mend_spreadsheet(_DECORATION.sub("", _LABEL.sub("", text)).strip())
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


def _mend_spreadsheet(text: str) -> str:
    scientific = _SCIENTIFIC.fullmatch(text)
    if scientific:
        digits, places = scientific[1] + scientific[2], int(scientific[3])
        if places + 1 > len(digits) or places + 1 < len(digits.rstrip("0")):
            raise NotRecognized("a spreadsheet has rounded its digits away")
        return digits[: places + 1]
    whole = _POINT_ZERO.fullmatch(text)
    return whole[1] if whole else text


def _dial(text: str, region: str | None) -> str | None:
    """Return the number as E.164, or None where that cannot be told."""
    from phonenumbers import (
        NumberParseException,
        PhoneNumberFormat,
        ValidationResult,
        format_number,
        is_possible_number_with_reason,
        national_significant_number,
        parse,
    )

    if text.startswith("00"):
        text = "+" + text[2:].lstrip()
    elif region is None and not text.startswith(("+", "(+")):
        return None
    try:
        number: PhoneNumber = parse(text, region)
    except NumberParseException:
        return None
    if is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    shape = _plan(str(number.country_code))[2]
    if shape is not None and not shape.fullmatch(national_significant_number(number)):
        return None
    return str(format_number(number, PhoneNumberFormat.E164))


@cache
def _calling_codes() -> frozenset[str]:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))


def _is_settled(digits: str) -> bool:
    """Return whether the library would leave these international digits as they are."""
    for length in (1, 2, 3):
        if digits[:length] in _calling_codes():
            lengths, prefix, shape = _plan(digits[:length])
            national = digits[length:]
            return (
                len(national) in lengths
                and not (prefix and prefix.match(national))
                and shape is not None
                and shape.fullmatch(national) is not None
                and len(set(national)) > 1
            )
    return False


@cache
def _plan(calling_code: str) -> tuple[frozenset[int], re.Pattern[str] | None, re.Pattern[str] | None]:
    """Return a numbering plan: the lengths of its numbers, what may stand before them, and their shape."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    regions = COUNTRY_CODE_TO_REGION_CODE[int(calling_code)]
    if regions[0] == "001":
        return frozenset(), None, None
    metadata = PhoneMetadata.metadata_for_region(regions[0])
    if metadata is None or metadata.general_desc is None:
        return frozenset(), None, None
    prefix = metadata.national_prefix_for_parsing
    shape = metadata.general_desc.national_number_pattern
    return (
        frozenset(metadata.general_desc.possible_length),
        re.compile(prefix) if prefix else None,
        re.compile(shape) if shape else None,
    )


class _RegionPlan(NamedTuple):
    """How a region writes its numbers: what may stand before them, and what needs the library's judgement."""

    code: str
    lengths: frozenset[int]
    shape: re.Pattern[str] | None
    trunk: str
    not_plain: tuple[str, ...]


@cache
def _region_plan(region: str) -> _RegionPlan | None:
    """Return the plan of a region where it is simple, else None."""
    from phonenumbers import SUPPORTED_REGIONS, PhoneMetadata, country_code_for_region

    metadata = PhoneMetadata.metadata_for_region(region) if region in SUPPORTED_REGIONS else None
    if metadata is None or metadata.general_desc is None or metadata.national_prefix_transform_rule:
        return None
    trunk, *other_prefixes = (metadata.national_prefix_for_parsing or "").split("|")
    if trunk not in {"", "0", "1", "8"} or not all(map(str.isdecimal, other_prefixes)):
        return None
    pattern = metadata.general_desc.national_number_pattern
    shape = re.compile(pattern) if pattern else None
    lengths = frozenset(metadata.general_desc.possible_length)
    code = str(country_code_for_region(region))
    return _RegionPlan(code, lengths, shape, trunk, (code, "00", "011", *other_prefixes))


def _settle_national(digits: str, region: str) -> str | None:
    """Return plain national digits as E.164 where the library would do the same, else None."""
    plan = _region_plan(region)
    if plan is None:
        return None
    national = digits[1:] if plan.trunk and digits.startswith(plan.trunk) else digits
    if (
        len(national) not in plan.lengths
        or national[0] in {"0", plan.trunk}
        or digits.startswith(plan.not_plain)
        or plan.shape is None
        or not plan.shape.fullmatch(national)
        or len(set(national)) == 1
        or (national is not digits and plan.shape.fullmatch(digits))
    ):
        return None
    return f"+{plan.code}{national}"
