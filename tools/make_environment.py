"""Makes `.venv` with what one make target needs; leaves the choice of the target to the Makefile.

Run by any Python 3.11 or newer, with nothing but the standard library. uv does the work where it is installed and takes
the versions of `uv.lock`; else venv and pip do, held to the same versions where the package index has them.
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
"""What each kind of environment has besides the program: dependency groups of pyproject.toml."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Install what the named kind needs and return the exit code."""
    parser = argparse.ArgumentParser(description="Make .venv with what a make target needs.")
    parser.add_argument("kind", choices=GROUPS)
    groups = GROUPS[parser.parse_args(arguments).kind]
    try:
        if works(["uv", "--version"]):
            install_with_uv(groups)
        elif find_spec("ensurepip") is None:
            sys.stderr.write("This Python cannot make environments: install python3-venv (Debian, Ubuntu) or uv.\n")
            return 1
        else:
            install_with_pip(groups)
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"Installing into {ENVIRONMENT} failed: see the messages above.\n")
        return error.returncode
    return 0


def install_with_uv(groups: Sequence[str]) -> None:
    """Let uv make the environment and install the locked versions."""
    wanted = [option for group in groups for option in ("--group", group)]
    run(
        ["uv", "sync", "--frozen", "--inexact", "--no-default-groups", *wanted, "--python", sys.executable],
        UV_PROJECT_ENVIRONMENT=str(ENVIRONMENT),
    )


def install_with_pip(groups: Sequence[str]) -> None:
    """Make the environment with venv and install with pip, of whatever age it is."""
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
        sys.stderr.write("Not all locked versions can be had here: trying with the newest there are.\n")
        run(install)


def group_requirements(groups: Sequence[str]) -> list[str]:
    """Return the requirements of dependency groups, as pip before 25.1 cannot read them itself."""
    listed = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    return [requirement for group in groups for requirement in listed[group]]


def locked_versions() -> list[str]:
    """Return `name==version` for every package that `uv.lock` holds at one version only."""
    versions: dict[str, set[str]] = defaultdict(set)
    for package in tomllib.loads((PROJECT / "uv.lock").read_text(encoding="utf-8"))["package"]:
        if "registry" in package["source"]:
            versions[package["name"]].add(package["version"])
    return [f"{name}=={min(found)}" for name, found in sorted(versions.items()) if len(found) == 1]


def works(command: Sequence[str]) -> bool:
    """Whether a command can be run and succeeds; a version manager's empty shim does not."""
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def run(command: Sequence[str], **environment: str) -> None:
    """Run a command in the project's folder; a failure raises CalledProcessError."""
    subprocess.run(command, check=True, cwd=PROJECT, env={**os.environ, **environment})


if __name__ == "__main__":
    sys.exit(main())
