"""What the values of a column say about the field that its header claims, or where its header says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from leadtriage.importing.evidence import ENOUGH, ColumnEvidence
from leadtriage.importing.headers import squeeze
from leadtriage.importing.lexicon import Lexicon

_NO_HEADER = re.compile(r"column \d+")
_SALUTATIONS = frozenset(
    (
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "sir",
        "madam",
        "herr",
        "herrn",
        "frau",
        "divers",
        "monsieur",
        "madame",
        "mme",
        "mlle",
        "m",
        "sr",
        "sra",
        "srta",
        "don",
        "dona",
        "sig",
        "signor",
        "signora",
        "dott",
        "dottssa",
        "dhr",
        "mevr",
    )
)
_DATES = ("created", "modified", "last_touch", "closed")
_MUST_HAVE_DIGITS = ("phone", *_DATES, "employees", "budget", "revenue", "outcome_value")
_BY_VALUES = 50
SPARE = 100
"""The strength of a header that only stands in for a better one."""


@dataclass(frozen=True, slots=True)
class Claim:
    """That a column fills a field.

    Attributes:
        field: a field, one of the questions `stage` and `kind`, or None: it was thought to and does not.
        strength: how sure that is; the stronger claim has the field.
        place: the lower is preferred, among claims of one strength.
        slip: the header that a misspelled one stands for.
    """

    index: int
    field: str | None
    strength: int
    place: int
    why: str
    slip: str | None = None


def settle(claim: Claim, evidence: ColumnEvidence) -> Claim:
    """Return the claim as the values leave it: confirmed, for another field, or void."""
    match claim.field:
        case "contact":
            return _settle_contact(claim, evidence)
        case "stage":
            return _settle_stage(claim, evidence)
        case "kind":
            if evidence.endings and evidence.outcomes >= 0.8:
                return replace(claim, field="outcome", why="its values say how it ended")
            return _void(claim, "its values do not say how it ended")
    objection = _object(claim, evidence)
    return claim if objection is None else _void(claim, objection)


def recognise_by_values(
    free: Iterable[int], evidence: Sequence[ColumnEvidence], filled: frozenset[str], lexicon: Lexicon
) -> Iterator[Claim]:
    """Yield claims for columns whose headers say nothing, for the fields that are not `filled` yet.

    In a file with headers only e-mail addresses and phone numbers are unmistakable. In a file without, the first column
    of dates is when the leads came in, and names, companies and websites are told by their looks.
    """
    nameless = all(_NO_HEADER.fullmatch(column.header) for column in evidence)
    found = set(filled)
    for index in free:
        column = evidence[index]
        if not column.values or squeeze(column.header) in lexicon.other:
            continue
        if lexicon.speaks_of_someone_else(column.header):
            continue
        field = _guess(column, nameless, filled, found)
        if field is not None:
            found.add(field)
            yield Claim(index, field, _BY_VALUES, index, f"its values look like {_LOOKS[field]}")


_LOOKS = {
    "contact": "e-mail addresses with phone numbers",
    "email": "e-mail addresses",
    "phone": "phone numbers",
    "created": "dates",
    "website": "web addresses",
    "company": "companies",
    "name": "people's names",
}


def _guess(column: ColumnEvidence, nameless: bool, filled: frozenset[str], found: set[str]) -> str | None:
    if "email" not in filled and column.emails >= (ENOUGH if nameless else 0.8):
        return "contact" if column.phones_within >= ENOUGH and "phone" not in filled else "email"
    if "phone" not in filled and column.written_phones >= (ENOUGH if nameless else 0.8):
        return "phone"
    if not nameless:
        return None
    for field, looks_so in (
        ("created", column.dates >= 0.8),
        ("phone", column.phones >= 0.8),
        ("website", column.urls >= ENOUGH),
        ("company", column.companies >= 0.3),
        ("name", column.people >= ENOUGH),
    ):
        if looks_so and field not in found:
            return field
    return None


def _settle_contact(claim: Claim, evidence: ColumnEvidence) -> Claim:
    both = evidence.emails and evidence.phones_within
    if not evidence.values:
        two = any(word in squeeze(evidence.header) for word in ("phone", "tel", "info", "details", "daten"))
        return claim if two else replace(claim, field="name", why="the header says so")
    if both or (evidence.emails and evidence.phones):
        return replace(claim, why="its values are e-mail addresses and phone numbers")
    if evidence.emails >= ENOUGH:
        return replace(claim, field="email", why="its values are e-mail addresses")
    if evidence.phones >= ENOUGH:
        return replace(claim, field="phone", why="its values are phone numbers")
    distinct = len(set(evidence.values)) / len(evidence.values)
    if evidence.digits < 0.2 and (evidence.people >= 0.5 or distinct > 0.9) and not evidence.emails:
        return replace(claim, field="name", why="its values are names")
    return _void(claim, "its values are neither addresses nor numbers nor names")


def _settle_stage(claim: Claim, evidence: ColumnEvidence) -> Claim:
    if evidence.endings or not evidence.values:
        return replace(claim, field="outcome", why="the header says so")
    if evidence.statuses >= 0.5:
        return replace(claim, field="status", why="its values are status words")
    return _void(claim, "its values are no status words we know")


def _object(claim: Claim, evidence: ColumnEvidence) -> str | None:
    """Return what speaks against the field, if anything; one value alone proves nothing."""
    if len(evidence.values) < 2:
        return None
    field = claim.field
    distinct = len(set(evidence.values)) / len(evidence.values)
    objections = (
        (field in _MUST_HAVE_DIGITS and not evidence.digits, "its values have no digits"),
        (field == "created" and claim.strength <= SPARE and evidence.dates < 0.5, "its values are no dates"),
        (field == "email" and not evidence.emails, "its values are no e-mail addresses"),
        (field == "phone" and evidence.emails >= ENOUGH, "its values are e-mail addresses"),
        (
            field in ("name", "first_name", "last_name", "company", "title") and evidence.emails >= ENOUGH,
            "its values are e-mail addresses",
        ),
        (
            field == "title" and evidence.share(lambda value: squeeze(value) in _SALUTATIONS) >= ENOUGH,
            "its values are salutations",
        ),
        (field in ("campaign", "source") and evidence.small_numbers >= 0.9, "its values are counts"),
        (field in ("company", "title") and evidence.share(str.isdecimal) >= 0.9, "its values are numbers"),
        (field == "website" and not evidence.dots, "its values are no web addresses"),
        (field == "website" and evidence.one_host, "its values are links into one system"),
        (field == "country" and evidence.digits >= 0.9, "its values are dialling codes"),
        (field == "outcome" and not evidence.outcomes, "its values do not say how it ended"),
        (field == "id" and len(evidence.values) >= 10 and distinct < 0.5, "its values repeat"),
    )
    return next((text for holds, text in objections if holds), None)


def _void(claim: Claim, why: str) -> Claim:
    return replace(claim, field=None, why=why)
