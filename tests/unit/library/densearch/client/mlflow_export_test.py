"""A job in a folder of MLflow, read back by its client."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any, cast

import pytest

from densearch.client.client import Client
from densearch.client.mlflow_export import TrackingError, export_job

TRIAL = {
    "id": 4,
    "study": "tpe",
    "sampler": "tpe",
    "phase": "search",
    "number": 0,
    "state": "COMPLETED",
    "attempts": 1,
    "cached": False,
    "value": 0.5,
    "curve": [1.0, 0.5],
    "metrics": {"loss": 0.5},
    "params": {"den": [0.25, 1.0], "lr": 0.1, "vector": [0.5] * 120},
    "queued_at": "2026-03-01T12:00:00Z",
    "started_at": "2026-03-01T12:00:01Z",
    "finished_at": "2026-03-01T12:00:05Z",
}


class _Job:
    def job(self, job_id: int) -> dict[str, Any]:
        task = {"kind": "external", "metric": "dice", "direction": "maximize"}
        return {"id": job_id, "name": "a/b: <x>", "state": "RUNNING", "spec": {"task": task}}

    def trials(self, _job_id: int, **_filters: str) -> list[dict[str, Any]]:
        running = {"state": "RUNNING", "value": None, "metrics": None, "curve": None}
        return [TRIAL, {**TRIAL, **running, "id": 5, "finished_at": None}]


CLIENT = cast("Client", _Job())


def test_a_run_for_each_trial_stands_below_that_of_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # and removed again
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own
        address = export_job(CLIENT, 3, str(tmp_path / "runs"))
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=address)
        experiment = client.get_experiment_by_name("densearch: a/b: <x>")
        assert experiment is not None
        runs = {
            r.data.tags.get("densearch.id"): r
            for r in client.search_runs([experiment.experiment_id])
        }
        history = client.get_metric_history(runs["4"].info.run_id, "curve")
    parent, done, running = runs[None], runs["4"], runs["5"]
    assert parent.data.tags["densearch.complete"] == "false"
    assert done.data.tags["mlflow.parentRunId"] == parent.info.run_id
    own = {"den.0": "0.25", "den.1": "1.0", "lr": "0.1"}
    assert done.data.params == own | {f"vector.{i}": "0.5" for i in range(120)}
    assert (done.data.metrics["value"], done.data.metrics["loss"]) == (-0.5, 0.5)
    assert sorted((one.step, one.value) for one in history) == [(1, -1.0), (2, -0.5)]
    assert done.info.end_time - done.info.start_time == 4000
    assert (done.info.status, running.info.status) == ("FINISHED", "RUNNING")


@pytest.mark.parametrize("address", ["nonsense://x", "http://127.0.0.1:9"])
def test_an_address_that_mlflow_cannot_use_is_one_sentence(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    with pytest.raises(TrackingError) as caught:
        export_job(CLIENT, 3, address)
    assert "\n" not in str(caught.value)


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ImportError, match="pip install mlflow-skinny"):
        export_job(CLIENT, 3, "runs")
