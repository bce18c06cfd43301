"""Campaigns from the command line and the client, against a server that listens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from api.cli.main import app
from densearch.client.client import Client, ClientError
from service.storage.database import Database
from tests.support import seeded_campaigns
from tests.support.campaigns import SPHERES
from tests.support.live_server import Server


@pytest.fixture
def server(sqlite_database: Database, tmp_path: Path) -> Iterator[Server]:
    server = Server(sqlite_database, tmp_path)
    with capture_logs():
        server.start()
        yield server
        server.stop()


@pytest.fixture
def densearch(server: Server) -> Any:  # noqa: ANN401 - a function of words
    def run(*words: object, **more: Any) -> Result:
        arguments = ["campaigns", *map(str, words), "--url", server.url]
        return CliRunner().invoke(app, arguments, **more)

    return run


def written(tmp_path: Path, body: dict[str, Any]) -> Path:
    path = tmp_path / "campaign.json"
    path.write_text(json.dumps(body))
    return path


def test_a_campaign_is_submitted_listed_extended_and_cancelled(
    densearch: Any,  # noqa: ANN401
    tmp_path: Path,
    server: Server,
) -> None:
    assert "there are no campaigns" in densearch("list").output
    path = written(tmp_path, SPHERES)
    made = densearch("submit", path)
    assert made.output == f"campaign 1, 4 jobs: {server.url}/campaigns/1\n"
    from_stdin = densearch("submit", "-", input=path.read_text())
    assert from_stdin.output.startswith("campaign 2, 4 jobs")
    extended = densearch("extend", 1, "seed", 1, 2)
    assert extended.output == "campaign 1: 6 QUEUED\n"
    assert densearch("cancel", 1).output == "campaign 1: 6 CANCELLED\n"
    listed = densearch("list", "--limit", 1).output
    assert "spheres" in listed
    assert "4 queued" in listed
    assert "cancelled" not in listed


def test_a_refusal_names_values_and_cells(densearch: Any, tmp_path: Path) -> None:  # noqa: ANN401
    wrong = SPHERES | {"matrix": {"task.dimension": [2, 0], "seed": [0, 1]}}
    refused = densearch("submit", written(tmp_path, wrong))
    assert refused.exit_code == 1
    assert "/matrix/task.dimension/1: cells 2 to 3 (the first: dimension 0" in refused.output
    assert densearch("extend", 1, "seed", 1).exit_code == 1
    assert densearch("show", 1).exit_code == 1


def test_what_its_cells_have_found_is_shown(
    densearch: Any,  # noqa: ANN401
    sqlite_database: Database,
) -> None:
    seeded_campaigns.of_tasks(sqlite_database, "three [bold]tasks")
    shown = densearch("show", 1).output
    assert "campaign 1, three [bold]tasks: 4 succeeded, 1 failed, 1 deleted" in shown
    assert "Over 3 test splits (4 of 6 cells)" in " ".join(shown.split())
    assert "-7.7 %" in shown
    seeded_campaigns.of_radii(sqlite_database)
    radii = densearch("show", 2).output
    assert "no optimum to speak of" in " ".join(radii.split())
    assert "n_train 800, width 8" in radii


def test_an_estimate_sums_the_cells(
    densearch: Any,  # noqa: ANN401
    tmp_path: Path,
    server: Server,
) -> None:
    body = SPHERES | {"matrix": {"budget.n_trials": [4, 8], "seed": [0, 1]}}
    with Client(server.url) as client:
        found = client.campaigns.estimate(body)
        alone = [
            client.estimate({"name": "s", **body["base"], "budget": {"n_trials": n}})
            for n in (4, 8)
        ]
        assert list(client.campaigns.all()) == []
    assert found["state"] == "ready"
    assert found["n_cells"] == 4
    assert found["n_trainings"] == 2 * sum(one["n_trainings"] for one in alone) == 24
    assert found["n_shared"] == 2 * 4  # the first four of eight, for each seed
    works = [one["work_s"] for one in alone]
    assert found["work_s"] is not None
    assert found["work_s"]["high"] == 2 * sum(work["high"] for work in works if work is not None)
    printed = densearch("submit", written(tmp_path, body), "--estimate").output
    assert "4 jobs, at most 24 trainings" in printed
    assert "cells may share 8" in printed


def test_the_client_sends_a_campaign_once(server: Server) -> None:
    with Client(server.url) as client:
        first = client.campaigns.submit(SPHERES, "k")
        assert client.campaigns.submit(json.dumps(SPHERES).encode(), "k") == first
        assert client.campaigns.get(first["id"]) == first
        assert [one["id"] for one in client.campaigns.all()] == [first["id"]]
        assert client.campaigns.report(first["id"])["splits"] == []
        with pytest.raises(ClientError, match="used for a different request"):
            client.campaigns.submit({**SPHERES, "name": "other"}, "k")
        with pytest.raises(ClientError) as refused:
            client.campaigns.extend(first["id"], "task.dimension", [0])
        assert refused.value.faults[0].pointer == "/values/0"


def test_a_campaign_is_deleted_after_it_was_confirmed(
    densearch: Any,  # noqa: ANN401
    tmp_path: Path,
) -> None:
    densearch("submit", written(tmp_path, SPHERES))
    asked = densearch("delete", 1)
    assert asked.exit_code == 2
    assert "campaign 1, spheres: 4 queued" in asked.stderr
    assert densearch("delete", 1, "--jobs", "--yes").exit_code != 0  # they have not ended
    assert densearch("delete", 1, "--yes").output == "campaign 1 is deleted, its jobs stay\n"
    densearch("submit", written(tmp_path, SPHERES))
    densearch("cancel", 2)
    deleted = densearch("delete", 2, "--jobs", "-y")
    assert deleted.output == "campaign 2 is deleted with its jobs\n"
