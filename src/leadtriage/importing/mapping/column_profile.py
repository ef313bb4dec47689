"""What the values of a column say about its field: they confirm, change or refute the claim of its header."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from leadtriage.core.vocabulary import StatusMeaning
from leadtriage.importing.mapping.header_synonyms import HeaderSynonyms, squeeze
from leadtriage.importing.mapping.statuses import parse_outcome, parse_status

_EMAIL = re.compile(r"[^\s@,;/|]+@[^\s@,;/|]+\.[^\s@,;/|]+")
_PHONE = re.compile(r"(?:p:)?'?\+?\(?\d[\d\s().\-/]{5,24}(?:\s?(?:x|ext\.?|#)\s?\d{1,6})?", re.IGNORECASE)
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ].*)?"
    r"|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})(?:,? .*)?"
    r"|\d{1,2}[ -][^\W\d_]{3,9}\.?,?[ -]\d{2,4}(?:,? .*)?"
    r"|[^\W\d_]{3,9}\.? \d{1,2},? \d{4}(?:,? .*)?"
)
_URL = re.compile(
    r"(?:https?://|www\.)\S+|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|io|co|de|fr|es|it|nl|eu|uk)/?", re.I
)
_COMPANY = re.compile(
    r"\b(?:inc|llc|ltd|limited|gmbh|ag|kg|corp|corporation|company|co|plc|pty|bv|nv|sa|sas|sarl|srl|spa|s\.a|s\.r\.l"
    r"|oy|ab|as|group|holding|holdings|solutions|technologies|systems|labs|industries|partners|associates|bank)\b\.?",
    re.IGNORECASE,
)
_PERSON = re.compile(r"[^\W\d_][\w'’.\-]*(?: [^\W\d_][\w'’.\-]*){1,3}")
_PARTS = re.compile(r"[,;|]|\s/\s|/(?=\s*\+)|\s-\s|(?<=\w)\s+(?=\+)")
_NO_HEADER = re.compile(r"column \d+")

_ENOUGH = 0.6
"""Share of a column's values that must have a shape for it to be the column's."""
_MOST_VALUES, _LONGEST_VALUE = 200, 300
_ENDINGS = (StatusMeaning.CONVERTED, StatusMeaning.WON, StatusMeaning.LOST)
_NAMES = ("name", "first_name", "last_name")
_DATES = ("created", "modified", "last_touch", "closed")
_WITH_DIGITS = ("phone", "employees", "budget", "revenue", "outcome_value", *_DATES)
_SEVERAL = ("email", "phone", "closed")
"""Fields that several columns may fill."""
_BY_VALUES = 50
SPARE = 100
"""The strength of a header that only counts where the file has nothing better."""


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """The filled cells of one column in the file's first rows, trimmed."""

    header: str
    values: tuple[str, ...]

    def share(self, test: Callable[[str], object]) -> float:
        """Return the share of values that pass, from 0 (also where there is no value) to 1."""
        return sum(bool(test(value)) for value in self.values) / len(self.values) if self.values else 0.0

    def share_of_outcomes(self, *meanings: StatusMeaning) -> float:
        """Return the share of values that mean one of these outcomes, without any given that mean any outcome."""
        return self.share(lambda value: parse_outcome(value, self.header) in (meanings or tuple(StatusMeaning)))

    @property
    def endings(self) -> float:
        """The share of values that say how a lead ended."""
        return self.share_of_outcomes(*_ENDINGS)

    @property
    def has_only_outcomes(self) -> bool:
        """Whether all values mean won, lost, converted or open, and at least one an end."""
        return self.endings > 0 and self.share_of_outcomes(*_ENDINGS, StatusMeaning.OPEN) == 1

    @property
    def distinct(self) -> float:
        """The share of distinct values."""
        return len(set(self.values)) / len(self.values) if self.values else 0.0

    @property
    def has_one_host(self) -> bool:
        """Whether five or more values are links to one host, as links into the CRM are."""
        hosts = [urlsplit(value).netloc for value in self.values if value.startswith(("http://", "https://"))]
        return len(hosts) == len(self.values) >= 5 and len(set(hosts)) == 1


def profile_columns(headers: Sequence[str], samples: Sequence[Sequence[str]]) -> tuple[ColumnProfile, ...]:
    """Return the profile of each column by the file's first rows, of any length."""
    rows = samples[:_MOST_VALUES]
    return tuple(
        ColumnProfile(
            header,
            tuple(cell for row in rows if index < len(row) and (cell := row[index][:_LONGEST_VALUE].strip())),
        )
        for index, header in enumerate(headers)
    )


