"""Addresses of databases, in the forms in which hosts and other programs write them.

The driver in a scheme says what another program uses and is ignored, as are the parameters of its
pool (`service.database_parameters`). No message quotes an address: a password may stand anywhere
in one that is malformed. It names the scheme, a parameter, or a port of digits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from service import database_parameters as parameters

if TYPE_CHECKING:  # half of what a client command takes to start
    from sqlalchemy.engine import URL

POSTGRESQL = {
    "pgsql",
    "pdo-pgsql",
    "postgis",
    "postgres",
    "postgresql",
    "timescale",
    "timescaledb",
}
OTHERS = {
    "cockroach": "CockroachDB",
    "cockroachdb": "CockroachDB",
    "libsql": "libSQL",
    "mariadb": "MariaDB",
    "mongodb": "MongoDB",
    "mssql": "SQL Server",
    "mysql": "MySQL",
    "mysql2": "MySQL",
    "oracle": "Oracle",
    "prisma": "Prisma's proxy",
    "redis": "Redis",
    "rediss": "Redis",
    "redshift": "Redshift",
    "sqlserver": "SQL Server",
}
REMEDY = (
    "write postgresql://user:password@host:5432/name, with the special characters of the password "
    "percent-encoded (%40 for @), or sqlite:////path/to/file"
)
# As copied from an environment file or from a command.
_PREFIX = re.compile(r"\A(?:((export|set)\s+)?[A-Za-z_]+=(?=[\"']?[a-z+]+:)|psql\s+)")
_SCHEME = re.compile(r"(?:jdbc:|r2dbc:(?:pool:)?)?([a-z][a-z0-9_.-]*)(?:[+:][\w.-]+)*://", re.I)
_SQLITE = re.compile(
    r"(?:jdbc:)?(?:sqlite3?(?:\+\w+)?|(?P<is_uri>file)):(?P<rest>.*)", re.I | re.S
)
_PATH = re.compile(r"(~?/|\.\.?/).*|[^:=@]+\.(db3?|sqlite3?)", re.S)
_KEYWORDS = re.compile(r"\w+\s*=")
_POSTGRESQL = (
    r"(?:(?P<user>[^:/?]*?)(?::(?P<password>%s))?@)?(?P<hosts>[^/?@]*)(?:/(?P<name>[^?@]*))?"
    r"(?:\?(?P<query>[^=&@/]*(?:=[^&]*)?(?:&[^=&@/]*(?:=[^&]*)?)*))?"
)
# A password may hold @ as it is, and / and ? where the address has no other meaning.
_READINGS = [re.compile(_POSTGRESQL % password, re.S) for password in (r"[^/?]*?", r".*?")]
_HOST = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>.*))?", re.S)
_PLACEHOLDER = re.compile(r"[\[<{]your[-_ ]?password[\]>}]", re.IGNORECASE)


def read(text: str) -> str:
    """Return an address as a URL for SQLAlchemy: postgresql:// or sqlite:///.

    Raises:
        ValueError: It is none of a database that can be used; the message is the end of a sentence
            that begins with the setting's name.
    """
    address = _unwrapped(text)
    if not address:
        raise ValueError(
            f"is empty: unset it for the SQLite file of the data directory, or {REMEDY}"
        )
    url = _url(address)
    if url is None:
        raise ValueError(f"is no URL of a database: {REMEDY}")
    return url.render_as_string(hide_password=False)


def _unwrapped(text: str) -> str:
    """Remove what is copied along with an address: a command or a variable, quotes, blanks."""
    address = _PREFIX.sub("", text.strip()).strip().rstrip(";")
    is_quoted = len(address) > 1 and address[0] == address[-1] and address[0] in "\"'`"
    return address[1:-1].strip() if is_quoted else address


def _url(address: str) -> URL | None:
    if sqlite := _SQLITE.fullmatch(address):
        return _sqlite(sqlite["rest"], is_uri=sqlite["is_uri"] is not None)
    if scheme := _SCHEME.match(address):
        name = scheme[1].lower()
        if name in POSTGRESQL:
            return _postgresql(address[scheme.end() :])
        if name in OTHERS:
            raise ValueError(
                f"is an address of {OTHERS[name]}: densearch stores its data in PostgreSQL or "
                f"SQLite; {REMEDY}"
            )
        return None
    if _PATH.fullmatch(address):
        return _file(address)
    return _of_keywords(address) if _KEYWORDS.match(address) else None


def _sqlite(rest: str, *, is_uri: bool) -> URL:
    """Return the URL of the file that a URL without its scheme names."""
    path, _, query = rest.partition("?")
    parameters.check_sqlite(dict(parse_qsl(query)))
    if path.startswith("//"):  # two slashes and a third one divide a scheme and a relative path
        path = path.removeprefix("//" if is_uri else "///").removeprefix("//")
    path = path.removeprefix("file:").removeprefix("//")
    return _file(unquote(path))


def _file(path: str) -> URL:
    from sqlalchemy.engine import URL

    if path in ("", ":memory:"):
        raise ValueError(
            "is a database in memory, which the server's processes cannot share: write "
            "sqlite:////path/to/file, or unset it for the file of the data directory"
        )
    if Path(path).is_dir():
        raise ValueError("is a directory: name a SQLite file in it, as in sqlite:////path/to/file")
    return URL.create("sqlite", database=str(Path(path).expanduser()))


def _postgresql(rest: str) -> URL | None:
    fault: ValueError | None = None
    for reading in _READINGS:
        if found := reading.fullmatch(rest):
            try:
                return _of_parts(found.groupdict())
            except ValueError as error:
                fault = fault or error
    if fault is not None:
        raise fault
    return None


def _of_parts(found: Mapping[str, str | None]) -> URL:
    from sqlalchemy.engine import URL

    password = _decoded(found["password"])
    if password is not None and _PLACEHOLDER.fullmatch(password):
        raise ValueError("has no password yet: put yours in the place of [YOUR-PASSWORD]")
    query = _with_ports(parameters.translated(parse_qsl(found["query"] or "")))
    hosts, ports = _hosts(found["hosts"] or "")
    host, port = None, None
    if len(hosts) == 1 and not hosts[0].startswith(("/", "@")):
        host, port = hosts[0] or None, int(ports[0]) if ports[0] else None
    else:  # libpq's own form, for several hosts and for a socket's directory
        query = _listed(hosts, ports) | query
    return URL.create(
        "postgresql", _decoded(found["user"]), password, host, port, _decoded(found["name"]), query
    )


def _hosts(text: str) -> tuple[list[str], list[str]]:
    """Return hosts and ports, "" where one is left to libpq."""
    found = [_HOST.fullmatch(part.strip()) for part in text.split(",")]
    pairs = [(match["host"], match["port"] or "") for match in found if match]
    for _, port in pairs:
        _check_port(port)
    return [unquote(host.strip("[]")) for host, _ in pairs], [port for _, port in pairs]


def _listed(hosts: list[str], ports: list[str]) -> dict[str, str]:
    """Return the parameters that name several servers."""
    return {"host": ",".join(hosts)} | ({"port": ",".join(ports)} if any(ports) else {})


def _with_ports(query: dict[str, str]) -> dict[str, str]:
    """Return parameters with a port for each host, which SQLAlchemy expects, or none."""
    if "port" not in query:
        hosts = query.get("host", "")
        if ":" not in hosts or hosts.startswith(("/", "@")):
            return query
        return query | _listed(*_hosts(hosts))
    ports, n_hosts = query["port"].split(","), query.get("host", "").count(",") + 1
    for port in ports:
        _check_port(port)
    if len(ports) not in (1, n_hosts):
        raise ValueError(f"has {len(ports)} ports for {n_hosts} hosts: give as many, or one")
    return query | {"port": ",".join(ports * n_hosts if len(ports) == 1 else ports)}


def _check_port(port: str) -> None:
    """Refuse a port that is none, without quoting one that may be a password."""
    if not port:
        return
    if not (port.isascii() and port.isdigit()):
        raise ValueError(f"has a port that is no number, or a password without a host: {REMEDY}")
    if not 0 < int(port[:6]) < 65536:
        raise ValueError(f"has the port {int(port[:6])}: ports are from 1 to 65535")


def _of_keywords(address: str) -> URL | None:
    """Return the URL of a connection string such as `host=db dbname=densearch`."""
    from psycopg import ProgrammingError, conninfo  # its client library has the grammar
    from sqlalchemy.engine import URL

    try:
        found = conninfo.conninfo_to_dict(address)
    except ProgrammingError:
        return None
    query = _with_ports(parameters.translated((name, str(found[name])) for name in found))
    user, password, name = (query.pop(key, None) for key in ("user", "password", "dbname"))
    return URL.create("postgresql", user, password, database=name, query=query)


def _decoded(text: str | None) -> str | None:
    return unquote(text) if text else None
