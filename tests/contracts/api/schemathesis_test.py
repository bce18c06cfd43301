"""Requests made from the OpenAPI document find no 5xx and no answer that it does not describe.

The application runs on SQLite with a finished job, a running one, a queued one, three data
sets, a campaign and three webhooks, so that ids in the low numbers lead somewhere.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from api.app import create_app
from service.settings import Settings
from service.storage.database import Database
from tests.support.campaigns import SPHERES
from tests.support.datasets import making
from tests.support.simulation import Simulation
from tests.support.specs import PHOTOS, SPHERE, submit

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# What only few requests fit: with ten examples chance decided whether one was accepted.
MANY = (
    "POST /v1/jobs", "POST /v1/jobs/estimate", "POST /v1/jobs/{job_id}/extend", "POST /v1/datasets"
)  # fmt: skip
# What chance does not hit: some of the requests have these bodies.
BODIES: dict[str, Any] = {
    "POST /v1/campaigns": SPHERES,
    "POST /v1/campaigns/estimate": SPHERES,
    "POST /v1/campaigns/{campaign_id}/extend": {"path": "seed", "values": [3, 4]},
    "POST /v1/jobs/{job_id}/extend": {"n_trials": 50},
    "PUT /v1/webhooks": {"id": "1", "url": "https://8.8.8.8/"},
    "POST /v1/webhooks/{webhook_id}/secret": {},
}
# What needs a failed trial, a file of weights, a data set's bytes, a training that was judged on
# the test split or the token of a trainer is done by other tests.
REFUSED = {
    "POST /v1/jobs/{job_id}/retry-failed", "GET /v1/artifacts/{artifact_id}", "POST /v1/datasets",
    "GET /v1/jobs/{job_id}/item-losses", "POST /v1/trials/{trial_id}/heartbeat",
    "POST /v1/trials/{trial_id}/report", "POST /v1/trials/{trial_id}/tell",
    "POST /v1/trials/{trial_id}/release", "POST /v1/jobs/{job_id}/ask",
}  # fmt: skip
ADDRESS = "http://127.0.0.1"
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
HOST = {"host": "127.0.0.1"}


@pytest.fixture(scope="module", autouse=True)
def _subnormals() -> None:
    """Have the smallest numbers again, which trainings of this process may have flushed."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_flush_denormal(False)


@pytest.fixture(scope="module")
def document(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BaseSchema]:
    folder = tmp_path_factory.mktemp("schemathesis")
    shutil.copy(sqlite_template, folder / "densearch.sqlite3")
    database = Database(f"sqlite:///{folder / 'densearch.sqlite3'}")
    # The simulated dispatcher speaks once: its word counts to the end.
    app = create_app(Settings(data_dir=folder, lease_s=3600.0), database)
    client = TestClient(app, base_url=ADDRESS)
    submit(client, PHOTOS)
    simulation = Simulation(database)
    (run,) = simulation.take()
    simulation.run(run)
    for _ in range(2):
        submit(client, SPHERE)
    for name in ("a", "b", "c"):
        content = making.zipped(making.class_files(5))
        assert client.post(f"/v1/datasets?name={name}", content=content).status_code == 201
    assert client.post("/v1/campaigns", json=SPHERES).status_code == 202
    for name in ("1", "2", "3"):
        webhook = {"id": name, "url": "https://8.8.8.8/"}
        assert client.put("/v1/webhooks", json=webhook).status_code == 201
    yield schemathesis.openapi.from_asgi("/openapi.json", app, headers=HOST)
    database.close()


def _n_examples(label: str) -> int:
    # An address with the suffix of a format is the one without it.
    return 50 if label in MANY else 4 if "." in label else 10


def _examine(operation: Any) -> set[int]:  # noqa: ANN401 - Schemathesis' own generics
    """Return which statuses were answered."""
    seen = set()

    @settings(
        max_examples=_n_examples(operation.label),
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=strategies.one_of([operation.as_strategy(mode) for mode in MODES]),
        known=strategies.sampled_from([None, 1, 2, 3]),
    )
    def every_answer_is_described(case: Any, known: int | None) -> None:  # noqa: ANN401 - the same
        if known is not None and case.path_parameters:
            case.path_parameters = dict.fromkeys(case.path_parameters, known)
        if known is not None and operation.label in BODIES:
            case.body, case.media_type = deepcopy(BODIES[operation.label]), "application/json"
        seen.add(case.call_and_validate(headers=HOST, checks=CHECKS).status_code)

    every_answer_is_described()
    return seen


def test_every_answer_is_described(document: BaseSchema) -> None:
    # A stream of a job that has not ended does not end: event_feed_test.py looks at those.
    # What is made in a process of its own takes a while, and has its own tests.
    slow = r"/events$|/bundle$|/export$|\.pdf$|\.parquet$"
    described = document.exclude(path_regex=slow).get_all_operations()
    found = [result.ok() for result in described if isinstance(result, Ok)]
    assert len(found) >= 18
    in_order = sorted(found, key=lambda one: one.method == "delete")
    seen = {operation.label: _examine(operation) for operation in in_order}
    refused = {label for label, statuses in seen.items() if min(statuses) >= 300}
    assert refused == REFUSED
