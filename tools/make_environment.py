"""Creates `.venv` with what a make target needs.

Runs on any Python 3.11 or newer, with the standard library only. Installs the versions of `uv.lock` with uv if it is
installed, else with venv and pip, as far as the package index has them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
import venv
from collections import defaultdict
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ENVIRONMENT = PROJECT / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
GROUPS: dict[str, tuple[str, ...]] = {"run": (), "dev": ("dev",), "bench": ("dev", "bench")}
"""The dependency groups of pyproject.toml in each kind of environment."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Install an environment of the named kind and return the exit code."""
    parser = argparse.ArgumentParser(description="Create .venv with what a make target needs.")
    parser.add_argument("kind", choices=GROUPS)
    groups = GROUPS[parser.parse_args(arguments).kind]
    try:
        if works(["uv", "--version"]):
            install_with_uv(groups)
        elif find_spec("ensurepip") is None:
            sys.stderr.write("This Python cannot create environments: install python3-venv (Debian, Ubuntu) or uv.\n")
            return 1
        else:
            install_with_pip(groups)
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"Installing into {ENVIRONMENT} failed: see the messages above.\n")
        return error.returncode
    return 0


def install_with_uv(groups: Sequence[str]) -> None:
    """Create the environment and install the locked versions with uv."""
    wanted = [option for group in groups for option in ("--group", group)]
    run(
        ["uv", "sync", "--frozen", "--inexact", "--no-default-groups", *wanted, "--python", sys.executable],
        UV_PROJECT_ENVIRONMENT=str(ENVIRONMENT),
    )


def install_with_pip(groups: Sequence[str]) -> None:
    """Create the environment with venv and install with any version of pip."""
    is_same_python = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]!r})"
    if not works([str(PYTHON), "-c", is_same_python]):
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
    elif not works([str(PYTHON), "-m", "pip", "--version"]):
        venv.create(ENVIRONMENT, with_pip=True)
    requirements = ENVIRONMENT / "requirements.txt"
    requirements.write_text("\n".join(["--editable .", *group_requirements(groups), ""]), encoding="utf-8")
    constraints = ENVIRONMENT / "constraints.txt"
    constraints.write_text("\n".join([*locked_versions(), ""]), encoding="utf-8")
    install = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    install += ["--requirement", str(requirements)]
    try:
        run([*install, "--constraint", str(constraints)])
    except subprocess.CalledProcessError:
        sys.stderr.write("Not all locked versions are available here: trying the newest ones.\n")
        run(install)


def group_requirements(groups: Sequence[str]) -> list[str]:
    """Return the requirements of dependency groups, which pip before 25.1 cannot read."""
    listed = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    return [requirement for group in groups for requirement in listed[group]]


def locked_versions() -> list[str]:
    """Return `name==version` for every package with a single version in `uv.lock`."""
    versions: dict[str, set[str]] = defaultdict(set)
    for package in tomllib.loads((PROJECT / "uv.lock").read_text(encoding="utf-8"))["package"]:
        if "registry" in package["source"]:
            versions[package["name"]].add(package["version"])
    return [f"{name}=={min(found)}" for name, found in sorted(versions.items()) if len(found) == 1]


def works(command: Sequence[str]) -> bool:
    """Whether a command exists and succeeds, unlike a version manager's empty shim."""
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def run(command: Sequence[str], **environment: str) -> None:
    """Run a command in the project's folder; raises CalledProcessError if it fails."""
    subprocess.run(command, check=True, cwd=PROJECT, env={**os.environ, **environment})


if __name__ == "__main__":
    sys.exit(main())
