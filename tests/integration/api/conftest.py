"""A client of the whole application, on a database that the real migrations built."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from service.settings import Settings
from service.storage.database import Database
from tests.support.guarded import guarded_client
from tests.support.pages import ADDRESS


@pytest.fixture
def client(settings: Settings, sqlite_database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(settings, sqlite_database), base_url=ADDRESS) as client:
        yield client


@pytest.fixture
def both(settings: Settings, database: Database) -> Iterator[TestClient]:
    """The same on SQLite and on PostgreSQL."""
    with TestClient(create_app(settings, database), base_url=ADDRESS) as client:
        yield client


@pytest.fixture
def guarded(settings: Settings, sqlite_database: Database) -> Iterator[TestClient]:
    """One of a server that asks for a token."""
    with guarded_client(settings, sqlite_database) as client:
        yield client
