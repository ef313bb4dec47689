"""E-mail addresses: one cell to its addresses and their kinds. Also cells that mix addresses and phone numbers."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from publicsuffixlist import PublicSuffixList

from leadtriage.core.vocabulary import EmailKind
from leadtriage.importing.normalize.cells import LONGEST_TYPED_TEXT, NotRecognized, is_missing, packaged_lines, plain


class Email(NamedTuple):
    """One e-mail address.

    Attributes:
        address: in lower case, an international domain in its own script; the unchanged text if invalid.
        domain: the part behind the @; None if invalid.
        kind: the worst that applies.
    """

    address: str
    domain: str | None
    kind: EmailKind


_PLAIN_LOCAL = re.compile(r"[a-z0-9_][a-z0-9_+-]*(?:\.[a-z0-9_+-]+)*", re.ASCII)
_PLAIN_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){0,50}\.){1,6}[a-z]{2,24}", re.ASCII)
"""The two sides of undisputed addresses; the library judges all others."""
_LONGEST_LOCAL, _LONGEST_PLAIN = 61, 190
_CANDIDATE = re.compile(r"[^\s,;<>()\[\]\"|/\\]+@[^\s,;<>()\[\]\"|/\\]+")
_SPELLED_OUT = re.compile(r"\s*(?:\[at\]|\(at\)|\{at\}|＠)\s*", re.IGNORECASE)
_SPELLED_DOT = re.compile(r"\s*(?:\[dot\]|\(dot\)|\{dot\})\s*", re.IGNORECASE)
_AROUND = "'`.,:;!?*<>\"“”‘’"
_RESERVED_FOR_TRYING = frozenset({"test", "example"})
"""Top-level domains of RFC 2606 that samples and tests use."""

_ADDRESS = re.compile(r"[\"<(\[]*(?:mailto:)?[^\s,;<>()\[\]\"|/]+@[^\s,;<>()\[\]\"|/]+[\">)\]]*", re.IGNORECASE)
_BETWEEN = re.compile(r"^[\s,;|/&+-]*(?=\+)|^[\s,;|/&-]+|[\s,;|/&+-]+$")
_LABELS = re.compile(r"\b(?:e-?mail|mail)\b\s*:?\s*", re.IGNORECASE)


def parse_emails(text: str) -> tuple[Email, ...]:
    """Return the addresses in a cell, usable ones first, each once.

    Reads "Name <a@b.com>", mailto: links, several addresses, stray dots and commas. A text without a usable address is
    one address of the kind invalid.
    """
    found_plain = _parse_plain(text.lower())
    if found_plain:
        return (found_plain,)
    if is_missing(text):
        return ()
    given = plain(text)
    found = _CANDIDATE.findall(given)
    if not found and "@" not in given:
        found = _CANDIDATE.findall(_SPELLED_DOT.sub(".", _SPELLED_OUT.sub("@", given)))
    emails = dict.fromkeys(_parse_address(candidate) for candidate in found) or {_invalid(given): None}
    return tuple(sorted(emails, key=lambda email: email.kind is EmailKind.INVALID))


def _parse_address(candidate: str) -> Email:
    text = candidate.strip(_AROUND)
    if text[:7].lower() == "mailto:":
        text = text[7:].partition("?")[0].strip(_AROUND)
    return _parse_plain(text.lower()) or _validate(text)


def _parse_plain(text: str) -> Email | None:
    local, _, domain = text.partition("@")
    is_short = len(local) <= _LONGEST_LOCAL and len(text) <= _LONGEST_PLAIN
    if is_short and _PLAIN_LOCAL.fullmatch(local) and _is_plain_domain(domain):
        return _judge(local, domain)
    return None


@lru_cache(maxsize=16_384)
def _is_plain_domain(domain: str) -> bool:
    return _PLAIN_DOMAIN.fullmatch(domain) is not None


def _validate(text: str) -> Email:
    from email_validator import EmailNotValidError, validate_email

    try:
        valid = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return _invalid(text)
    if valid.domain == "test" or valid.domain != valid.domain.strip("."):
        return _invalid(text)
    return _judge(valid.local_part.lower(), valid.domain.lower())


def _invalid(text: str) -> Email:
    return Email(text, None, EmailKind.INVALID)


def _judge(local: str, domain: str) -> Email:
    kind = _judge_domain(domain)
    if kind is EmailKind.INVALID:
        return _invalid(f"{local}@{domain}")
    if kind is not EmailKind.DISPOSABLE and local.partition("+")[0] in _read_list("role_addresses.txt"):
        kind = EmailKind.ROLE
    return Email(f"{local}@{domain}", domain, kind)


@lru_cache(maxsize=16_384)
def _judge_domain(domain: str) -> EmailKind:
    """Return the kind that the domain alone decides; invalid where its top-level domain does not exist."""
    above, _, top = domain.rpartition(".")
    if not _is_top_level(top):
        return EmailKind.INVALID
    registrable = domain if "." not in above else _public_suffixes().privatesuffix(domain) or domain
    if domain in _disposable_domains() or registrable in _disposable_domains():
        return EmailKind.DISPOSABLE
    free = _read_list("free_mail.txt")
    if domain in free or registrable in free or f"{registrable.partition('.')[0]}.*" in free:
        return EmailKind.FREE
    return EmailKind.BUSINESS


def find_company_domain(host: str) -> str | None:
    """Return the part of a host name that a company registered; None for a shared or invalid domain."""
    if _judge_domain(host) is not EmailKind.BUSINESS:
        return None
    return _public_suffixes().privatesuffix(host) or host


def split_contact(text: str) -> tuple[str, str]:
    """Return the part of a cell for `parse_emails` and the part for `parse_phones`; either may be empty."""
    if len(text) > LONGEST_TYPED_TEXT:
        raise NotRecognized("too long")
    addresses = _ADDRESS.findall(text)
    rest = _LABELS.sub(" ", _ADDRESS.sub(" ; ", text)) if addresses else text
    phones = [part for part in (_BETWEEN.sub("", part) for part in rest.split(" ; ")) if any(map(str.isdecimal, part))]
    if not addresses and not phones:
        return text.strip(), ""
    return "; ".join(addresses), "; ".join(phones)


@cache
def _is_top_level(top: str) -> bool:
    suffixes = _public_suffixes()
    return top in _RESERVED_FOR_TRYING or suffixes.publicsuffix(top, accept_unknown=False) is not None


@cache
def _public_suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@cache
def _disposable_domains() -> frozenset[str]:
    from disposable_email_domains import blocklist

    return frozenset(blocklist)


@cache
def _read_list(name: str) -> frozenset[str]:
    return frozenset(word for line in packaged_lines(name) for word in line.split())
