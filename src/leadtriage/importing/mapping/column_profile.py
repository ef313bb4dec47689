"""What the values of a column look like, from the file's first rows. Decides nothing about fields.

What the values of a column say about the field that its header claims, or where its header says nothing.

Which of several columns has a field: doubts that only the columns together can settle, and the sharing out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import urlsplit

from leadtriage.core.vocabulary import StatusMeaning
from leadtriage.importing.mapping.header_synonyms import Lexicon, squeeze
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
_ENDINGS = (StatusMeaning.CONVERTED, StatusMeaning.WON, StatusMeaning.LOST)

ENOUGH = 0.6
"""Share of a column's values that must have a shape for it to be the column's."""


@dataclass(frozen=True)
class ColumnEvidence:
    """The filled cells of one column, trimmed."""

    header: str
    values: tuple[str, ...]

    def share(self, test: Callable[[str], object]) -> float:
        """Return which share of the values passes, from 0 (also where there is no value) to 1."""
        return sum(bool(test(value)) for value in self.values) / len(self.values) if self.values else 0.0

    @cached_property
    def emails(self) -> float:
        """Share of values that hold an e-mail address."""
        return self.share(_EMAIL.search)

    @cached_property
    def phones(self) -> float:
        """Share of values that are a phone number, of 7 to 15 digits, and no date."""
        return self.share(_looks_like_phone)

    @cached_property
    def written_phones(self) -> float:
        """Share of phone numbers that could not be mere numbers, since they have a plus sign, brackets or gaps."""
        return self.share(lambda value: _looks_like_phone(value) and not value.isdecimal())

    @cached_property
    def phones_within(self) -> float:
        """Share of values that hold a phone number among other things."""
        return self.share(lambda value: any(_looks_like_phone(part) for part in _parts(value)))

    @cached_property
    def dates(self) -> float:
        """Share of values that are a date, with or without a time."""
        return self.share(_DATE.fullmatch)

    @cached_property
    def urls(self) -> float:
        """Share of values that are a web address."""
        return self.share(lambda value: "@" not in value and _URL.fullmatch(value))

    @cached_property
    def companies(self) -> float:
        """Share of values with a word that only companies have ("GmbH")."""
        return self.share(lambda value: "@" not in value and _COMPANY.search(value))

    @cached_property
    def people(self) -> float:
        """Share of values that are two to four words without a digit, as names are."""
        return self.share(lambda value: _PERSON.fullmatch(value) and not _COMPANY.search(value))

    @cached_property
    def digits(self) -> float:
        """Share of values with a digit."""
        return self.share(lambda value: any(character.isdigit() for character in value))

    @cached_property
    def dots(self) -> float:
        """Share of values with a dot, as web addresses have one."""
        return self.share(lambda value: "." in value)

    @cached_property
    def one_host(self) -> bool:
        """Whether five or more values are links, all to one machine: those of the CRM itself."""
        hosts = [urlsplit(value).netloc for value in self.values if value.startswith(("http://", "https://"))]
        return len(hosts) == len(self.values) >= 5 and len(set(hosts)) == 1

    @cached_property
    def small_numbers(self) -> float:
        """Share of values that are a whole number below 1,000."""
        return self.share(lambda value: len(value) <= 3 and value.isdecimal())

    @cached_property
    def outcomes(self) -> float:
        """Share of values that an outcome column may hold."""
        return self.share(lambda value: parse_outcome(value, self.header))

    @cached_property
    def endings(self) -> float:
        """Share of values that say how a lead ended."""
        return self.share(lambda value: parse_outcome(value, self.header) in _ENDINGS)

    @cached_property
    def statuses(self) -> float:
        """Share of values that are a status word we know."""
        return self.share(parse_status)

    @cached_property
    def only_outcomes(self) -> bool:
        """Whether the values say won, lost, converted or open and nothing else, and at least one of them an end."""
        plain = (*_ENDINGS, StatusMeaning.OPEN)
        return self.endings > 0 and self.share(lambda value: parse_outcome(value, self.header) in plain) == 1


def gather_evidence(headers: Sequence[str], samples: Sequence[Sequence[str]]) -> tuple[ColumnEvidence, ...]:
    """Return the evidence of each column; a row that is too short has nothing in the missing cells."""
    return tuple(
        ColumnEvidence(
            header,
            tuple(cell for row in samples[:200] if index < len(row) and (cell := row[index][:300].strip())),
        )
        for index, header in enumerate(headers)
    )


def _looks_like_phone(value: str) -> bool:
    if not _PHONE.fullmatch(value) or _DATE.fullmatch(value):
        return False
    return 7 <= sum(character.isdigit() for character in value) <= 21


def _parts(value: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,;|]|\s/\s|/(?=\s*\+)|\s-\s|(?<=\w)\s+(?=\+)", value)]


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


SEVERAL = frozenset(("email", "phone", "closed"))
"""Fields that may be filled from several columns."""


def settle_together(
    claims: Sequence[Claim], evidence: Sequence[ColumnEvidence], decided: Collection[str], lexicon: Lexicon
) -> list[Claim]:
    """Return the claims after a look at the other columns' claims; fields in `decided` are not handed out.

    - "Name" beside a column for one half of the name is the other half ("Nom", "Prénom"), unless its values are full
      names; where its values are companies and no column holds them, it is the company's.
    - A status column that says nothing but open, won and lost is the outcome, where no other column is.
    """
    fields = {claim.field for claim in claims} | set(decided)
    settled = []
    for claim in claims:
        column = evidence[claim.index]
        bare = claim.field == "name" and squeeze(column.header) in lexicon.bare_names
        if bare and "company" not in fields and column.companies >= ENOUGH:
            settled.append(replace(claim, field="company", why="its values are companies"))
        elif bare and (half := _find_missing_half(fields)) and column.people < 0.5:
            settled.append(replace(claim, field=half, why="the other half of the name has its own column"))
        elif claim.field == "status" and "outcome" not in fields and column.only_outcomes:
            settled.append(replace(claim, field="outcome", why="its values say how it ended"))
        else:
            settled.append(claim)
    return settled


def _find_missing_half(fields: Collection[str | None]) -> str | None:
    if ("first_name" in fields) == ("last_name" in fields):
        return None
    return "last_name" if "first_name" in fields else "first_name"


def share_out(claims: Sequence[Claim], evidence: Sequence[ColumnEvidence]) -> dict[int, Claim]:
    """Return which column fills a field, by its index.

    The strongest claim has the field, then the preferred header; of several that are preferred alike always the same
    one, wherever it stands, and of equal headers the leftmost. But a column that is empty in the rows seen gives way to
    one that is not. Stand-ins give way to everything.
    """
    winners: dict[int, Claim] = {}
    for field in {claim.field for claim in claims if claim.field is not None}:
        ranked = sorted(
            (claim for claim in claims if claim.field == field),
            key=lambda claim: (
                not evidence[claim.index].values,
                -claim.strength,
                claim.place,
                squeeze(evidence[claim.index].header),
                claim.index,
            ),
        )
        if field in SEVERAL:
            proper = [claim for claim in ranked if claim.strength > SPARE]
            chosen = proper or ranked[:1]
        else:
            chosen = ranked[:1]
        winners |= {claim.index: claim for claim in chosen}
    return winners
