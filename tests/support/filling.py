"""Rows for every table of any revision, generated from the database's schema."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.storage import schema
from service.storage.database import Database

N_ROWS = 6
BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
# Columns whose values a revision reads; in all others any value will do.
VALUES: dict[str, list[Any]] = {
    "trials.phase": ["search", "evaluation", "promotion", "superseded"],
    "jobs.state": ["QUEUED", "RUNNING", "EVALUATING", "SUCCEEDED", "FAILED", "CANCELLED"],
    "densities.layer": ["", "stem.conv"],
}

Contents = dict[str, list[dict[str, Any]]]


def fill(database: Database) -> None:
    """Insert rows into every table, so that each refers to existing ones and no two are alike."""
    with database.engine.begin() as connection:
        for table in _tables(connection):
            for i in range(N_ROWS):
                row = {column.name: _value(table, column, i) for column in table.columns}
                connection.execute(table.insert(), row)
        if database.is_sqlite:  # the last key was given, and must not be given again
            for name in _sequences(connection):
                last = sa.table(name, sa.column("id"))
                connection.execute(sa.delete(last).where(last.c.id == N_ROWS))


def at(database: Database, revision: str) -> Contents:
    """Take an empty database of the newest revision to another one, fill it, and return it all."""
    schema.downgrade(database, revision)
    fill(database)
    found = contents(database)
    assert all(found.values()), "a table without a row proves nothing"
    return found


def contents(database: Database) -> Contents:
    """Return all rows of all tables as the driver gives them, in the order of their keys."""
    with database.engine.connect() as connection:
        names = set(sa.inspect(connection).get_table_names()) - {"alembic_version"}
        found = {}
        for name in sorted(names):
            rows = connection.exec_driver_sql(f"SELECT * FROM {name} ORDER BY 1, 2")  # noqa: S608
            found[name] = [dict(row) for row in rows.mappings()]
        if database.is_sqlite:
            for name, last in _sequences(connection).items():
                found[f"sequence of {name}"] = [{"last": last}]
        return found


def _sequences(connection: Connection) -> dict[str, int]:
    """Return the last key that SQLite gave in each table whose keys are never given again."""
    rows = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence ORDER BY name")
    return {row.name: row.seq for row in rows}


def common(before: Contents, after: Contents) -> tuple[Contents, Contents]:
    """Return both with nothing but the tables and columns that both have."""
    names = before.keys() & after.keys()
    columns = {
        name: set.intersection(*(set(side[name][0]) for side in (before, after) if side[name]))
        for name in names
        if before[name] or after[name]
    }
    first, second = (
        {
            name: [{key: row[key] for key in row if key in columns[name]} for row in side[name]]
            for name in sorted(names)
        }
        for side in (before, after)
    )
    return first, second


def _tables(connection: Connection) -> list[sa.Table]:
    metadata = sa.MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def _value(table: sa.Table, column: sa.Column[Any], i: int) -> Any:  # noqa: ANN401 - of many types
    name = f"{table.name}.{column.name}"
    if name in VALUES:
        return VALUES[name][i % len(VALUES[name])]
    if column.nullable and i % 3 == 2:
        return None
    if column.foreign_keys or column.primary_key or column.name.endswith("_id"):
        return i + 1 if isinstance(column.type, sa.Integer) else f"{name} {i}"
    return _of_type(column.type, name, i)


def _of_type(kind: sa.types.TypeEngine[Any], name: str, i: int) -> Any:  # noqa: ANN401, PLR0911 - of many types
    match kind:
        case sa.Boolean():
            return i % 2 == 0
        case sa.Integer():
            return 10**6 + i
        case sa.Numeric() | sa.Float():
            return 0.1 + 0.2 + i
        case sa.DateTime():
            return BEGIN + timedelta(hours=i, microseconds=17)
        case sa.JSON():
            return {"of": name, "row": i, "values": [0.1 + 0.2, 5e-324, None, "ü ✓"]}
        case sa.LargeBinary():
            return f"{i} {name}".encode()
        case sa.String():
            return f"{i} {name}"[: kind.length]
        case _:
            raise NotImplementedError(f"no value for {name} of type {kind!r}")
