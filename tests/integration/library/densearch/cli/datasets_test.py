"""Data sets from the command line and the client, against a server that listens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from api.cli.main import app
from densearch.answers import ImportAnswer
from densearch.client.client import Client, ClientError
from service.storage.database import Database
from tests.support.datasets import making
from tests.support.datasets.gates import gate
from tests.support.live_server import Server

LIMIT = 20 * 2**20


@pytest.fixture
def server(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    monkeypatch.setenv("DENSEARCH_MAX_DATASET_BYTES", str(LIMIT))
    server = Server(sqlite_database, tmp_path)
    # The server's log would stand among what the commands print.
    with capture_logs():
        server.start()
        yield server
        server.stop()


@pytest.fixture
def densearch(server: Server) -> Any:  # noqa: ANN401 - a function of words
    def run(*words: object) -> Result:
        return CliRunner().invoke(app, ["datasets", *map(str, words), "--url", server.url])

    return run


def test_a_file_is_sent_shown_listed_and_deleted(densearch: Any, tmp_path: Path) -> None:  # noqa: ANN401
    path = tmp_path / "pets [bold].zip"
    path.write_bytes(making.zipped(making.class_files(5) | {"README.md": b"x"}))
    added = densearch("add", path)
    assert added.exit_code == 0, added.output
    # Names are text, never markup.
    assert added.output.startswith("stored:1  pets [bold]\n")
    assert added.output.splitlines()[3].split() == ["cat", "3", "1", "1"]
    assert "README.md" in added.output
    sheet = tmp_path / "sheet.png"
    shown = densearch("show", 1, "--preview", sheet).output
    assert shown == f"{added.output}samples: {sheet} (a row each: cat, dog)\n"
    assert "left out, notes and other files that are no samples: 1\n  README.md\n" in shown
    assert sheet.read_bytes().startswith(b"\x89PNG")
    listed = densearch("list").output
    assert "stored:1" in listed
    assert "waveforms" in listed
    assert densearch("delete", 1).output == "data set 1 is deleted\n"
    assert "stored:1" not in densearch("list").output


def test_what_is_refused_is_named(densearch: Any, tmp_path: Path) -> None:  # noqa: ANN401
    path = tmp_path / "x.zip"
    path.write_bytes(making.zipped(making.class_files(5) | {"cat/x.png": b"no"}))
    refused = densearch("add", path)
    assert refused.exit_code == 1
    assert "cat/x.png: cannot be decoded" in refused.output
    assert "correct it, and send it again" in refused.output
    many = making.class_files(5) | {f"cat/{i}.png": b"" for i in range(53)}
    path.write_bytes(making.zipped(many))
    refused = densearch("add", path)
    assert "\n  and 3 more\n" in refused.output
    assert "correct these 53 files, or leave them out by --skip-bad" in refused.output
    assert densearch("add").exit_code == 2
    assert densearch("add", path, "--folder", "x").exit_code == 2
    assert "pack it as .zip" in densearch("add", tmp_path).output
    empty = tmp_path / "empty.zip"
    empty.touch()
    assert densearch("add", empty).output.startswith("  it is empty: no bytes came\n")
    refused = densearch("add", "--folder", "x")
    assert "DENSEARCH_DATASET_ROOTS" in refused.output
    assert densearch("add", path, "--n-dims", 4).exit_code == 2


def test_an_import_is_followed_listed_and_forgotten(
    densearch: Any,  # noqa: ANN401
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "pets.zip"
    path.write_bytes(making.zipped(making.class_files(5)))
    seen: list[int] = []
    monkeypatch.setattr("densearch.client.datasets.WAIT_S", 0)
    with gate(monkeypatch) as opened, Client(server.url) as client:

        def look(found: ImportAnswer) -> None:
            seen.append(found["n_done"])
            if found["n_done"] == 3:
                opened.set()

        stored = client.datasets.add(path, name="pets", on_progress=look)
        assert stored["dataset"] == "stored:1"
        assert 3 in seen
    assert densearch("imports").output.splitlines()[1].split()[:3] == ["1", "pets", "SUCCEEDED"]
    forgotten = densearch("imports", "--stop", 1).output
    assert forgotten == "import 1 had ended (SUCCEEDED) and is forgotten; stored:1 stays\n"
    assert densearch("imports", "--stop", 1).exit_code == 1


def test_many_classes_do_not_fill_the_terminal(densearch: Any, tmp_path: Path) -> None:  # noqa: ANN401
    path = tmp_path / "c100.zip"
    path.write_bytes(making.zipped(making.cifar100_files()))
    shown = densearch("add", path, "--format", "cifar").output
    assert "and 80 more classes" in shown
    assert len(shown.splitlines()) < 30


def test_the_client_tells_how_much_was_sent(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    values = making.pixels(0, (400, 3, 64, 64))
    path.write_bytes(making.npz(x=values))
    sent: list[int] = []
    with Client(server.url) as client:
        found = client.datasets.add(path, name="set", on_sent=sent.append, split_seed=3)
        assert sum(sent) == path.stat().st_size
        assert len(sent) > 4
        assert [one["id"] for one in client.datasets.all()] == [found["id"]]
        client.datasets.delete(found["id"])
        with pytest.raises(ClientError, match="no data set") as refused:
            client.datasets.show(found["id"])
        assert refused.value.status == 404


def test_a_file_beyond_the_limit_is_told_so_while_it_is_sent(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "large.zip"
    with path.open("wb") as file:
        file.truncate(200 * 2**20)  # more than the server reads of a body that it refuses
    with Client(server.url) as client, pytest.raises(ClientError) as refused:
        client.datasets.add(path, name="large")
    assert refused.value.status == 413
