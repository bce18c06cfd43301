"""What belongs to a job, against a scripted server: formats, and files that are cut off."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from densearch.client import AnswerLostError
from tests.support.scripted_server import connected


class CutOff(httpx2.SyncByteStream):
    """A file that ends in the middle."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"half"
        raise httpx2.ReadError("connection reset")


def test_a_file_is_asked_for_in_its_format_and_is_whole_or_not_there(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(f"{request.url.path}?{request.url.query.decode()}")
        if request.url.path.endswith("/artifacts/2"):
            return httpx2.Response(200, stream=CutOff())
        return httpx2.Response(200, content=b"whole")

    kept = tmp_path / "kept"
    with connected(answer) as client:
        assert client.density(3, "npz") == client.document(1, "pdf") == b"whole"
        client.save_artifact(1, kept)
        with pytest.raises(AnswerLostError, match="connection reset"):
            client.save_artifact(2, tmp_path / "lost")
    assert kept.read_bytes() == b"whole"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert asked[:2] == ["/v1/densities/3?format=npz", "/v1/jobs/1/report?format=pdf"]


def test_what_is_no_file_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe, link, target = tmp_path / "pipe", tmp_path / "link", tmp_path / "target"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    target.write_bytes(b"old")
    link.symlink_to(target)
    with connected(lambda _: httpx2.Response(200, content=b"whole")) as client:
        client.save_artifact(1, pipe)
        client.save_artifact(1, link)
        with pytest.raises(IsADirectoryError):
            client.save_artifact(1, tmp_path)
    assert pipe.is_fifo()
    assert os.read(reading, 10) == b"whole"
    os.close(reading)
    assert link.is_symlink()
    assert target.read_bytes() == b"whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe", "target"]
