"""Bulk inserts return nothing: not every Python's driver can repeat a statement that does."""

from __future__ import annotations

from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, select

from leadtriage.db import writing
from leadtriage.db.dialect import backend


def test_many_rows_are_added_and_none_is_given_back(sqlite_engine: Engine) -> None:
    kept = Table(
        "kept",
        MetaData(),
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("text", Text),
        prefixes=["TEMPORARY"],
    )
    said: list[str] = []
    with writing(sqlite_engine) as connection:
        kept.create(connection)
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.set_trace_callback(said.append)
        backend(connection).insert_rows(connection, kept, ("id", "text"), [(1, "a"), (2, "b"), (3, "c")])
        driver.set_trace_callback(None)
        assert list(connection.execute(select(kept.c.text).order_by(kept.c.id)).scalars()) == ["a", "b", "c"]
    assert len(said) == 3
    assert not any("RETURNING" in statement for statement in said)
