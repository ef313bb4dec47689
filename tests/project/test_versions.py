"""What is said in several files of the project must be the same everywhere."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parents[2]
PUBLIC_HOSTS = {"pypi.org", "files.pythonhosted.org"}


def read_toml(name: str) -> dict[str, Any]:
    return tomllib.loads((PROJECT / name).read_text(encoding="utf-8"))


def test_changelog_starts_with_the_version_of_the_project() -> None:
    headings = re.findall(r"^## (\S+)", (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == read_toml("pyproject.toml")["project"]["version"]


def test_lock_file_locks_what_the_project_asks_for() -> None:
    project = read_toml("pyproject.toml")
    ours = next(package for package in read_toml("uv.lock")["package"] if package["name"] == "leadtriage")
    asked = [re.split(r"[^\w.-]", requirement)[0] for requirement in project["project"]["dependencies"]]
    extras = [
        re.split(r"[^\w.-]", requirement)[0]
        for requirements in project["project"]["optional-dependencies"].values()
        for requirement in requirements
    ]
    assert ours["version"] == project["project"]["version"]
    assert sorted(locked["name"] for locked in ours["metadata"]["requires-dist"]) == sorted(asked + extras)
    for group, requirements in project["dependency-groups"].items():
        names = sorted(re.split(r"[^\w.-]", requirement)[0] for requirement in requirements)
        assert sorted(locked["name"] for locked in ours["metadata"]["requires-dev"][group]) == names


def test_lock_file_names_public_hosts_only() -> None:
    text = (PROJECT / "uv.lock").read_text(encoding="utf-8")
    addresses = re.findall(r'(?:url|registry) = "([^"]+)"', text)
    assert {urlsplit(address).hostname for address in addresses} == PUBLIC_HOSTS


def test_supported_pythons_are_the_same_everywhere() -> None:
    project = read_toml("pyproject.toml")["project"]
    classified = [entry.rsplit(" ", 1)[1] for entry in project["classifiers"] if re.search(r":: 3\.\d+$", entry)]
    workflow = (PROJECT / ".github/workflows/test.yml").read_text(encoding="utf-8")
    tested = re.findall(r'"(3\.\d+)"', workflow.partition("python: [")[2].partition("]")[0])
    assert classified == tested
    assert project["requires-python"] == f">={tested[0]}"


def test_installed_version_is_that_of_the_project() -> None:
    assert version("leadtriage") == read_toml("pyproject.toml")["project"]["version"]
