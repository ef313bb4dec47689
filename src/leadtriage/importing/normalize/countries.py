"""Countries: one cell to the two letters of ISO 3166.

The names in countries.csv (two letters, three letters, folded names) were taken from the Unicode CLDR in ten European
languages and each country's own, and from ISO 3166 by way of pycountry; the words that only people use stand here.
"""

from __future__ import annotations

import csv
import unicodedata
from functools import cache

from leadtriage.importing.normalize.cells import NotRecognized, is_missing, packaged_lines, plain

_ALSO = {
    "AE": "uae|u a e|emirates",
    "BA": "bosnia",
    "BO": "bolivia",
    "BS": "the bahamas",
    "CD": "dr congo|drc|congo kinshasa|democratic republic of congo",
    "CG": "congo brazzaville|republic of congo",
    "CI": "ivory coast|cote divoire|elfenbeinkuste",
    "CN": "pr china|prc|mainland china|p r china",
    "CZ": "czech republic|czechoslovakia|tschechische republik|ceska republika",
    "DE": "brd|ger|federal republic germany",
    "GB": "uk|u k|great britain|britain|england|scotland|wales|northern ireland|grossbritannien|gran bretagna"
    "|grande bretagne|gran bretana|angleterre|inglaterra|schottland",
    "GM": "the gambia",
    "HK": "hong kong",
    "IR": "iran",
    "KP": "north korea|nordkorea",
    "KR": "korea|republic of korea|s korea",
    "LA": "laos",
    "LY": "libyan arab jamahiriya",
    "MD": "moldova",
    "MK": "macedonia|north macedonia",
    "MM": "burma",
    "MO": "macau|macao",
    "NL": "holland|the netherlands|niederlande",
    "PH": "the philippines",
    "PS": "palestine|palestinian territory|palestinian territories",
    "RU": "russia|russian federation",
    "SH": "saint helena|st helena",
    "SJ": "svalbard|svalbard jan mayen islands",
    "SY": "syria",
    "SZ": "swaziland",
    "TR": "turkey|turkiye",
    "TW": "taiwan",
    "TZ": "tanzania",
    "US": "usa|u s a|us of a|u s|america|united states of america|the united states|estados unidos de america|eeuu"
    "|ee uu|amerika",
    "VA": "vatican",
    "VE": "venezuela",
    "VG": "british virgin islands",
    "VI": "us virgin islands|united states virgin islands",
    "VN": "viet nam|vietnam",
    "XK": "kosovo",
}


def _fold(text: str) -> str:
    """Return the text in lower case with one space between its words, without accents."""
    if text.isascii():
        letters = text.lower()
    else:
        decomposed = unicodedata.normalize("NFKD", text).casefold()
        letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in letters).split())


@cache
def _countries() -> dict[str, str]:
    """Return the country of every folded name and code."""
    named: dict[str, str] = {}
    for row in csv.DictReader(packaged_lines("countries.csv")):
        for name in (row["alpha2"], row["alpha3"], *row["names"].split("|")):
            named[_fold(name)] = row["alpha2"]
    for country, names in _ALSO.items():
        named.update(dict.fromkeys(names.split("|"), country))
    return named


def parse_country(text: str) -> str | None:
    """Return the country's two letters of ISO 3166 from a code or a name; None where it is missing.

    Names are known in English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Swedish, Danish and the
    country's own languages, with accents or without. "NA" is a missing value rather than Namibia. A calling code
    ("+49") stands for its country where it has one.

    Raises:
        NotRecognized: no country goes by that name.
    """
    if is_missing(text):
        return None
    given = plain(text)
    known = _countries()
    folded = _fold(given)
    country = known.get(folded)
    if country is None and folded.startswith("the "):
        country = known.get(folded[4:])
    if country is None and given.endswith(")"):
        name, _, code = given[:-1].partition("(")
        country = known.get(_fold(name)) or known.get(_fold(code))
    if country is None and given.startswith("+"):
        country = _country_of_calling_code(given)
    if country is None:
        raise NotRecognized("no country of that name is known")
    return country


def _country_of_calling_code(text: str) -> str | None:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    digits = text.lstrip("+ ")
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(digits), ()) if digits.isdecimal() and len(digits) < 4 else ()
    if len(regions) > 1:
        raise NotRecognized(f"several countries have the calling code {text}")
    return regions[0] if regions and regions[0].isalpha() else None


def country_for_phone_region(country: str | None) -> str | None:
    """Return the region whose numbering plan a country's national numbers follow; None where there is no such plan."""
    from phonenumbers import SUPPORTED_REGIONS

    return country if country in SUPPORTED_REGIONS else None
