"""A server that asks for a token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr
from starlette.testclient import TestClient

from api.app import create_app
from service.settings import Settings
from service.storage.database import Database
from tests.support.pages import ADDRESS

TOKEN = "e2b7c1d09f5a4c3e"  # noqa: S105 - of tests
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@contextmanager
def guarded_client(settings: Settings, database: Database) -> Iterator[TestClient]:
    """Yield a client, without the token, that follows no redirects."""
    settings = settings.model_copy(update={"token": SecretStr(TOKEN)})
    app = create_app(settings, database)
    with TestClient(app, base_url=ADDRESS, follow_redirects=False) as client:
        yield client
