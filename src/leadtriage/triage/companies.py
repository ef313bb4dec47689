"""Which leads are of one company: by the domain of an address or website that is nobody's free mail, or by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from leadtriage.importing.values.emails import find_company_domain

COLUMNS = ("email_domain", "website", "company_comparable")
"""The columns of `lead` that tell a company."""


def name_companies(lead: Mapping[str, Any]) -> frozenset[str]:
    """What a lead's company is known by; leads that have one of these in common are of one company.

    Args:
        lead: has `COLUMNS`.
    """
    hosts = (lead["email_domain"], _find_host(lead["website"]))
    named = {f"domain {domain}" for host in hosts if host and (domain := find_company_domain(host.lower()))}
    if lead["company_comparable"]:
        named.add(f"name {lead['company_comparable']}")
    return frozenset(named)


def _find_host(website: str | None) -> str | None:
    if not website:
        return None
    try:
        host = urlsplit(website if "//" in website else f"//{website}").hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None
