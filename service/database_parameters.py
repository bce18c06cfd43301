"""Parameters in addresses of databases, as PostgreSQL's client library (libpq) takes them.

Other programs and hosts have names of their own: those with a meaning for libpq or the server are
renamed, those of pools and statement caches are left out. Any other is refused by its name: left
out, a misspelt `sslmode` would switch encryption off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_SWITCHES = {"ssl", "tls", "usessl", "requiressl"}
_ON, _OFF = {"true", "1", "yes", "on", "no-verify"}, {"false", "0", "no", "off"}
# Names are compared in small letters, without - and _.
_RENAMED = {
    "charset": "client_encoding",
    "connectiontimeout": "connect_timeout",
    "database": "dbname",
    "encoding": "client_encoding",
    "hostname": "host",
    "logintimeout": "connect_timeout",
    "username": "user",
}
# Settings of the server, which libpq takes in `options`.
_OPTIONS = {
    "currentschema": "search_path",
    "idleintransactionsessiontimeout": "idle_in_transaction_session_timeout",
    "locktimeout": "lock_timeout",
    "schema": "search_path",
    "searchpath": "search_path",
    "statementtimeout": "statement_timeout",
}
# Given twice they name several servers.
_LISTS = {"host", "hostaddr", "port"}
_LEFT_OUT = _words(
    """
    adapter asyncfallback autosave binaryparameters binarytransfer commandtimeout
    connectionlifetime connectionlimit connhealthchecks connmaxage defaultqueryexecmode
    defaultrowfetchsize
    descriptioncachecapacity disablecolumnsanitiser driver echo engine idletimeout keepalive
    loggerlevel maxconnections maxconns maxidleconns maxlifetime maxoverflow maxpoolsize
    minconnections minpoolsize pgbouncer pool poolmaxconnidletime poolmaxconnlifetime poolmaxconns
    poolminconns poolmode poolpreping poolrecycle poolsize pooltimeout pooling preparethreshold
    preparedstatementcachequeries preparedstatementcachesize preparedstatementcachesizemib
    preparedstatements queryexecmode reapingfrequency reconnect rewritebatchedinserts
    serversidebinding serverversion simpleprotocol sockettimeout sslfactory statementcachecapacity
    statementcachemode statementcachesize stringtype supa tcpkeepalive tcpkeepalives timeout
    timezone unicode uselibpqcompat workaround
    """
)
_SQLITE_LEFT_OUT = _words(
    """
    busytimeout cache cachedstatements charset checksamethread connectionlimit detecttypes fk
    foreignkeys isolationlevel journal journalmode mode pool poolsize pragma sockettimeout sync
    synchronous timeout txlock uri
    """
)


def translated(given: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return parameters under libpq's names; of two with one name the later one, hosts apart.

    Raises:
        ValueError: Neither libpq nor this module knows a name, or a value cannot be used.
    """
    found: dict[str, str] = {}
    options: list[str] = []
    mode: str | None = None
    for name, value in given:
        plain = _plain(name)
        is_default = _OPTIONS.get(plain) == "search_path" and value == "public"
        if not value or is_default or plain in _LEFT_OUT:
            continue
        if plain in _SWITCHES:
            mode = _ssl_mode(name, value)
        elif plain == "sslmode":
            found["sslmode"] = _ssl_mode(name, value)
        elif plain in _OPTIONS:
            escaped = value.replace("\\", r"\\").replace(" ", r"\ ")
            options.append(f"-c {_OPTIONS[plain]}={escaped}")
        elif name == "options":
            options.append(value)
        else:
            known = _RENAMED.get(plain) or _known(name)
            is_list = known in _LISTS and known in found
            found[known] = f"{found[known]},{value}" if is_list else value
    if mode is not None:
        found.setdefault("sslmode", mode)
    if found.get("client_encoding", "").lower() in ("unicode", "utf8mb4"):
        found["client_encoding"] = "utf8"
    return found | ({"options": " ".join(options)} if options else {})


def check_sqlite(given: Mapping[str, str]) -> None:
    """Refuse what densearch cannot do with a SQLite file; the rest it sets by itself.

    Raises:
        ValueError: Naming the parameter.
    """
    for name, value in given.items():
        is_unusable = name == "mode" and value in ("ro", "memory")
        if is_unusable or _plain(name) not in _SQLITE_LEFT_OUT:
            raise ValueError(
                f'has the parameter "{name}", with which SQLite cannot be used here: remove it'
            )


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _ssl_mode(name: str, value: str) -> str:
    lower = value.lower()
    mode = "require" if lower in _ON else "disable" if lower in _OFF else lower
    if mode not in _SSL_MODES:
        raise ValueError(f'has a value of "{name}" that is none of {", ".join(_SSL_MODES)}')
    return mode


def _known(name: str) -> str:
    from difflib import get_close_matches

    from psycopg import pq  # loading it takes a while: only where there are parameters

    known = {_plain(one): one for one in (o.keyword.decode() for o in pq.Conninfo.get_defaults())}
    if _plain(name) in known:
        return known[_plain(name)]
    near = get_close_matches(_plain(name), known, n=1, cutoff=0.75)
    hint = f"write {known[near[0]]}, or remove it" if near else "remove it"
    raise ValueError(f'has the parameter "{name}", which PostgreSQL does not know: {hint}')