def _is_phone(value: str) -> bool:
    if not _PHONE.fullmatch(value) or _DATE.fullmatch(value):
        return False
    return 7 <= sum(map(str.isdigit, value)) <= 21


def _is_written_phone(value: str) -> bool:
    """Whether a plus sign, brackets or gaps show that this is no mere number."""
    return not value.isdecimal() and _is_phone(value)


def _has_phone(value: str) -> bool:
    return any(_is_phone(part.strip()) for part in _PARTS.split(value))


def _is_url(value: str) -> bool:
    return "@" not in value and _URL.fullmatch(value) is not None


def _is_company(value: str) -> bool:
    return "@" not in value and _COMPANY.search(value) is not None


def _is_person(value: str) -> bool:
    return _PERSON.fullmatch(value) is not None and not _COMPANY.search(value)


def _has_digit(value: str) -> bool:
    return any(map(str.isdigit, value))


@dataclass(frozen=True, slots=True)
class Claim:
    """That a column fills a field.

    Attributes:
        field: a field, one of the questions `stage` and `kind`, or None where the values refuted the header.
        strength: how certain that is; the strongest claim gets the field.
        place: the order of preference among claims of one strength, from 0.
        slip: the right spelling of a misspelled header.
    """

    index: int
    field: str | None
    strength: int
    place: int
    why: str
    slip: str | None = None

    def change(self, field: str | None, why: str) -> Claim:
        """Return the claim for another field, or for none."""
        return replace(self, field=field, why=why)


def check_claim(claim: Claim, profile: ColumnProfile, synonyms: HeaderSynonyms) -> Claim:
    """Return the claim as the values leave it: confirmed, for another field, or for none."""
    match claim.field:
        case "contact":
            return _check_contact(claim, profile)
        case "stage":
            if profile.endings or not profile.values:
                return claim.change("outcome", "the header says so")
            if profile.share(parse_status) >= 0.5:
                return claim.change("status", "its values are status words")
            return claim.change(None, "its values are no known status words")
        case "kind":
            if profile.endings and profile.share_of_outcomes() >= 0.8:
                return claim.change("outcome", "its values say how it ended")
            return claim.change(None, "its values do not say how it ended")
    objection = _find_objection(claim, profile, synonyms)
    return claim if objection is None else claim.change(None, objection)


def _check_contact(claim: Claim, profile: ColumnProfile) -> Claim:
    if not profile.values:
        both = any(word in squeeze(profile.header) for word in ("phone", "tel", "info", "details", "daten"))
        return claim if both else claim.change("name", "the header says so")
    emails, phones = profile.share(_EMAIL.search), profile.share(_is_phone)
    if emails and (phones or profile.share(_has_phone)):
        return claim.change("contact", "its values are e-mail addresses and phone numbers")
    if emails >= _ENOUGH:
        return claim.change("email", "its values are e-mail addresses")
    if phones >= _ENOUGH:
        return claim.change("phone", "its values are phone numbers")
    named = profile.share(_is_person) >= 0.5 or profile.distinct > 0.9
    if named and profile.share(_has_digit) < 0.2 and not emails:
        return claim.change("name", "its values are names")
    return claim.change(None, "its values are neither addresses nor numbers nor names")


def _find_objection(claim: Claim, profile: ColumnProfile, synonyms: HeaderSynonyms) -> str | None:
    """Return what refutes the field, if anything; one value alone proves nothing."""
    if len(profile.values) < 2:
        return None
    field, share = claim.field, profile.share
    if field in _WITH_DIGITS and not share(_has_digit):
        return "its values have no digits"
    if field == "created" and claim.strength <= SPARE and share(_DATE.fullmatch) < 0.5:
        return "its values are no dates"
    if field == "email" and not share(_EMAIL.search):
        return "its values are no e-mail addresses"
    if field in (*_NAMES, "phone", "company", "title") and share(_EMAIL.search) >= _ENOUGH:
        return "its values are e-mail addresses"
    if field == "title" and share(lambda value: squeeze(value) in synonyms.salutations) >= _ENOUGH:
        return "its values are salutations"
    if field in ("campaign", "source") and share(lambda value: len(value) <= 3 and value.isdecimal()) >= 0.9:
        return "its values are counts"
    if field in ("company", "title") and share(str.isdecimal) >= 0.9:
        return "its values are numbers"
    if field == "website" and not share(lambda value: "." in value):
        return "its values are no web addresses"
    if field == "website" and profile.has_one_host:
        return "its values are links into one system"
    if field == "country" and share(_has_digit) >= 0.9:
        return "its values are dialling codes"
    if field == "outcome" and not profile.share_of_outcomes():
        return "its values do not say how it ended"
    if field == "id" and len(profile.values) >= 10 and profile.distinct < 0.5:
        return "its values repeat"
    return None


