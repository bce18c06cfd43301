"""The product, started as a user starts it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from densearch.client.client import Client
from tests.support.product import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("data"), {"DENSEARCH_N_CPUS": "2"})
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[Client]:
    with Client(server.url) as made:
        yield made
