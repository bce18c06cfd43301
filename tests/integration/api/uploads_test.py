"""An upload: held to its digest, its limit and its disk; what is refused leaves nothing."""

from __future__ import annotations

import asyncio
import base64
import errno
import hashlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from api.app import create_app
from service.settings import Settings
from service.storage.database import Database
from tests.support.datasets import making
from tests.support.datasets.uploading import CONTENT, add, folders
from tests.support.specs import JSON


def _digest(content: bytes) -> dict[str, str]:
    found = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return {"content-digest": f"sha-256=:{found}:"}


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "x", "format": "mat"}, "format"),
        ({"name": "x", "n_dims": "4"}, "n_dims"),
        ({"name": "x", "colour": "yes"}, "colour"),
    ],
)
def test_a_wrong_parameter_is_named(
    client: TestClient, settings: Settings, params: dict[str, str], parameter: str
) -> None:
    answer = client.post("/v1/datasets", params=params, content=CONTENT)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == parameter
    assert folders(settings) == []


def test_bytes_are_held_to_their_digest(client: TestClient, settings: Settings) -> None:
    right = client.post("/v1/datasets?name=a", content=CONTENT, headers=_digest(CONTENT))
    assert right.status_code == 201
    n_folders = len(folders(settings))
    for headers in (_digest(b"other"), {"content-digest": "md5=:AA==:"}, {"content-digest": ""}):
        wrong = client.post("/v1/datasets?name=a", content=CONTENT, headers=headers)
        assert wrong.status_code == 400
        assert wrong.json()["type"] == "/problems/digest-mismatch"
    assert len(folders(settings)) == n_folders


@pytest.fixture
def small(settings: Settings, sqlite_database: Database) -> Iterator[TestClient]:
    """A server that takes little."""
    limited = settings.model_copy(update={"max_body_bytes": 1_000, "max_dataset_bytes": 9_000})
    with TestClient(create_app(limited, sqlite_database), base_url="http://127.0.0.1") as client:
        yield client


@pytest.mark.parametrize("is_declared", [True, False])
def test_uploads_have_a_limit_of_their_own(
    small: TestClient, settings: Settings, is_declared: bool
) -> None:
    content = making.npz(x=making.pixels(0, (20, 8, 8)))
    assert 1_000 < len(content) < 9_000
    assert add(small, content).status_code == 201
    large = b"\0" * 20_000
    sent: Any = large if is_declared else iter([large[:7_000], large[7_000:]])
    answer = small.post("/v1/datasets?name=x", content=sent)
    assert answer.status_code == 413
    assert answer.json()["detail"] == "at most 9,000 bytes are read"
    body = json.dumps({"name": "x", "folder": "f" * 2_000}).encode()
    assert small.post("/v1/datasets", content=body, headers=JSON).status_code == 413
    assert small.post("/v1/jobs", content=large, headers=JSON).status_code == 413
    assert len(folders(settings)) == 1


def test_a_disk_that_fills_up_on_the_way_leaves_nothing(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.FileIO):
        def write(self, block: Any) -> int:  # noqa: ANN401
            if self.tell() > 3 * 2**20:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(block[: 2**20])

    def opened(path: Path, *how: Any, **more: Any) -> Any:  # noqa: ANN401
        if path.name == "upload":
            return Full(path, "wb")
        return original(path, *how, **more)

    original = Path.open
    monkeypatch.setattr(Path, "open", opened)
    answer = add(client, os.urandom(8 * 2**20))
    assert answer.status_code == 507
    assert answer.json()["type"] == "/problems/storage-full"
    assert folders(settings) == []


def test_a_disk_with_no_room_for_a_file_is_full(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(path: Path, *how: Any, **more: Any) -> Any:  # noqa: ANN401
        if path.name == "upload":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(path, *how, **more)

    original = Path.open
    monkeypatch.setattr(Path, "open", opened)
    answer = add(client)
    assert (answer.status_code, answer.json()["type"]) == (507, "/problems/storage-full")
    assert folders(settings) == []


def test_a_client_that_goes_away_leaves_nothing(
    settings: Settings, sqlite_database: Database
) -> None:
    sent: Iterator[Message] = iter(
        [
            {"type": "http.request", "body": CONTENT[:100], "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    answers: list[Message] = []

    async def receive() -> Message:
        return next(sent)

    async def send(message: Message) -> None:
        answers.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/datasets",
        "query_string": b"name=x",
        "headers": [(b"host", b"127.0.0.1")],
    }
    asyncio.run(create_app(settings, sqlite_database)(scope, receive, send))
    assert answers[0]["status"] == 400
    assert folders(settings) == []
