"""Jobs from the command line and the client, against a server that listens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from api.cli.main import app
from densearch.client.client import Client, ClientError
from service.storage.database import Database
from tests.support import seeding
from tests.support.live_server import Server


@pytest.fixture
def server(sqlite_database: Database, tmp_path: Path) -> Iterator[Server]:
    seeding.submit(sqlite_database, "first", n_trials=1)
    seeding.submit(sqlite_database, "later", samplers=["tpe"], n_trials=1)
    server = Server(sqlite_database, tmp_path)
    with capture_logs():
        server.start()
        yield server
        server.stop()


def run(server: Server, *words: str) -> Result:
    environment = {"COLUMNS": "200", "DENSEARCH_URL": server.url}
    return CliRunner().invoke(app, words, env=environment)


def test_a_job_is_tagged_and_found(server: Server) -> None:
    assert "tags" not in run(server, "jobs").output
    tagged = run(server, "tag", "1", "--add", "b", "--add", "a", "--note", "by hand")
    assert tagged.output == "tags: a, b\nnote: by hand\n"
    assert run(server, "tag", "1", "--remove", "b").output == "tags: a\nnote: by hand\n"
    assert run(server, "tag", "1").output == "tags: a\nnote: by hand\n"
    for words in (["--tag", "a"], ["--text", "BY HAND"], ["--sampler", "random"]):
        output = run(server, "jobs", *words).output
        assert "first" in output
        assert "tags" in output
        assert "later" not in output
    by_name = run(server, "jobs", "--sort", "name", "--limit", "1").output
    assert "first" in by_name
    assert "later" not in by_name
    assert run(server, "jobs", "--tag", "c").output == "no job fits: `densearch jobs` shows all\n"


def test_a_bad_tag_or_order_is_refused_by_name(server: Server) -> None:
    refused = run(server, "tag", "1", "--add", " blank")
    assert refused.exit_code == 1
    assert "/tags/0: begins or ends with a blank" in refused.output
    assert run(server, "jobs", "--sort", "value").exit_code == 1


def test_the_client_changes_what_it_is_given(server: Server) -> None:
    with Client(server.url) as client:
        client.annotate(1, tags=["a"], note="x")
        assert client.annotate(1, note="")["tags"] == ["a"]
        assert client.annotate(1, tags=[])["tags"] == []
        assert [job["name"] for job in client.jobs(text="late", sort="oldest")] == ["later"]
        with pytest.raises(ClientError, match="no job 9"):
            client.annotate(9, note="x")
