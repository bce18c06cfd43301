"""Files as answers: lengths, digests, ranges, names."""

from __future__ import annotations

import base64
import hashlib

import pytest
from fastapi import FastAPI, Request, Response
from starlette.testclient import TestClient

from api.downloads import file_name, of_bytes

CONTENT = bytes(range(256)) * 3
TAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()

    @app.get("/file")
    def _file(request: Request) -> Response:
        return of_bytes(request, CONTENT, 'a "b".npy', "application/x-npy")

    return TestClient(app)


def test_names_are_safe_in_headers_and_file_systems() -> None:
    assert file_name("direct_l.safetensors") == "direct_l.safetensors"
    assert file_name('a"b\r\n/../é') == "a_b___.._" + "_"
    assert file_name("..") == "file"
    assert len(file_name("x" * 500)) == 150


def test_a_whole_file_has_its_length_digest_and_tag(client: TestClient) -> None:
    answer = client.get("/file")
    assert (answer.status_code, answer.content) == (200, CONTENT)
    digest = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()
    for name, value in (
        ("content-length", "768"),
        ("repr-digest", f"sha-256=:{digest}:"),
        ("etag", TAG),
        ("accept-ranges", "bytes"),
        ("content-disposition", 'attachment; filename="a__b_.npy"'),
    ):
        assert answer.headers[name] == value
    assert client.get("/file", headers={"If-None-Match": TAG}).status_code == 304


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [("bytes=0-0", 0, 0), ("bytes=700-", 700, 767), ("bytes=-5", 763, 767),
     ("Bytes=10-9999", 10, 767), ("bytes=-9999", 0, 767)],
)  # fmt: skip
def test_a_range_is_that_part(client: TestClient, wanted: str, first: int, last: int) -> None:
    answer = client.get("/file", headers={"Range": wanted, "If-Range": TAG})
    assert (answer.status_code, answer.content) == (206, CONTENT[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/768"
    assert answer.headers["content-length"] == str(last - first + 1)


@pytest.mark.parametrize(
    "wanted", ["bytes=0-1,5-6", "bytes=", "lines=1-2", "bytes=9-3", "bytes=x-"]
)
def test_other_ranges_are_the_whole_file(client: TestClient, wanted: str) -> None:
    answer = client.get("/file", headers={"Range": wanted})
    assert (answer.status_code, len(answer.content)) == (200, 768)


def test_a_part_of_another_file_is_not_continued(client: TestClient) -> None:
    answer = client.get("/file", headers={"Range": "bytes=5-", "If-Range": '"other"'})
    assert (answer.status_code, len(answer.content)) == (200, 768)


@pytest.mark.parametrize("wanted", ["bytes=768-", "bytes=5000-6000", "bytes=-0"])
def test_bytes_behind_the_end_are_refused(client: TestClient, wanted: str) -> None:
    answer = client.get("/file", headers={"Range": wanted})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */768")
    assert answer.json()["type"] == "/problems/range-not-satisfiable"
