"""What the values of a column look like, from the file's first rows. Decides nothing about fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from leadtriage.importing.statuses import read_outcome, read_status
from leadtriage.vocabulary import StatusMeaning

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
        return self.share(lambda value: read_outcome(value, self.header))

    @cached_property
    def endings(self) -> float:
        """Share of values that say how a lead ended."""
        return self.share(lambda value: read_outcome(value, self.header) in _ENDINGS)

    @cached_property
    def statuses(self) -> float:
        """Share of values that are a status word we know."""
        return self.share(read_status)

    @cached_property
    def only_outcomes(self) -> bool:
        """Whether the values say won, lost, converted or open and nothing else, and at least one of them an end."""
        plain = (*_ENDINGS, StatusMeaning.OPEN)
        return self.endings > 0 and self.share(lambda value: read_outcome(value, self.header) in plain) == 1


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
