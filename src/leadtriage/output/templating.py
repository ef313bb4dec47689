"""How all HTML is filled in: every value escaped, and made harmless before; a name that a template misspells fails."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from leadtriage.output.safe import safe


def make_environment(package: str) -> Environment:
    """Return what loads the templates of a package."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_make_safe,
    )


def _make_safe(value: object) -> object:
    return safe(value) if isinstance(value, str) and not isinstance(value, Markup) else value
