"""House rules that no linter checks."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
MODULES = sorted(path for folder in ("src", "tools", "benchmarks") for path in (PROJECT / folder).rglob("*.py"))
LONGEST_MODULE = 600
LARGEST_STAGE = 12
REASON = f"Longer than {LONGEST_MODULE} lines because "


def read_docstring(path: Path) -> str | None:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_module_says_what_it_is_for(path: Path) -> None:
    assert read_docstring(path)


def test_a_long_module_gives_the_reason_in_its_docstring() -> None:
    long = [path for path in MODULES if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_MODULE]
    assert [path.name for path in long if REASON not in (read_docstring(path) or "")] == []


def test_no_stage_of_an_import_has_too_many_modules() -> None:
    stages = {path.parent for path in MODULES if "importing" in path.parts}
    assert len(stages) > 7
    assert [stage.name for stage in stages if len(list(stage.glob("*.py"))) > LARGEST_STAGE] == []


def test_the_readme_links_every_page_of_the_documents() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in (PROJECT / "docs").glob("*.md") if f"](docs/{page.name})" not in readme] == []
