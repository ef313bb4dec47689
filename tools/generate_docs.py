"""Writes the documents that are generated from the program, or checks that they are up to date."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DOCUMENTS: dict[str, str] = {
    "docs/criteria.md": "leadtriage.criteria.reference:render_reference",
    "src/leadtriage/criteria/criteria.schema.json": "leadtriage.criteria.reference:render_schema",
    "docs/cli.md": "leadtriage.cli.framework.reference:render_reference",
}
"""Each generated file and the function, as `module:name`, that returns its text."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write all generated documents, or with `--check` list those that differ; return the exit code."""
    parser = argparse.ArgumentParser(description="Write the generated documents.")
    parser.add_argument("--check", action="store_true", help="write nothing, exit with 1 if one is out of date")
    check = parser.parse_args(arguments).check
    outdated = [path for path, function in DOCUMENTS.items() if is_outdated(PROJECT / path, render(function))]
    if not check:
        for path in outdated:
            (PROJECT / path).write_text(render(DOCUMENTS[path]), encoding="utf-8", newline="\n")
            sys.stdout.write(f"written: {path}\n")
        return 0
    for path in outdated:
        sys.stderr.writelines(differences(path, render(DOCUMENTS[path])))
        sys.stderr.write(f"{path} is out of date: run `make docs` and commit what it writes.\n")
    return 1 if outdated else 0


def render(function: str) -> str:
    """Return the text of a document from its function."""
    module, name = function.split(":")
    text: str = getattr(import_module(module), name)()
    return text


def is_outdated(path: Path, text: str) -> bool:
    """Whether the file is missing or has another text."""
    return not path.exists() or path.read_text(encoding="utf-8") != text


def differences(path: str, text: str) -> list[str]:
    """Return the first lines of a unified diff from the file to the text."""
    file = PROJECT / path
    present = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else []
    return list(difflib.unified_diff(present, text.splitlines(keepends=True), path, "generated"))[:40]


if __name__ == "__main__":
    sys.exit(main())
