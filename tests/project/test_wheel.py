"""The built package holds everything that the program reads at run time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "src" / "leadtriage"
NOT_SHIPPED = {".pyc", ".db"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, check=True, cwd=PROJECT, capture_output=True)
    return next(folder.glob("*.whl"))


def test_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    expected = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix not in NOT_SHIPPED and "__pycache__" not in path.parts
    }
    with ZipFile(wheel) as archive:
        missing = expected - set(archive.namelist())
    assert not missing


def test_wheel_holds_the_example_criteria(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        shipped = archive.read("leadtriage/criteria/example.yaml")
    assert shipped == (PROJECT / "criteria.example.yaml").read_bytes()


def test_program_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked"
    with ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    asked = "from leadtriage.criteria import loader; print(loader.__file__); loader.example_criteria()"
    answer = subprocess.run(
        [sys.executable, "-c", asked],
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
    )
    assert Path(answer.stdout.strip()).is_relative_to(unpacked)
