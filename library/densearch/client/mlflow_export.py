"""A job in MLflow: a parent run, and a run below it for each trial.

`mlflow-skinny` writes into a folder of files and to a tracking server; into a database of SQL
(`sqlite:///runs.db`) where SQLAlchemy and Alembic are installed, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from densearch.client.client import Client

REMEDY = "mlflow is not installed: pip install mlflow-skinny"
_STATES = {"COMPLETED": "FINISHED", "PRUNED": "KILLED", "CANCELLED": "KILLED", "FAILED": "FAILED"}
# What MLflow takes of a param, of a tag; and of params, of metrics at once.
MOST_PARAM, MOST_TAG = 500, 5_000
MOST_PARAMS, MOST_METRICS = 100, 1_000
# MLflow tries for minutes, 7 times, where nobody answers.
_RETRIES = "2"


class TrackingError(Exception):
    """MLflow has refused an address or a run, or its server does not answer."""


def export_job(client: Client, job_id: int, to: str) -> str:
    """Write a job and return the tracking address; a second export makes another parent run.

    Args:
        client: Of the server that has the job.
        job_id: Which job.
        to: A folder, or the address of a tracking server.

    Raises:
        ImportError: MLflow's client is not installed.
        ClientError: There is no such job.
        TrackingError: MLflow takes no such address, or does not answer there.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # it would report what is called
    try:
        from mlflow import MlflowClient  # an extra
        from mlflow.exceptions import MlflowException
    except ModuleNotFoundError as error:
        raise ImportError(REMEDY, name="mlflow") from error
    is_folder = "://" not in to and not to.startswith("databricks")
    if is_folder:  # MLflow refuses folders, which it keeps as they are, unless they are asked for
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", _RETRIES)
    address = Path(to).resolve().as_uri() if is_folder else to
    try:
        _export(client, job_id, MlflowClient(tracking_uri=address))
    except MlflowException as error:
        said = str(error).strip().splitlines()
        raise TrackingError(said[0][:300] if said else type(error).__name__) from error
    return address


def _export(client: Client, job_id: int, tracking: Any) -> None:  # noqa: ANN401 - MLflow's client
    job = client.job(job_id)
    name = f"densearch: {job['name']}"[:250]
    known = tracking.get_experiment_by_name(name)
    experiment = known.experiment_id if known else tracking.create_experiment(name)
    parent = tracking.create_run(experiment, run_name=f"job {job_id}", tags=_job_tags(job))
    # The server minimises: of a maximised metric it has the negative.
    sign = -1.0 if job["spec"]["task"].get("direction") == "maximize" else 1.0
    for trial in client.trials(job_id, phase="all"):
        _log(tracking, experiment, parent.info.run_id, trial, sign)
    has_failed = job["state"] in {"FAILED", "CANCELLED"}
    state = "FAILED" if has_failed else "FINISHED"
    tracking.set_terminated(parent.info.run_id, status=state)


def _job_tags(job: Mapping[str, Any]) -> dict[str, str]:
    from densearch.client.client import FINAL_STATES  # it is there: a client was given

    is_final = job["state"] in FINAL_STATES
    return {
        "densearch.job": str(job["id"]),
        "densearch.state": job["state"],
        "densearch.complete": str(is_final).lower(),
    }


def _log(
    tracking: Any,  # noqa: ANN401 - MLflow's client
    experiment: str,
    parent: str,
    trial: Mapping[str, Any],
    sign: float,
) -> None:
    from mlflow.entities import Metric, Param, RunTag

    begin = _ms(trial["started_at"] or trial["queued_at"])
    end = _ms(trial["finished_at"]) if trial["finished_at"] else None
    run = tracking.create_run(
        experiment,
        start_time=begin,
        run_name=f"{trial['study']} {trial['id']}",
        tags={"mlflow.parentRunId": parent},
    )
    at = end or begin
    metrics = [Metric(_key(n), v, at, 0) for n, v in _metrics(trial, sign)]
    metrics += [Metric("curve", sign * v, at, e) for e, v in enumerate(trial["curve"] or (), 1)]
    params = [Param(_key(n), str(v)[:MOST_PARAM]) for n, v in _values(trial["params"])]
    names = ("id", "study", "sampler", "phase", "number", "state", "attempts", "cached")
    tags = [RunTag(f"densearch.{n}", str(trial[n])[:MOST_TAG]) for n in names]
    run_id = run.info.run_id
    tracking.log_batch(run_id, tags=tags)
    for first in range(0, len(params), MOST_PARAMS):
        tracking.log_batch(run_id, params=params[first : first + MOST_PARAMS])
    for first in range(0, len(metrics), MOST_METRICS):
        tracking.log_batch(run_id, metrics=metrics[first : first + MOST_METRICS])
    state = _STATES.get(trial["state"], "RUNNING")
    if state != "RUNNING":
        tracking.set_terminated(run_id, status=state, end_time=end)


def _metrics(trial: Mapping[str, Any], sign: float) -> Iterator[tuple[str, float]]:
    if trial["value"] is not None:
        yield "value", sign * float(trial["value"])
    for name, value in (trial["metrics"] or {}).items():
        if isinstance(value, int | float):
            yield name, float(value)


def _values(params: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in params.items():
        if isinstance(value, list):
            yield from ((f"{name}.{index}", one) for index, one in enumerate(value))
        else:
            yield name, value


def _key(name: str) -> str:
    """Return a name in characters that MLflow takes."""
    return "".join(c if c.isalnum() or c in "_-./ " else "_" for c in name)[:250]


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)
