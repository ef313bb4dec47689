"""The built package holds everything that the program reads at run time."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import func, select, table

from leadtriage.db.views import VIEWS

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


def run_from(wheel: Path, folder: Path, program: str) -> str:
    """Run a program in a folder with the package from the wheel alone; return its output."""
    unpacked = folder / "unpacked"
    with ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    answer = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
    )
    return answer.stdout.strip()


def test_program_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    asked = "from leadtriage.criteria import loader; print(loader.__file__); loader.example_criteria()"
    assert Path(run_from(wheel, tmp_path, asked)).is_relative_to(tmp_path / "unpacked")


def test_views_are_created_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    create = "from leadtriage.db import open_database; open_database('leads.db', create=True)"
    run_from(wheel, tmp_path, create)
    with sqlite3.connect(tmp_path / "leads.db") as database:
        created = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'view'")}
        rows = [database.execute(str(select(func.count()).select_from(table(name)))).fetchone() for name in VIEWS]
    database.close()
    assert created == set(VIEWS)
    assert len(rows) == len(VIEWS)
