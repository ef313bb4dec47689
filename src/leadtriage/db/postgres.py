"""PostgreSQL: its transactions, bulk inserts and storage."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import Connection, Engine, Table, func, select
from sqlalchemy.exc import DBAPIError

from leadtriage.db.dialect import Backend, Storage

_WRITERS_LOCK = 0x4C454144


class _PostgreSQL(Backend):
    view_functions: ClassVar[Mapping[str, str]] = {
        "days_between": r"(\2 - \3)",
        "next_day": r"\2 + 1",
        "first_spelling": r'min(\2 COLLATE "C")',  # as `expressions.first_spelling`
        "is_true": r"\2",
        "integer_at": r"CAST(\2 ->> '\3' AS INTEGER)",
    }
    history_guard = (
        """
CREATE OR REPLACE FUNCTION refuse_to_change_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM erasing) THEN RAISE EXCEPTION 'the history is never changed'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
""".strip(),
        "CREATE TRIGGER event_guard BEFORE UPDATE OR DELETE ON event\n"
        "FOR EACH ROW EXECUTE FUNCTION refuse_to_change_history()",
        "CREATE TRIGGER event_guard_all BEFORE TRUNCATE ON event\n"
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history()",
    )

    def begin(self, connection: Connection, *, writes: bool) -> None:
        if writes:
            connection.execute(func.pg_advisory_xact_lock(_WRITERS_LOCK).select())

    def insert_rows(
        self, connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        import psycopg
        from psycopg import sql

        cursor = connection.connection.cursor()
        copy = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        try:
            with cursor.copy(copy) as writer:
                for row in rows:
                    writer.write_row(row)
        except psycopg.Error as error:
            raise DBAPIError(copy.as_string(), None, error) from error

    def describe_storage(self, connection: Connection) -> Storage:
        version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
        size = connection.execute(select(func.pg_database_size(func.current_database()))).scalar_one()
        return Storage(f"PostgreSQL {version}", size, "the server's own write-ahead log")

    def wipe_free_space(self, engine: Engine, texts: Collection[str], tables: Collection[str]) -> bool:
        # After VACUUM the server overwrites the remains as it uses their space. Its log and backups are its own.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            quote = connection.dialect.identifier_preparer.quote
            for name in tables:
                connection.exec_driver_sql(f"VACUUM {quote(name)}")
        return True


POSTGRES = _PostgreSQL()
