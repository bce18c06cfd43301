"""Every page and every answer about what earlier versions stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from httpx2 import Response
from starlette.testclient import TestClient

from api.app import create_app
from api.dashboard.figure_routes import BUILDERS
from service.settings import Settings
from service.storage import schema
from service.storage.database import Database
from tests.assets.databases.loading import LIVE, WHOLE, load, load_files

STATES = {"QUEUED", "PAUSED", "SUCCEEDED", "FAILED", "CANCELLED"}
FINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}
# Pages that say nothing about what is stored, and one that asks for a dispatcher.
EXCLUDED = {
    *("/docs", "/redoc", "/problems/{slug}", "/guide/{name:path}"),
    *("/static/{name}", "/favicon.ico"),
    "/readyz",
    # Jobs that judged no items have none.
    "/v1/jobs/{job_id}/item-losses",
    # Not of every job, and made in processes of their own.
    *("/v1/jobs/{job_id}/bundle", "/v1/jobs/{job_id}/export"),
    # Imports are forgotten after a week, and no earlier version knew any.
    "/v1/datasets/imports/{import_id}",
    # Stored from 0010 on.
    *("/v1/webhooks/{webhook_id}", "/v1/webhooks/{webhook_id}/deliveries"),
}
# Campaigns are stored from 0008 on.
OF_CAMPAIGNS = {
    *("/campaigns/{campaign_id}", "/v1/campaigns/{campaign_id}"),
    "/v1/campaigns/{campaign_id}/report",
}
# These read files, which are stored from 0005 on.
OF_FILES = {"/v1/artifacts/{artifact_id}", "/v1/datasets/{dataset_id}/preview"}
# Of routes that need a query, or answer in several forms.
QUERIES = {
    "/": ["", *(f"?state={state}" for state in sorted(STATES))],
    "/compare": ["?jobs={job_id},{other_id}"],
    "/compare/figure": ["?jobs={job_id},{other_id}"],
    "/jobs/{job_id}/trials": ["", "?sort=-value"],
    "/jobs/new": ["", "?from={job_id}", "?dataset={dataset_id}"],
    "/v1/jobs/{job_id}/trials": ["?phase=all&limit=1000"],
    "/v1/jobs/{job_id}/report": ["?format=json", "?format=html"],
    "/v1/densities/{density_id}": ["?format=json", "?format=npz", "?format=csv"],
}
FIGURES = tuple(BUILDERS)
Values = dict[str, Any]


class Reader:
    """Asks each address once."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self._answers: dict[str, Response] = {}

    def get(self, address: str) -> Response:
        if address not in self._answers:
            self._answers[address] = self._client.get(address)
        answer = self._answers[address]
        assert answer.status_code == 200, (address, answer.text)
        return answer

    def items(self, address: str) -> list[Values]:
        """Return the items of a list that fits one page."""
        answer = self.get(address)
        assert "link" not in answer.headers
        found: list[Values] = answer.json()["items"]
        return found


def values_of(reader: Reader, *, is_whole: bool) -> list[Values]:
    """Return what may be put into a path: each job with its figures, and what belongs to it.

    Unless all are wanted, one job of each state and kind of task stands for its figures.
    """
    jobs = reader.items("/v1/jobs?limit=200")
    found: list[Values] = [
        {
            "state": job["state"],
            "job_id": job["id"],
            "other_id": other["id"],
            "is_decided": reader.get(f"/v1/jobs/{job['id']}").json()["decision"] is not None,
        }
        for job, other in zip(jobs, [*jobs[1:], jobs[0]], strict=True)
    ]
    by_id = {one["job_id"]: one for one in found}
    whole = [reader.get(f"/v1/jobs/{job['id']}").json() for job in jobs]
    drawn = found if is_whole else of_each_kind(found, whole)
    found += [one | {"name": name} for one in drawn for name in FIGURES]
    for job_id in (job["id"] for job in jobs):
        own = f"/v1/jobs/{job_id}"
        trials = reader.items(f"{own}/trials?phase=all&limit=1000")
        # One of each phase and state.
        some = {(trial["phase"], trial["state"]): trial["id"] for trial in trials}.values()
        found += [by_id[job_id] | {"trial_id": trial_id} for trial_id in some]
        # Of the densities and files of a job one stands for all.
        found += [{"density_id": one["id"]} for one in reader.items(f"{own}/densities")[:1]]
        files = reader.items(f"{own}/artifacts")[:1]
        found += [{"artifact_id": one["id"], "sha256": one["sha256"]} for one in files]
    found += [{"dataset_id": one["id"]} for one in reader.items("/v1/datasets?limit=200")]
    found += [{"campaign_id": one["id"]} for one in reader.items("/v1/campaigns?limit=200")]
    return found


