"""Pages that are never outdated, however slow the machine is (`service.storage.answers`)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.dashboard.searches.importance import Importance
from service.settings import Settings
from service.storage.database import Database
from tests.support.pages import ADDRESS


@pytest.fixture(autouse=True)
def no_answer_is_outdated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.storage.answers.PATIENCE", 0.0)


@pytest.fixture(autouse=True)
def no_process_is_started_for_an_importance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "api.dashboard.searches.importance.answer_to", lambda _: Importance(fault="not asked")
    )


@pytest.fixture(params=["sqlite"])
def database(request: pytest.FixtureRequest) -> Database:
    """SQLite alone, unless a test asks for both: pages add no SQL to that of the storage."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


@pytest.fixture
def client(settings: Settings, database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(settings, database), base_url=ADDRESS) as client:
        yield client
