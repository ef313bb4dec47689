"""The example criteria that the program brings along: built in where there is no file, and what `init` writes."""

from __future__ import annotations

from pathlib import Path

from leadtriage.criteria.load import load_criteria
from leadtriage.criteria.model import Criteria

EXAMPLE_PLACE = "the built-in example"


def example_text() -> str:
    """Return the example file, from the installed package or, in a checkout, from its top folder."""
    shipped = Path(__file__).with_name("example.yaml")
    if shipped.is_file():
        return shipped.read_text(encoding="utf-8")
    checkout = Path(__file__).parents[3] / "criteria.example.yaml"
    return checkout.read_text(encoding="utf-8")


def example_criteria() -> Criteria:
    """Return the example as criteria."""
    return load_criteria(example_text(), place=EXAMPLE_PLACE)


def starter_text(schema_path: str) -> str:
    """Return the example for a new file, with the line by which editors find its JSON Schema.

    Args:
        schema_path: a path or an address of the schema, as the editor is to see it.
    """
    return f"# yaml-language-server: $schema={schema_path}\n{example_text()}"
