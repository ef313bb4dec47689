"""What `init` says it made."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import Program
from sqlalchemy import Engine

from leadtriage.db import hide_credentials


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("leads.db", "leads.db"),
        ("sales@acme/2026@home.db", "sales@acme/2026@home.db"),
        ("postgresql://db.acme.io/leads", "postgresql://db.acme.io/leads"),
        ("postgresql://maria:s3cret@db.acme.io/leads", "postgresql://...@db.acme.io/leads"),
        ("postgresql://maria:s3cret@x@db.acme.io/leads", "postgresql://...@db.acme.io/leads"),
        (
            "postgresql://db.acme.io/leads?user=maria&password=s3cret&sslmode=require",
            "postgresql://db.acme.io/leads?user=maria&password=...&sslmode=require",
        ),
        ("postgresql:///leads?sslpassword=s3cret", "postgresql:///leads?sslpassword=..."),
    ],
)
def test_a_location_is_shown_without_its_password(location: str, shown: str) -> None:
    assert hide_credentials(location) == shown


@pytest.mark.postgres
def test_init_tells_no_password(program: Program, postgres_engine: Engine) -> None:
    url = postgres_engine.url.set(password="s3cret").render_as_string(hide_password=False)
    ran = program.done("init", "--db", url)
    assert "s3cret" in url
    assert "database ready: postgresql" in ran.err
    assert "s3cret" not in ran.err


def test_init_names_every_file_that_it_writes(program: Program, tmp_path: Path) -> None:
    said = program.done("init", "--db", str(tmp_path / "leads.db")).err
    made = sorted(path for path in tmp_path.iterdir())
    assert len(made) == 3
    assert all(f": {path}\n" in said for path in made)


def test_init_says_that_it_leaves_a_schema(program: Program, tmp_path: Path) -> None:
    schema = tmp_path / "criteria.schema.json"
    schema.write_text("ours", encoding="utf-8")
    assert "already exists, unchanged: criteria.schema.json" in program.done("init").err
    assert schema.read_text(encoding="utf-8") == "ours"
