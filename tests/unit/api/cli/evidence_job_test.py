"""The files of a run, and what is submitted of the protocol, without a server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import pytest

from api.cli import evidence_job
from api.evidence import records
from api.evidence.page import ITEMS, RECORDS
from api.evidence.protocol import Cell, cells_of
from api.evidence.records import CellRecord
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


def records_of(client: ScriptedClient, cells: list[Cell], out: Path) -> list[CellRecord]:
    sources = Sources(fashion=out / "nothing")
    return [*evidence_job.run_cells(cast("Client", client), "quick", cells, sources, out).cells]


def test_each_cell_is_submitted_once_and_what_is_missing_or_failed_is_recorded(
    tmp_path: Path,
) -> None:
    client, cells = ScriptedClient(), cells_of("quick")
    found = records_of(client, cells, tmp_path)
    assert [own.name for own in found] == [cell.name for cell in cells]
    reasons = {own.name: own.skipped for own in found}
    assert "dataset-fashion-mnist" in (reasons["fashion-k5"] or "")
    assert reasons["digits-k3"] == "its job ended FAILED"
    n_jobs = len(client.keys)
    assert n_jobs == len(cells) - 1
    records_of(client, cells, tmp_path)
    assert len(client.keys) == n_jobs  # a second run takes the jobs that are there


class DyingClient(ScriptedClient):
    """Has ended the first job with a recorded report, and dies at the second."""

    def job(self, job_id: int) -> dict[str, Any]:
        if job_id == 2:
            raise KeyboardInterrupt
        return {**super().job(job_id), "state": "SUCCEEDED", "report": recorded().cells[0].report}

    def trials(self, _job_id: int, *, phase: str) -> list[dict[str, Any]]:
        assert phase == "evaluation"
        return []

    def save_item_losses(self, _job_id: int, path: Path) -> None:
        path.write_bytes(b"losses")


def test_a_cell_is_written_when_it_has_ended_and_kept_by_the_next_run(tmp_path: Path) -> None:
    cells = cells_of("quick")[:2]
    with pytest.raises(KeyboardInterrupt):
        records_of(DyingClient(), cells, tmp_path)
    first, second = records.load(tmp_path / RECORDS).cells
    assert first.report is not None
    assert second.skipped == evidence_job.NOT_YET
    assert "its job has not ended" in (tmp_path / "README.md").read_text()
    again = ScriptedClient()
    assert records_of(again, cells, tmp_path)[0] == first
    assert len(again.keys) == 1  # the second cell's job alone


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
    assert "the server refused it (n_trials" in (found.skipped or "")
