"""E-mail addresses: one cell to its addresses, each with what it says of its owner."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from publicsuffixlist import PublicSuffixList

from leadtriage.core.vocabulary import EmailKind
from leadtriage.importing.normalize.cells import is_missing, packaged_lines, plain


class Email(NamedTuple):
    """One e-mail address.

    Attributes:
        address: in lower case, an international domain in its own script; of an invalid one the text as it stood.
        domain: what stands behind the @; None of an invalid one.
        kind: the worst that applies.
    """

    address: str
    domain: str | None
    kind: EmailKind


_PLAIN_LOCAL = re.compile(r"[a-z0-9_][a-z0-9_+-]*(?:\.[a-z0-9_+-]+)*", re.ASCII)
_PLAIN_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){0,50}\.){1,6}[a-z]{2,24}", re.ASCII)
"""The two sides of addresses about which the standard and everybody agree; the library judges the rest."""

_LONGEST_LOCAL, _LONGEST_PLAIN = 61, 190
_CANDIDATE = re.compile(r"[^\s,;<>()\[\]\"|/\\]+@[^\s,;<>()\[\]\"|/\\]+")
_SPELLED_OUT = re.compile(r"\s*(?:\[at\]|\(at\)|\{at\}|＠)\s*", re.IGNORECASE)
_SPELLED_DOT = re.compile(r"\s*(?:\[dot\]|\(dot\)|\{dot\})\s*", re.IGNORECASE)
_AROUND = "'`.,:;!?*<>\"“”‘’"


def parse_emails(text: str) -> tuple[Email, ...]:
    """Return the addresses in a cell, usable ones first, each once; none where the cell is missing.

    "Name <a@b.com>", mailto: links, several addresses, stray dots and commas are understood. A text without a usable
    address is one address of the kind invalid.

    Raises:
        NotRecognized: the text is longer than any address.
    """
    found_plain = _read_plain(text.lower())
    if found_plain:
        return (found_plain,)
    if is_missing(text):
        return ()
    given = plain(text)
    found = _CANDIDATE.findall(given)
    if not found and "@" not in given:
        found = _CANDIDATE.findall(_SPELLED_DOT.sub(".", _SPELLED_OUT.sub("@", given)))
    emails = dict.fromkeys(_read_address(candidate) for candidate in found) or {_invalid(given): None}
    return tuple(sorted(emails, key=lambda email: email.kind is EmailKind.INVALID))


def _read_address(candidate: str) -> Email:
    text = candidate.strip(_AROUND)
    if text[:7].lower() == "mailto:":
        text = text[7:].partition("?")[0].strip(_AROUND)
    return _read_plain(text.lower()) or _ask_library(text)


def _read_plain(text: str) -> Email | None:
    local, _, domain = text.partition("@")
    if (
        len(local) <= _LONGEST_LOCAL
        and len(text) <= _LONGEST_PLAIN
        and _PLAIN_LOCAL.fullmatch(local)
        and _is_plain_domain(domain)
    ):
        return _judge(local, domain)
    return None


@lru_cache(maxsize=16_384)
def _is_plain_domain(domain: str) -> bool:
    return _PLAIN_DOMAIN.fullmatch(domain) is not None


def _ask_library(text: str) -> Email:
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
    if kind is not EmailKind.DISPOSABLE and local.partition("+")[0] in _role_names():
        kind = EmailKind.ROLE
    return Email(f"{local}@{domain}", domain, kind)


@lru_cache(maxsize=16_384)
def _judge_domain(domain: str) -> EmailKind:
    """Return what the domain alone says; invalid where no such top-level domain exists."""
    above, _, top = domain.rpartition(".")
    if not _is_top_level(top):
        return EmailKind.INVALID
    registrable = domain if "." not in above else _public_suffixes().privatesuffix(domain) or domain
    if domain in _disposable_domains() or registrable in _disposable_domains():
        return EmailKind.DISPOSABLE
    free = _free_domains()
    if domain in free or registrable in free or f"{registrable.partition('.')[0]}.*" in free:
        return EmailKind.FREE
    return EmailKind.BUSINESS


def find_company_domain(host: str) -> str | None:
    """Return the part of a host name that a company registered; None where many people share it, or it is none."""
    if _judge_domain(host) is not EmailKind.BUSINESS:
        return None
    return _public_suffixes().privatesuffix(host) or host


_RESERVED_FOR_TRYING = frozenset({"test", "example"})
"""Top-level domains of RFC 2606 that samples and tests use."""


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
def _free_domains() -> frozenset[str]:
    return _read_list("free_mail.txt")


@cache
def _role_names() -> frozenset[str]:
    return _read_list("role_addresses.txt")


def _read_list(name: str) -> frozenset[str]:
    return frozenset(word for line in packaged_lines(name) for word in line.split())
