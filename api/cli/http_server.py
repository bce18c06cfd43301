"""The HTTP server of `serve` and `api`: its port, its database, its dispatcher."""

from __future__ import annotations

import errno
import gc
import resource
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType
from typing import Any, NoReturn

import structlog
import uvicorn

from api.cli.dispatcher import dispatcher_of
from densearch.cli.terminal import echo
from service import logs
from service.errors import NoTokenError, SettingsError, UnsafeBindingError
from service.exit_codes import DONE, exit_now
from service.hosts import is_loopback
from service.settings import Settings
from service.storage import disk_space, locks, schema
from service.storage.database import Database
from service.storage.outages import CROWDED, patiently

# Event streams end themselves; a client that does not read its response would delay the end.
GRACE_S = 2
IMPORTS_S = 0.5
MAX_FILES = 65_536
# Of an address that a name has and this machine does not.
_MISSING = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
log = structlog.get_logger("api")


class PortInUseError(SettingsError):
    """Another process listens on the port."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        super().__init__(
            f"port {port} of {host} is in use: end the other server, or choose another "
            "port with --port (0 takes a free one)"
        )


class UnusableAddressError(SettingsError):
    """The host is not an address of this machine."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        self.host, self.port = host, port
        super().__init__(f"cannot listen on {host} port {port}: {reason}")


def bind(settings: Settings) -> list[socket.socket]:
    """Take the port, before anything slow and before the database is touched.

    A name may have several addresses: `localhost` is ::1 and 127.0.0.1, and clients differ in the
    one that they try. The port is taken at each address that this machine has.

    Raises:
        UnsafeBindingError: The host can be reached by others and that was not allowed by name.
        NoTokenError: It can, and neither is there a token nor was that allowed by name.
        PortInUseError: Another process listens there.
        UnusableAddressError: No address exists here, or the port is privileged.
    """
    host, port = settings.host, settings.port
    if not (settings.allow_remote or is_loopback(host)):
        raise UnsafeBindingError(host)
    if settings.token is None and not (settings.allow_no_token or is_loopback(host)):
        raise NoTokenError(host)
    with ExitStack() as opened:
        try:
            listeners = _bind_all(host, port, opened)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUseError(host, port) from error
            raise UnusableAddressError(host, port, error.strerror or str(error)) from error
        opened.pop_all()
    return listeners


def _bind_all(host: str, port: int, opened: ExitStack) -> list[socket.socket]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    listeners: list[socket.socket] = []
    missing: OSError | None = None
    for family, kind, protocol, _, address in dict.fromkeys(found):
        # Port 0 takes a free one at the first address, and the same at the others.
        taken = listeners[0].getsockname()[1] if listeners else port
        try:
            listener = _listening(family, kind, protocol, (address[0], taken, *address[2:]))
        except OSError as error:
            if error.errno not in _MISSING:
                raise
            missing = missing or error
            continue
        listeners.append(opened.enter_context(listener))
    if not listeners and missing is not None:
        raise missing
    return listeners


