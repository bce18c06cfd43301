"""A server that only answers, in a process of its own: what a load costs without an application.

`GET /N` is answered with a body of N bytes. The process prints its address when it listens.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n\r\n"


class FixedAnswers(asyncio.Protocol):
    """One connection, whose requests have no body and arrive one at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport, self._received = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer a request once its head is complete."""
        self._received += data
        if self._received.endswith(b"\r\n\r\n"):
            n_bytes = int(self._received.split(None, 2)[1].removeprefix(b"/"))
            self._received = b""
            assert isinstance(self._transport, asyncio.WriteTransport)
            self._transport.write(HEAD % n_bytes + bytes(n_bytes))


@contextmanager
def served() -> Iterator[str]:
    """Run the server; yield its address."""
    command = [sys.executable, "-m", "benchmarks.fixed_answers"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip() if process.stdout else ""
    finally:
        process.terminate()
        process.communicate(timeout=30)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(FixedAnswers, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
