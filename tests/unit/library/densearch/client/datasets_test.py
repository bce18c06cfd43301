"""The client's calls about data sets: what is sent, how often, and how long it waits."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import httpx2
import pytest

from densearch.client import Client, UnreachableError
from densearch.client.datasets import BLOCK_BYTES
from tests.support.scripted_server import connected


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of more than two pieces."""
    path = tmp_path / "pets.zip"
    path.write_bytes(bytes(range(256)) * (2 * BLOCK_BYTES // 256) + b"end")
    return path


def test_a_file_is_sent_whole_with_its_length_and_digest(file: Path) -> None:
    requests: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(201, json={"id": 7, "n": len(request.content)})

    sent: list[int] = []
    with connected(answer) as client:
        found = client.datasets.add(
            file, name="pets", on_sent=sent.append, size_px=8, convert=None
        )
    (request,) = requests
    content = file.read_bytes()
    assert found == {"id": 7, "n": len(content)}
    assert sent == [BLOCK_BYTES, BLOCK_BYTES, 3]
    assert dict(request.url.params) == {"name": "pets", "size_px": "8"}, "what is None is left out"
    assert request.headers["Content-Length"] == str(len(content))
    assert "Transfer-Encoding" not in request.headers
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert request.headers["Content-Digest"] == f"sha-256=:{digest}:"


def test_the_answer_may_take_as_long_as_the_server_reads(file: Path) -> None:
    waits: list[dict[str, float | None]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        waits.append(request.extensions["timeout"])
        return httpx2.Response(201, json={"id": 7})

    with connected(answer) as client:
        client.datasets.add(file, name="pets")
        client.datasets.add_folder("/data/pets", name="pets")
        client.datasets.show(7)
    assert [wait["read"] for wait in waits] == [None, None, 30.0]
    assert all(wait["connect"] == 30.0 for wait in waits)


def test_what_was_sent_in_part_is_not_sent_again(file: Path) -> None:
    paths: list[str] = []

    def lost(request: httpx2.Request) -> httpx2.Response:
        paths.append(f"{request.method} {request.url.path}")
        raise httpx2.ReadError("gone")

    def calls(client: Client) -> None:
        for call in (
            lambda: client.datasets.add(file, name="pets"),
            lambda: client.datasets.add_folder("/data/pets", name="pets"),
            lambda: client.datasets.delete(7),
        ):
            with pytest.raises(UnreachableError, match="gone"):
                call()

    with connected(lost) as client:
        calls(client)
    assert paths == ["POST /v1/datasets", "POST /v1/datasets", "DELETE /v1/datasets/7"]


def test_lists_and_sheets_are_read() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/preview"):
            return httpx2.Response(200, content=b"PNG")
        return httpx2.Response(200, json={"items": [{"id": 2}], "built_in": [{"dataset": "d"}]})

    with connected(answer) as client:
        assert list(client.datasets.all()) == [{"id": 2}]
        assert client.datasets.built_in() == [{"dataset": "d"}]
        assert client.datasets.preview(2) == b"PNG"
