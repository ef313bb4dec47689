"""Which leads are of one company: by the domain of an address or website that is nobody's free mail, or by its name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from leadtriage.importing.values.emails import find_company_domain

COLUMNS = ("email_domain", "website", "company_comparable")
"""The columns of `lead` that tell a company."""

_MOST_DOMAINS = 5
"""A name with more domains than this is no company's own: "self-employed"."""


class Companies:
    """The companies of many leads: a domain and a name that one lead has are the same company for all.

    Args:
        leads: each with `COLUMNS`.
    """

    def __init__(self, leads: Iterable[Mapping[str, Any]]) -> None:
        self._above: dict[str, str] = {}
        domains_of: dict[str, set[str]] = defaultdict(set)
        for lead in leads:
            name = lead["company_comparable"]
            if name:
                domains_of[name] |= _find_domains(lead)
        for name, domains in domains_of.items():
            if len(domains) <= _MOST_DOMAINS:
                for domain in domains:
                    self._above[self._find_top(f"name {name}")] = self._find_top(f"domain {domain}")

    def find(self, lead: Mapping[str, Any]) -> str | None:
        """What a lead's company is known by here, the same for all leads of it; None where nothing tells it."""
        domains = _find_domains(lead)
        if domains:
            return self._find_top(f"domain {min(domains)}")
        name = lead["company_comparable"]
        return self._find_top(f"name {name}") if name else None

    def _find_top(self, known_by: str) -> str:
        passed = []
        while known_by in self._above and self._above[known_by] != known_by:
            passed.append(known_by)
            known_by = self._above[known_by]
        self._above |= dict.fromkeys(passed, known_by)
        return known_by


def _find_domains(lead: Mapping[str, Any]) -> set[str]:
    hosts = (lead["email_domain"], _find_host(lead["website"]))
    return {domain for host in hosts if host and (domain := find_company_domain(host.lower()))}


def _find_host(website: str | None) -> str | None:
    if not website:
        return None
    try:
        host = urlsplit(website if "//" in website else f"//{website}").hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None
