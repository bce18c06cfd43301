"""A client of a server whose answers are a function, without a network."""

from __future__ import annotations

from collections.abc import Callable

import httpx2

from densearch.client import Client

Handler = Callable[[httpx2.Request], httpx2.Response]


def connected(handler: Handler) -> Client:
    """Return a client that is answered by a function."""
    return Client("http://server", transport=httpx2.MockTransport(handler))
