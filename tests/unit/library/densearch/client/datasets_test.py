"""The client's calls about data sets: what is sent, how often, and how long it waits."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import httpx2
import pytest

from densearch.client import Client, ClientError, UnreachableError
from densearch.client import datasets as calls
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
    assert dict(found) == {"id": 7, "n": len(content)}
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


RUNNING = {"id": 3, "state": "RUNNING", "stage": "reading", "problem": None, "dataset_id": None}


@pytest.fixture
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "FIRST_LOOK_S", 0.0)
    monkeypatch.setattr(calls, "LAST_LOOK_S", 0.0)


@pytest.mark.usefixtures("_without_pauses")
def test_an_import_is_followed_to_its_set(file: Path) -> None:
    asked: list[str] = []
    looks = iter(
        [
            httpx2.Response(200, json=RUNNING | {"n_done": 5}),
            httpx2.Response(503, json={"title": "The database does not answer", "status": 503}),
            httpx2.Response(200, json=RUNNING | {"state": "SUCCEEDED", "dataset_id": 7}),
        ]
    )

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(f"{request.method} {request.url.path}")
        if request.method == "POST":
            assert request.headers["Prefer"] == "wait=1"
            return httpx2.Response(202, json=RUNNING | {"n_done": 0})
        is_import = request.url.path == "/v1/datasets/imports/3"
        return next(looks) if is_import else httpx2.Response(200, json={"id": 7})

    seen: list[int] = []
    with connected(answer) as client:
        found = client.datasets.add(
            file, name="pets", on_progress=lambda one: seen.append(one["n_done"])
        )
    assert dict(found) == {"id": 7}
    assert seen == [0, 5]
    assert asked[0] == "POST /v1/datasets"
    assert asked[-2:] == ["GET /v1/datasets/imports/3", "GET /v1/datasets/7"]


@pytest.mark.usefixtures("_without_pauses")
def test_what_an_import_was_refused_for_is_raised() -> None:
    problem = {
        "type": "/problems/invalid-dataset",
        "title": "The data set is refused",
        "status": 422,
        "detail": "61 faults",
        "errors": [{"entry": "cat/1.png", "detail": "is empty"}],
        "n_errors": 61,
    }

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return httpx2.Response(202, json=RUNNING)
        return httpx2.Response(200, json=RUNNING | {"state": "FAILED", "problem": problem})

    with connected(answer) as client, pytest.raises(ClientError, match="61 faults") as refused:
        client.datasets.add_folder("/data/pets", name="pets")
    assert refused.value.status == 422
    assert refused.value.n_faults == 61
    (fault,) = refused.value.faults
    assert (fault.pointer, fault.is_file) == ("cat/1.png", True)


@pytest.mark.usefixtures("_without_pauses")
def test_an_import_that_another_client_deleted_is_no_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return httpx2.Response(202, json=RUNNING)
        return httpx2.Response(404, json={"title": "Not found", "detail": "there is no import 3"})

    with connected(answer) as client, pytest.raises(ClientError, match="no import 3"):
        client.datasets.add_folder("/data/pets", name="pets")

    def away(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return httpx2.Response(202, json=RUNNING)
        raise httpx2.ConnectError("gone")

    monkeypatch.setattr(calls, "PATIENCE_S", 0.0)
    with connected(away) as client, pytest.raises(UnreachableError):
        client.datasets.add_folder("/data/pets", name="pets")


def test_imports_are_listed_and_stopped() -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(f"{request.method} {request.url.path}")
        return httpx2.Response(200, json={"items": [RUNNING]})

    with connected(answer) as client:
        assert list(client.datasets.imports()) == [RUNNING]
        client.datasets.stop_import(3)
    assert asked == ["GET /v1/datasets/imports", "DELETE /v1/datasets/imports/3"]


def test_lists_and_sheets_are_read() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/preview"):
            return httpx2.Response(200, content=b"PNG")
        return httpx2.Response(200, json={"items": [{"id": 2}], "built_in": [{"dataset": "d"}]})

    with connected(answer) as client:
        assert [one["id"] for one in client.datasets.all()] == [2]
        assert [one["dataset"] for one in client.datasets.built_in()] == ["d"]
        assert client.datasets.preview(2) == b"PNG"
