"""A TCP proxy that injects faults in front of PostgreSQL: silence, drops or delays.

Clients connect to a port on loopback; the target may be a Unix socket, such as the test server's.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from sqlalchemy.engine import make_url

Mode = Literal["pass", "silent", "drop", "delay"]
BLOCK_BYTES = 65_536
START_S = 10.0


class _Link:
    """One client's connection: two pumps that follow its mode."""

    def __init__(self, mode: Mode, delay_s: float) -> None:
        self.delay_s = delay_s
        self._passes = asyncio.Event()
        self.writers: list[asyncio.StreamWriter] = []
        self.set_mode(mode)

    def set_mode(self, mode: Mode) -> None:
        self.mode = mode
        (self._passes.clear if mode == "silent" else self._passes.set)()
        if mode == "drop":
            self.abort()

    def abort(self) -> None:
        """Reset both connections."""
        for writer in self.writers:
            writer.transport.abort()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Move bytes one way; in silent mode they wait here, as does the end of the stream."""
        while True:
            block = await reader.read(BLOCK_BYTES)
            if self.mode == "delay":
                await asyncio.sleep(self.delay_s)
            await self._passes.wait()
            if not block:
                break
            writer.write(block)
            await writer.drain()
        writer.close()


class Proxy:
    """Forwards connections to a target, as far as its mode allows.

    Modes: `pass`; `silent`: connections are accepted, bytes are acknowledged and go nowhere until
    the mode changes; `drop`: open connections are reset, new ones as soon as they come; `delay`:
    every block takes `delay_s` longer, each way.

    Thread safety: any thread may set the mode. Its own event loop runs in a thread.

    Args:
        target: A Unix socket's path, or host and port.
        delay_s: What `delay` adds to each block, s.
    """

    def __init__(self, target: str | Path | tuple[str, int], *, delay_s: float = 5.0) -> None:
        self._target, self.delay_s = target, delay_s
        self._mode: Mode = "pass"
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        if not started.wait(START_S):
            raise TimeoutError("the proxy did not start")

    @classmethod
    def before(cls, database_url: str, *, delay_s: float = 5.0) -> Self:
        """Return a proxy in front of a PostgreSQL, given by its SQLAlchemy URL."""
        url = make_url(database_url)
        host = str(url.query.get("host", "") or url.host or "127.0.0.1")
        port = url.port or 5432
        target = Path(host) / f".s.PGSQL.{port}" if host.startswith("/") else (host, port)
        return cls(target, delay_s=delay_s)

    def url_of(self, database_url: str) -> str:
        """Return a PostgreSQL's SQLAlchemy URL with the proxy's address in it."""
        url = make_url(database_url).difference_update_query(["host"])
        url = url.set(host="127.0.0.1", port=self.url_port)
        return url.render_as_string(hide_password=False)

    @property
    def mode(self) -> Mode:
        """The mode of all connections, open and future ones."""
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._mode = mode
        self.set_open(mode)

    def set_open(self, mode: Mode) -> None:
        """Set the mode of the connections that are open now; new ones follow `mode`."""
        self._do(lambda link: link.set_mode(mode))

    @property
    def n_open(self) -> int:
        """How many connections are open in any mode."""
        return len(self._links)

    def close(self) -> None:
        """Reset everything and end."""
        self._do(_Link.abort)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _do(self, change: Callable[[_Link], None]) -> None:
        """Change every open connection in the loop's thread, and wait until that is done."""
        done = threading.Event()

        def work() -> None:
            for link in list(self._links):
                change(link)
            done.set()

        self._loop.call_soon_threadsafe(work)
        if not done.wait(START_S):
            raise TimeoutError("the proxy hangs")

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        serving = asyncio.start_server(self._accept, "127.0.0.1", 0)
        server = self._loop.run_until_complete(serving)
        self.url_port: int = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(self._mode, self.delay_s)
        link.writers.append(writer)
        self._links.add(link)
        try:
            if link.mode == "drop":
                return
            back_reader, back_writer = await self._connect()
            link.writers.append(back_writer)
            await asyncio.gather(link.pump(reader, back_writer), link.pump(back_reader, writer))
        except (OSError, asyncio.CancelledError):
            return  # one side is gone: so is the other
        finally:
            link.abort()
            self._links.discard(link)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, tuple):
            return await asyncio.open_connection(*self._target)
        return await asyncio.open_unix_connection(str(self._target))
