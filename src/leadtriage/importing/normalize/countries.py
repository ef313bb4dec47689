"""Countries: one cell to the two letters of ISO 3166, by the names in countries.csv."""

from __future__ import annotations

import csv
import unicodedata
from functools import cache

from leadtriage.importing.normalize.cells import NotRecognized, is_missing, packaged_lines, plain


def parse_country(text: str) -> str | None:
    """Return the country's two letters of ISO 3166 from a code, a name or a calling code ("+49").

    Names are known in English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Swedish, Danish and the
    country's own languages, with accents or without. "NA" is a missing value rather than Namibia.
    """
    if is_missing(text):
        return None
    given = plain(text)
    known = _load_countries()
    folded = _fold(given)
    country = known.get(folded) or known.get(folded.removeprefix("the "))
    if country is None and given.endswith(")"):
        name, _, code = given[:-1].partition("(")
        country = known.get(_fold(name)) or known.get(_fold(code))
    if country is None and given.startswith("+"):
        country = _country_of_calling_code(given)
    if country is None:
        raise NotRecognized("no country of that name is known")
    return country


def country_for_phone_region(country: str | None) -> str | None:
    """Return the region whose numbering plan a country uses for its national numbers; None where there is none."""
    from phonenumbers import SUPPORTED_REGIONS

    return country if country in SUPPORTED_REGIONS else None


@cache
def _load_countries() -> dict[str, str]:
    """Map every folded name and code to its country."""
    return {
        _fold(name): row["alpha2"]
        for row in csv.DictReader(packaged_lines("countries.csv"))
        for name in (row["alpha2"], row["alpha3"], *row["names"].split("|"))
    }


def _fold(text: str) -> str:
    """Return the words of a text in lower case, without accents, joined by one space."""
    if text.isascii():
        letters = text.lower()
    else:
        decomposed = unicodedata.normalize("NFKD", text).casefold()
        letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in letters).split())


def _country_of_calling_code(text: str) -> str | None:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    digits = text.lstrip("+ ")
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(digits), ()) if digits.isdecimal() and len(digits) < 4 else ()
    if len(regions) > 1:
        raise NotRecognized(f"several countries have the calling code {text}")
    return regions[0] if regions and regions[0].isalpha() else None
