"""The example criteria that the program brings along: built in where there is no file, and what `init` writes."""

from __future__ import annotations

from leadtriage.criteria.load import load_criteria
from leadtriage.criteria.model import Criteria
from leadtriage.criteria.source import example_text

EXAMPLE_PLACE = "the built-in example"

__all__ = ["example_criteria", "example_text", "starter_text"]


def example_criteria() -> Criteria:
    """Return the example as criteria."""
    return load_criteria(example_text(), place=EXAMPLE_PLACE)


def starter_text(schema_path: str) -> str:
    """Return the example for a new file, with the line by which editors find its JSON Schema.

    Args:
        schema_path: a path or an address of the schema, as the editor is to see it.
    """
    return f"# yaml-language-server: $schema={schema_path}\n{example_text()}"
