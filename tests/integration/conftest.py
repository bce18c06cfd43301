"""Fixtures of the tests on real databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from service.storage.database import Database
from tests.chaos.proxy import Proxy
from tests.support.datasets.gates import gate


@pytest.fixture
def proxy(postgresql_database: Database) -> Iterator[Proxy]:
    """A proxy in front of `postgresql_database`: delays, silences or drops connections."""
    url = postgresql_database.url.render_as_string(hide_password=False)
    with Proxy.before(url) as made:
        yield made


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Imports read 3 of 10 samples, and go on once this is set."""
    with gate(monkeypatch) as event:
        yield event
