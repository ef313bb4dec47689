"""Each folder of `cases` holds files that are imported one after another, on one day each, and what comes of it.

A case is added by adding a folder with `1.csv`, `2.csv`, ... and an `expected.yaml` with what it is about and, where
they are needed, `options` (of every file) or `options_by_file`; then
`python tests/importing/test_importing_cases.py NAME` writes the rest, which is to be read with care.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from importing_tools import counts, describe_events, describe_leads, import_bytes, read_table
from sqlalchemy import Engine

from leadtriage.db import LikelyDuplicate, Nomination, Touch, open_database

CASES = Path(__file__).parent / "cases"
_GIVEN = ("about", "options", "options_by_file")


def run_case(engine: Engine, folder: Path, given: dict[str, Any]) -> dict[str, Any]:
    """Import a case's files and describe what came of it; what is empty is left out."""
    files = []
    for day, path in enumerate(sorted(folder.glob("*.csv")), start=1):
        said = {**given.get("options", {}), **given.get("options_by_file", {}).get(path.name, {})}
        summary = import_bytes(engine, path.read_bytes(), day, **said)
        told: dict[str, Any] = {"file": path.name, **counts(summary)}
        told["warnings"] = list(summary.warnings)
        told["notes"] = list(summary.notes)
        told["rejects"] = [f"{reject.line}: {reject.reason}" for reject in summary.rejects]
        files.append({key: value for key, value in told.items() if value})
    pairs = read_table(engine, LikelyDuplicate)
    nominations = read_table(engine, Nomination)
    touches = read_table(engine, Touch)
    result = {
        "files": files,
        "leads": describe_leads(engine),
        "events": describe_events(engine),
        "likely_duplicates": [f"{row['lead_id']} {row['other_lead_id']} {row['evidence']}" for row in pairs],
        "nominations": [f"{row['lead_id']} {row['reason']} by {row['by']}" for row in nominations],
        "touches": [f"{row['lead_id']} {row['on']}{'' if row['dated'] else ' undated'}" for row in touches],
    }
    return {key: value for key, value in result.items() if value}


@pytest.mark.parametrize("name", sorted(path.parent.name for path in CASES.glob("*/expected.yaml")))
def test_case(name: str, engine: Engine) -> None:
    document = yaml.safe_load((CASES / name / "expected.yaml").read_text(encoding="utf-8"))
    given = {key: document.pop(key) for key in _GIVEN if key in document}
    assert given["about"]
    assert run_case(engine, CASES / name, given) == document


def _write(name: str) -> None:
    path = CASES / name / "expected.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    given = {key: document[key] for key in _GIVEN if key in document}
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(str(Path(folder) / "case.db"), create=True)
        result = run_case(engine, CASES / name, given)
        engine.dispose()
    text = yaml.safe_dump(given | result, sort_keys=False, allow_unicode=True, width=110)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for chosen in sys.argv[1:]:
        _write(chosen)