def of_each_kind(found: list[Values], jobs: list[Values]) -> list[Values]:
    """Return one job of each state, kind of task and number of samplers."""
    kinds: dict[tuple[Any, ...], Values] = {}
    for one, job in zip(found, jobs, strict=True):
        spec = job["spec"]
        kinds[job["state"], spec["task"]["kind"], len(spec.get("samplers", []))] = one
    return list(kinds.values())


def one_of_each(values: list[Values]) -> list[Values]:
    """Return one of those with the same names, of jobs in the same state, for the same figure."""
    kinds: dict[tuple[Any, ...], Values] = {}
    for one in values:
        kinds[frozenset(one), one.get("state"), one.get("name"), one.get("is_decided")] = one
    return list(kinds.values())


def paths_of(app: FastAPI) -> Iterator[str]:
    """Yield the paths that can be read, by the application's own table of routes."""
    for context in iter_route_contexts(app.routes):
        if context.path is not None and "GET" in (context.methods or ()):
            yield context.path


def names_in(path: str) -> set[str]:
    return {part.partition("}")[0] for part in path.split("{")[1:]}


def is_answered(path: str, values: Values) -> bool:
    """Whether a route answers about a job: its report and decision, and the end of its events."""
    if "state" not in values:  # it is not about a job
        return True
    if path.endswith("/decision"):
        return bool(values["is_decided"])
    if path.endswith("/report"):
        return bool(values["state"] == "SUCCEEDED")
    return not path.endswith("/events") or values["state"] in FINAL


def addresses(path: str, values: list[Values]) -> Iterator[tuple[str, Values]]:
    """Yield a route's addresses, for all that fits into its path."""
    for whole in (path + query for query in QUERIES.get(path, [""])):
        names = names_in(whole)
        fitting = [one for one in values if names <= one.keys()] if names else [{}]
        assert fitting, f"no value for {whole}: add one to values_of, or the route to EXCLUDED"
        told = {whole.format(**one): one for one in fitting if is_answered(path, one)}
        yield from told.items()


# By hand: the older ones, and every figure of every job.
@pytest.mark.parametrize(
    ("revision", "is_whole"),
    [*(pytest.param(r, True, marks=pytest.mark.slow) for r in LIVE), (LIVE[-1], False)],
)
def test_every_page_and_route_answers(
    database: Database, revision: str, is_whole: bool, tmp_path: Path
) -> None:
    load(database, revision)
    if revision in WHOLE:
        load_files(tmp_path, revision)
    schema.upgrade(database)
    app = create_app(Settings(data_dir=tmp_path), database)
    excluded = EXCLUDED | (set() if revision in WHOLE else OF_FILES)
    excluded |= OF_CAMPAIGNS if revision < "0008" else set()
    with TestClient(app, base_url="http://localhost") as client:
        reader = Reader(client)
        values = values_of(reader, is_whole=is_whole)
        if not (
            is_whole or database.is_sqlite
        ):  # the same queries again: SQLite has asked for all
            values = one_of_each(values)
        assert {one["state"] for one in values if "state" in one} == STATES
        paths = set(paths_of(app))
        assert excluded < paths
        for path in sorted(paths - excluded):
            for address, one in addresses(path, values):
                answer = reader.get(address)
                # Of a job without measurements a file of them is empty.
                assert answer.content or "measurements" in address, address
                if "sha256" in one and "artifact_id" in path:
                    assert hashlib.sha256(answer.content).hexdigest() == one["sha256"]
