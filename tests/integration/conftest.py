"""Fixtures of the tests on real databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.storage.database import Database
from tests.chaos.proxy import Proxy


@pytest.fixture
def proxy(postgresql_database: Database) -> Iterator[Proxy]:
    """A proxy in front of `postgresql_database`: delays, silences or drops connections."""
    url = postgresql_database.url.render_as_string(hide_password=False)
    with Proxy.before(url) as made:
        yield made
