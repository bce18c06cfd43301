"""Errors of the database become problems that quote none of its statements."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient


def test_a_database_that_is_down_is_a_503(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object, **__: object) -> None:
        raise OperationalError("SELECT secret", {}, Exception("refused"))

    monkeypatch.setattr("service.storage.job_pages.page", down)
    answer = client.get("/v1/jobs")
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/database-unavailable"
    assert "secret" not in answer.text
    assert "retry-after" in answer.headers