def _listening(family: int, kind: int, protocol: int, address: Any) -> socket.socket:  # noqa: ANN401 - of its family
    listener = socket.socket(family, kind, protocol)
    try:
        _set_options(listener)
        listener.bind(address)
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def _set_options(listener: socket.socket) -> None:
    """Set options for accepted connections: a peer that is gone is detected within a minute."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
    for name, value in {**options, "TCP_USER_TIMEOUT": 60_000}.items():
        if hasattr(socket, name):  # Linux has them all
            listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def address_of(listener: socket.socket) -> str:
    """Return the URL of the server for a browser on this machine."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - a name, not a bind
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """uvicorn, which calls `on_ready` once the port answers, and `on_end` before its shutdown."""

    def __init__(
        self, config: uvicorn.Config, on_ready: Callable[[], None], on_end: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_ready, self._on_end = on_ready, on_end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What is loaded by now stays: a full collection would look through all of it, and no call
        # is answered meanwhile.
        gc.freeze()
        if not self.should_exit:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_end()
        await super().shutdown(sockets)

    def end(self, _number: int, _frame: FrameType | None) -> None:
        """End the server: the handler of signals while uvicorn's own is not installed.

        It is not before the event loop runs, and at its end uvicorn raises the signal again.
        """
        self.should_exit = True


def run(settings: Settings, *, with_dispatcher: bool) -> NoReturn:
    """Serve until SIGINT or SIGTERM; then end the dispatcher and this process.

    Raises:
        SettingsError: The address cannot be used.
        NoRoomError, UnusableDirectoryError: The data directory, or Ray's, cannot be written.
        DirectoryInUseError: Another `serve`, or a `dispatch` on SQLite, works in the directory.
        SchemaError: Without a dispatcher: the database must be upgraded first.
    """
    _allow_many_files()
    with ExitStack() as stack:
        listeners = [stack.enter_context(listener) for listener in bind(settings)]
        logs.configure(settings)
        disk_space.check(settings, writes_files=with_dispatcher, starts_ray=with_dispatcher)
        if with_dispatcher:
            stack.enter_context(locks.hold_server(settings))
        # The dispatcher alone checkpoints SQLite's WAL (see service.storage.database).
        database = Database(settings.resolved_database_url, is_checkpointer=False)
        stack.callback(database.close)
        upgrade(settings, database) if with_dispatcher else schema.check(database)
        _serve(settings, database, listeners, with_dispatcher=with_dispatcher)
    exit_now(DONE)


def _allow_many_files() -> None:
    """Raise the limit on open files, of which every connection is one, as far as is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def upgrade(settings: Settings, database: Database) -> None:
    """Bring the database of a server to the newest revision, and log where its copy is.

    Raises:
        DirectoryInUseError: Another process has the SQLite file open.
        MigrationError: A revision failed; the database is as before.
    """
    if schema.current(database) == schema.head():
        return
    database.close()  # a connection of this process would count as another user of the file
    with locks.hold_migration(settings, has_server=True):
        done = schema.upgrade(database)
    if done.backup is not None:
        log.warning(
            "the database was upgraded, and copied before",
            old=done.before,
            new=done.after,
            copy=str(done.backup.path),
            to_go_back=f"end the server, install the version before, then: {done.backup.way_back}",
        )


def forwarding(settings: Settings) -> dict[str, Any]:
    """Return uvicorn's options: whose X-Forwarded-For and X-Forwarded-Proto are believed.

    Both are always given: uvicorn would otherwise believe loopback, or FORWARDED_ALLOW_IPS.
    """
    trusted = settings.trusted_proxies or ()
    return {"proxy_headers": bool(trusted), "forwarded_allow_ips": list(trusted)}


def _serve(
    settings: Settings,
    database: Database,
    listeners: list[socket.socket],
    *,
    with_dispatcher: bool,
) -> None:
    # Imported after the port is bound: the web framework and the image library load slowly.
    from api.app import create_app
    from api.middleware.connections import HttpConnection
    from service.datasets.library import sweep

    patiently(
        lambda: sweep(database, settings.data_dir), "the start of the server", passing=CROWDED
    )
    supervisor = dispatcher_of(settings, "--has-server")

    def on_ready() -> None:
        if with_dispatcher:
            supervisor.start()
        echo(f"densearch is ready: dashboard and API at {address_of(listeners[0])}")
        if settings.public_url:
            echo(f"behind a reverse proxy at {settings.public_url}")
        echo(f"data in {settings.data_dir.absolute()}; Ctrl-C ends the server")

    def on_end() -> None:  # the dispatcher ends while open responses do
        app.state.ending.set()
        threading.Thread(target=supervisor.stop, name="ending").start()

    app = create_app(settings, database)
    threading.Thread(target=app.state.hosts.learn, name="own-name", daemon=True).start()
    config = uvicorn.Config(
        app,
        http=HttpConnection,
        ws="none",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
        **forwarding(settings),
    )
    server = _Server(config, on_ready, on_end)
    for number in (signal.SIGINT, signal.SIGTERM):  # for good: nothing ends this process too early
        signal.signal(number, server.end)
    try:
        server.run(sockets=listeners)
    finally:
        supervisor.stop()
        # They stop at `ending`; what has not is swept away by the next start.
        app.state.importer.join_all(IMPORTS_S)
