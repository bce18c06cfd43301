"""Addresses of databases: what can be used is used, the rest is a sentence without a password."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import make_url

from service.database_url import read

SECRET = "s3cretpw"  # noqa: S105 - of nobody
PLAIN = {"host": "h", "user": "u", "password": SECRET, "dbname": "x"}
PORT = {**PLAIN, "port": 5433}


def arguments(address: str) -> dict[str, object]:
    """Return what libpq gets."""
    dialect: Any = PGDialect_psycopg
    return dict(dialect().create_connect_args(make_url(read(address)))[1])


@pytest.mark.parametrize(
    "scheme",
    [
        *("postgresql", "postgres", "POSTGRES", "postgis", "pgsql", "jdbc:postgresql"),
        *("postgresql+psycopg2", "postgresql+psycopg", "postgresql+asyncpg", "postgres+pg8000"),
        "r2dbc:pool:postgresql",
    ],
)
def test_the_driver_of_another_program_does_not_matter(scheme: str) -> None:
    assert read(f"{scheme}://u:{SECRET}@h/x") == f"postgresql://u:{SECRET}@h/x"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (f" postgresql://u:{SECRET}@h:5433/x\n", PORT),
        (f"'postgres://u:{SECRET}@h:5433/x'", PORT),
        (f"psql 'postgresql://u:{SECRET}@h:5433/x?sslmode=allow'", {**PORT, "sslmode": "allow"}),
        (f'export DATABASE_URL="postgres://u:{SECRET}@h:5433/x"', PORT),
        (f"postgres://u:{SECRET}@h:/x", PLAIN),
        (f"jdbc:postgresql://h:5433/x?user=u&password={SECRET}&prepareThreshold=0", PORT),
        (f"host=h port=5433 user=u password='{SECRET}' dbname=x", {**PORT, "port": "5433"}),
        ("postgres://u:a%40b@h/x", {**PLAIN, "password": "a@b"}),
        ("postgres://u:a@b@h/x", {**PLAIN, "password": "a@b"}),
        ("postgres://u:a/b?c#d%@h/x?sslmode=require",
         {**PLAIN, "password": "a/b?c#d%", "sslmode": "require"}),
        ("postgres://u:h:5432/?Action=connect&Signature=ab@h:5433/x",
         {**PORT, "password": "h:5432/?Action=connect&Signature=ab"}),
        (f"postgres://u@server:{SECRET}@h/x", {**PLAIN, "user": "u@server"}),
        ("postgres://h:5433/?user=me@lab", {"host": "h", "port": 5433, "user": "me@lab"}),
        (f"postgres://u:{SECRET}@[::1]:5433/x", {**PORT, "host": "::1"}),
        (f"postgres://u:{SECRET}@a:5433,b/x?target_session_attrs=read-write",
         {**PLAIN, "host": "a,b", "port": "5433,", "target_session_attrs": "read-write"}),
        ("host=a,b port=5433", {"host": "a,b", "port": "5433,5433"}),
        (f"postgres://u:{SECRET}@%2Fvar%2Frun/x", {**PLAIN, "host": "/var/run"}),
        (f"postgres://u:{SECRET}@/x?host=/cloudsql/a:b:c", {**PLAIN, "host": "/cloudsql/a:b:c"}),
        (f"postgres://u:{SECRET}@h/x?options=endpoint%3Dep-1&pgbouncer=true&connection_limit=1",
         {**PLAIN, "options": "endpoint=ep-1"}),
        (f"postgres://u:{SECRET}@/x?host=a:5433&host=b",
         {**PLAIN, "host": "a,b", "port": "5433,"}),
        ("postgresql://", {}),
    ],
)  # fmt: skip
def test_an_address_is_read_as_it_is_written_elsewhere(
    address: str, expected: dict[str, object]
) -> None:
    found = arguments(address)
    assert {name: str(value) for name, value in found.items()} == {
        name: str(value) for name, value in expected.items()
    }


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("sqlite:////srv/x.db", "/srv/x.db"),
        ("sqlite:///x.db", "x.db"),
        ("sqlite://data/x.db", "data/x.db"),
        ("sqlite+aiosqlite:////srv/x%20y.db?timeout=5&check_same_thread=false", "/srv/x y.db"),
        ("jdbc:sqlite:/srv/x.db", "/srv/x.db"),
        ("sqlite3:x.db", "x.db"),
        ("file:./x.db", "x.db"),
        ("file:///srv/x.db?mode=rwc", "/srv/x.db"),
        ("sqlite:///file:x.db?uri=true", "x.db"),
        ("/srv/50%20.sqlite3", "/srv/50%20.sqlite3"),
    ],
)
def test_a_path_of_sqlite_is_relative_or_absolute(address: str, path: str) -> None:
    url = make_url(read(address))
    assert (url.drivername, url.database, dict(url.query)) == ("sqlite", path, {})


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("", "is empty: unset it"),
        ("  ", "is empty: unset it"),
        ("$DATABASE_URL", "is no URL of a database: write postgresql://"),
        (f"https://u:{SECRET}@h/x", "is no URL of a database"),
        (f"Server=h;User Id=u;Password={SECRET}", "is no URL of a database"),
        (f"host=h password='{SECRET}", "is no URL of a database"),
        (f"mysql://u:{SECRET}@h/x", "MySQL: densearch stores its data in PostgreSQL or SQLite"),
        (f"mysql+pymysql://u:{SECRET}@h/x", "is an address of MySQL"),
        (f"prisma+postgres://h/?api_key={SECRET}", "is an address of Prisma's proxy"),
        (f"postgres://u:{SECRET}@h:x/x", "a port that is no number"),
        (f"postgres://u:{SECRET}/x", "a port that is no number, or a password without a host"),
        (f"postgres://u:{SECRET}@h:65536/x", "has the port 65536: ports are from 1 to 65535"),
        (f"postgres://u:{SECRET}@h/x?port=x", "a port that is no number"),
        (f"postgres://u:{SECRET}@/x?host=a,b,c&port=1,2", "has 2 ports for 3 hosts"),
        ("postgres://u:[YOUR-PASSWORD]@h/x", "has no password yet"),
        (f"postgres://u:{SECRET}@h/x?sslmod=require", 'parameter "sslmod".*write sslmode'),
        (f"postgres://u:{SECRET}@h/x?sslmode=tight", 'a value of "sslmode" that is none of'),
        ("sqlite://", "is a database in memory"),
        ("sqlite:///:memory:", "is a database in memory"),
        ("sqlite:////", "is a directory: name a SQLite file in it"),
        ("sqlite:///x.db?mode=ro", 'the parameter "mode"'),
        ("sqlite:///x.db?key=a", 'the parameter "key"'),
    ],
)
def test_what_cannot_be_used_is_named_without_a_password(address: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as refused:
        read(address)
    assert SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)
