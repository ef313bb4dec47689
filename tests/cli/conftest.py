"""The program in a folder of its own, empty or with the sample leads imported and scored."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

import pytest
from program import DAY, Program

from leadtriage.core.context import SETTINGS

SAMPLE = "leads.csv"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """The program, in an empty folder and without settings in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [setting.environment for setting in SETTINGS.values() if setting.environment] + ["COLUMNS", "NO_COLOR"]:
        monkeypatch.delenv(name, raising=False)
    return Program(capsys)


@pytest.fixture(scope="session")
def scored_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the first test fills with the scored sample; the others copy it."""
    return tmp_path_factory.mktemp("sample")


@pytest.fixture
def sample(program: Program, scored_sample: Path, tmp_path: Path) -> Program:
    """The program, in a folder with the sample leads imported and scored."""
    kept = scored_sample / "leadtriage.db"
    if not kept.exists():
        copy_sample(tmp_path)
        assert program("import", SAMPLE, "--system", "crm", *DAY).code == 3
        program.done("score", *DAY)
        shutil.copy("leadtriage.db", kept)
    shutil.copy(kept, tmp_path / "leadtriage.db")
    return program


def copy_sample(folder: Path) -> Path:
    """Put the shipped sample into a folder."""
    target = folder / SAMPLE
    target.write_bytes(files("leadtriage.samples").joinpath(SAMPLE).read_bytes())
    return target
