"""The files of a run, and what is submitted of the protocol, without a server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import pytest

from api.cli import evidence_job
from api.evidence.page import ITEMS
from api.evidence.protocol import Cell, cells_of
from api.evidence.sources import Sources
from densearch.client.client import Client
from tests.support.evidence import recorded


class ScriptedClient:
    """Takes jobs by their key, and has ended each at once without a report."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def submit(self, spec: dict[str, Any], key: str) -> dict[str, Any]:
        if key not in self.keys:
            self.keys.append(key)
        return {"id": self.keys.index(key) + 1, "spec": spec}

    def job(self, job_id: int) -> dict[str, Any]:
        return {"id": job_id, "state": "FAILED", "report": None, "spec": {"name": str(job_id)}}


def records_of(client: ScriptedClient, cells: list[Cell], folder: Path) -> list[Any]:
    sources = Sources(fashion=folder)
    return evidence_job._records(cast("Client", client), cells, sources, folder / "items")


def test_each_cell_is_submitted_once_and_what_is_missing_or_failed_is_recorded(
    tmp_path: Path,
) -> None:
    client, cells = ScriptedClient(), cells_of("quick")
    found = records_of(client, cells, tmp_path)
    assert [own.name for own in found] == [cell.name for cell in cells]
    reasons = {own.name: own.skipped for own in found}
    assert "dataset-fashion-mnist" in reasons["fashion-k5"]
    assert reasons["digits-k3"] == "its job ended FAILED"
    n_jobs = len(client.keys)
    assert n_jobs == len(cells) - 1
    records_of(client, cells, tmp_path)
    assert len(client.keys) == n_jobs  # a second run takes the jobs that are there


def test_all_files_of_a_run_are_written_with_the_protocol(tmp_path: Path) -> None:
    (tmp_path / ITEMS).mkdir()  # saved while the server runs
    evidence_job.write(recorded(), tmp_path)
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")}
    assert names == {
        "README.md", "forest.svg", "losses.csv", "protocol.md", "records.json",
        "specs/campaign.json", "specs/full.json", "specs/quick.json",
    }  # fmt: skip
    text = (tmp_path / "README.md").read_text()
    links = re.findall(r"\]\((?!http)([^)]+)\)", text)
    assert all((tmp_path / link).exists() for link in links)


def test_a_machine_is_named_by_its_processor() -> None:
    assert re.match(r"\d+ x .+, Python 3\.", evidence_job.machine())


def test_a_refused_spec_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from densearch.client.client import ClientError

    def refuse(*_: object, **__: object) -> None:
        raise ClientError(422, "spec refused", "n_trials is too large")

    client = ScriptedClient()
    monkeypatch.setattr(client, "submit", refuse)
    (found,) = records_of(client, cells_of("quick")[:1], tmp_path)
    assert "the server refused it (n_trials" in found.skipped