def check_claims_together(
    claims: Sequence[Claim], profiles: Sequence[ColumnProfile], decided: Collection[str], synonyms: HeaderSynonyms
) -> list[Claim]:
    """Return the claims after a look at the other columns' claims; fields in `decided` are taken.

    - "Name" beside a column for one half of the name is the other half ("Nom", "Prénom"), unless its values are full
      names. It is the company's where its values are companies and no column holds them.
    - A status column with no other words than open, won and lost is the outcome, where no other column is.
    """
    fields = {claim.field for claim in claims} | set(decided)
    one_half = ("first_name" in fields) != ("last_name" in fields)
    checked = []
    for claim in claims:
        profile = profiles[claim.index]
        if claim.field == "name" and squeeze(profile.header) in synonyms.bare_names:
            if "company" not in fields and profile.share(_is_company) >= _ENOUGH:
                claim = claim.change("company", "its values are companies")
            elif one_half and profile.share(_is_person) < 0.5:
                half = "last_name" if "first_name" in fields else "first_name"
                claim = claim.change(half, "the other half of the name has its own column")
        elif claim.field == "status" and "outcome" not in fields and profile.has_only_outcomes:
            claim = claim.change("outcome", "its values say how it ended")
        checked.append(claim)
    return checked


def resolve_conflicts(claims: Sequence[Claim], profiles: Sequence[ColumnProfile]) -> dict[int, Claim]:
    """Return the claim that wins each field, by the index of its column.

    The strongest claim wins, then the preferred header. Among equal headers the alphabet decides, then the leftmost
    column. A column that is empty in the first rows loses to one that is not, and a spare header to any other.
    """

    def rank(claim: Claim) -> tuple[bool, int, int, str, int]:
        profile = profiles[claim.index]
        return (not profile.values, -claim.strength, claim.place, squeeze(profile.header), claim.index)

    winners: dict[int, Claim] = {}
    for field in {claim.field for claim in claims if claim.field is not None}:
        ranked = sorted((claim for claim in claims if claim.field == field), key=rank)
        proper = [claim for claim in ranked if claim.strength > SPARE] if field in _SEVERAL else []
        winners |= {claim.index: claim for claim in proper or ranked[:1]}
    return winners


def claim_by_values(
    free: Iterable[int], profiles: Sequence[ColumnProfile], filled: frozenset[str], synonyms: HeaderSynonyms
) -> Iterator[Claim]:
    """Yield claims for columns with unknown headers, for fields that are not `filled` yet.

    In a file with headers, only e-mail addresses and phone numbers are unmistakable. In a file without, the first
    column of dates is the day of creation, and names, companies and websites are recognised by their shape.
    """
    nameless = all(_NO_HEADER.fullmatch(profile.header) for profile in profiles)
    found = set(filled)
    for index in free:
        profile = profiles[index]
        if not profile.values or squeeze(profile.header) in synonyms.other:
            continue
        if synonyms.names_someone_else(profile.header):
            continue
        guess = _guess(profile, nameless, filled, found)
        if guess is not None:
            field, looks = guess
            found.add(field)
            yield Claim(index, field, _BY_VALUES, index, f"its values look like {looks}")


def _guess(profile: ColumnProfile, nameless: bool, filled: frozenset[str], found: set[str]) -> tuple[str, str] | None:
    """Return a field with the shape of its values."""
    enough, share = _ENOUGH if nameless else 0.8, profile.share
    if "email" not in filled and share(_EMAIL.search) >= enough:
        if share(_has_phone) >= _ENOUGH and "phone" not in filled:
            return "contact", "e-mail addresses with phone numbers"
        return "email", "e-mail addresses"
    if "phone" not in filled and share(_is_written_phone) >= enough:
        return "phone", "phone numbers"
    if not nameless:
        return None
    for field, looks, test, needed in (
        ("created", "dates", _DATE.fullmatch, 0.8),
        ("phone", "phone numbers", _is_phone, 0.8),
        ("website", "web addresses", _is_url, _ENOUGH),
        ("company", "companies", _is_company, 0.3),
        ("name", "people's names", _is_person, _ENOUGH),
    ):
        if field not in found and share(test) >= needed:
            return field, looks
    return None
