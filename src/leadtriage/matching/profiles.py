"""Profiles of leads for duplicate search: names, addresses, phones, places and birthdays in plain forms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import Connection, RowMapping, select

from leadtriage.core.text import fold, words
from leadtriage.core.vocabulary import EmailKind
from leadtriage.db import ExtraColumn, Lead, table

_lead = table(Lead)

_LEGAL_FORMS = frozenset(
    "inc incorporated llc llp lp ltd limited gmbh mbh ag kg ohg ug eg ev gbr corp corporation co company plc pty pvt "
    "bv nv sa sas sarl srl spa sl ab as oy oyj aps kk group holding holdings the und and".split()
)
_TITLES = frozenset("mr mrs ms miss dr prof professor herr frau jr sr ii iii phd md".split())
_BIRTHDAYS = frozenset(
    ("dob", "date of birth", "birth date", "birthdate", "birthday", "born", "born on", "geburtsdatum", "geburtstag")
)
_ISO_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)\b")
_NOT_LETTERS = str.maketrans("", "", " -.'")
_MOST_WORDS = 5


@dataclass(frozen=True, slots=True)
class Profile:
    """A lead in the form that is compared with others; unknown values are empty.

    Attributes:
        words: the words of the person's name in order, without titles and accents.
        addresses: all e-mail addresses, the main one first.
        kind: the `EmailKind` of the main address.
        phones: in their stored form.
        company: the words of the company's name without legal forms.
        site: the company's domain, from the address or the website.
        born: `YYYY-MM-DD` where it is such a day, else the imported text.
    """

    lead_id: int
    name: str
    words: tuple[str, ...]
    addresses: tuple[str, ...]
    kind: str
    phones: tuple[str, ...]
    company: str
    site: str
    city: str
    state: str
    country: str
    born: str

    @property
    def local(self) -> str:
        """The part of the main address before the @, or all of an invalid one."""
        return self.addresses[0].partition("@")[0] if self.addresses else ""

    @property
    def is_personal(self) -> bool:
        """Whether the main address belongs to a person, not to a role (info@)."""
        return bool(self.addresses) and self.kind != EmailKind.ROLE


def read_profiles(connection: Connection) -> list[Profile]:
    """Read the profiles of all visible leads, ordered by id."""
    birthdays = [
        f"c{row.id}" for row in connection.execute(select(table(ExtraColumn))) if words(fold(row.header)) in _BIRTHDAYS
    ]
    names = ("id", "name", "first_name", "last_name", "email", "other_emails", "email_kind", "phone", "other_phones")
    columns = [_lead.c[name] for name in (*names, "email_domain", "company", "website", "city", "state", "country")]
    if birthdays:
        columns.append(_lead.c.extra)
    shown = select(*columns).where(_lead.c.removed_by.is_(None), _lead.c.merged_into.is_(None)).order_by(_lead.c.id)
    rows = connection.execution_options(yield_per=2_000).execute(shown).mappings()
    return [_build_profile(row, birthdays) for row in rows]


def _build_profile(row: RowMapping, birthdays: list[str]) -> Profile:
    full = row["name"] or " ".join(part for part in (row["first_name"], row["last_name"]) if part)
    extra = (row["extra"] or {}) if birthdays else {}
    born = next((extra[key] for key in birthdays if extra.get(key)), "")
    day = _ISO_DAY.match(born.strip())
    of_company = row["email_domain"] if row["email_kind"] in (EmailKind.BUSINESS, EmailKind.ROLE) else None
    return Profile(
        lead_id=row["id"],
        name=full or row["company"] or "",
        words=tuple(_name_words(full)),
        addresses=tuple(address.lower() for address in _join(row["email"], row["other_emails"])),
        kind=row["email_kind"] or "",
        phones=tuple(_join(row["phone"], row["other_phones"])),
        company=_plain_company(row["company"] or ""),
        site=of_company or website_host(row["website"]),
        city=_bare(row["city"]),
        state=_bare(row["state"]),
        country=_bare(row["country"]),
        born=day[0] if day else fold(born),
    )


def _plain_company(name: str) -> str:
    """A company's name without case, accents, punctuation and legal forms: "ACME Inc." is "acme"."""
    spoken = _plain(name).replace(".", "").split()
    said = [word for part in spoken for word in words(part).split()]
    return " ".join([word for word in said if word not in _LEGAL_FORMS] or said)


def _name_words(full: str) -> Iterator[str]:
    before, comma, after = full.partition(",")
    spoken = _plain(f"{after} {before}" if comma else full).replace(".", ". ").replace("'", "").replace("-", " ")
    for word in words(spoken).split()[:_MOST_WORDS]:
        if word not in _TITLES and not word.isdecimal():
            yield word


def _plain(text: str) -> str:
    """The folded text without accents."""
    folded = fold(text)
    if folded.isascii():
        return folded
    return "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))


def _bare(text: str | None) -> str:
    return _plain(text).translate(_NOT_LETTERS) if text else ""


def _join(first: str | None, others: str | None) -> list[str]:
    return [text for text in (first, *(others or "").split(", ")) if text]


def website_host(website: str | None) -> str:
    """Return the host of a website in lower case without `www.`; empty where there is none."""
    try:
        host = urlsplit(website if "//" in website else f"//{website}").hostname if website else None
    except ValueError:
        return ""
    return (host or "").removeprefix("www.").lower()
