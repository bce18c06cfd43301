"""A job as a database of Optuna, opened by Optuna and by optuna-dashboard."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import optuna
import pytest
from starlette.testclient import TestClient

from service.storage.database import Database
from tests.support import seeding
from tests.support.pages import all_items, items


def test_a_job_opens_in_optuna_and_its_dashboard(
    client: TestClient, sqlite_database: Database, tmp_path: Path
) -> None:
    job = seeding.running(sqlite_database)
    answer = client.get(f"/v1/jobs/{job.id}/export?format=optuna")
    assert answer.headers["content-type"] == "application/vnd.sqlite3"
    assert f"job-{job.id}-optuna-so-far.db" in answer.headers["content-disposition"]
    assert answer.headers["content-length"] == str(len(answer.content))
    (tmp_path / "study.db").write_bytes(answer.content)
    storage = f"sqlite:///{tmp_path}/study.db"
    whole = all_items(client, f"/v1/jobs/{job.id}/trials?phase=any&limit=1000")
    for study in items(client, f"/v1/jobs/{job.id}/studies"):
        found = optuna.load_study(study_name=f"job {job.id}: {study['name']}", storage=storage)
        assert found.user_attrs["densearch:is_complete"] is False
        mine = [trial for trial in whole if trial["study"] == study["name"]]
        assert [t.user_attrs["id"] for t in found.trials] == [trial["id"] for trial in mine]
        for own, trial in zip(found.trials, mine, strict=True):
            has_value = trial["state"] == "COMPLETED" and not trial["is_diverged"]
            assert own.value == (trial["value"] if has_value else None)
            assert own.intermediate_values == dict(enumerate(trial["curve"] or (), start=1))
            den = [v for name, v in sorted(own.params.items()) if name.startswith("den[")]
            assert den == trial["params"].get("den", [])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the dashboard's own
        from optuna_dashboard import wsgi

        shown = _asked(wsgi(storage), "/api/studies")
    names = {one["study_name"] for one in shown["study_summaries"]}
    assert f"job {job.id}: direct_l" in names


def test_other_formats_are_refused(client: TestClient, sqlite_database: Database) -> None:
    job = seeding.submit(sqlite_database, "empty")
    for wrong in ("", "?format=mlflow", "?format=optuna&phase=all"):
        assert client.get(f"/v1/jobs/{job.id}/export{wrong}").status_code == 422, wrong
    assert client.get("/v1/jobs/99/export?format=optuna").status_code == 404


def _asked(app: Callable[..., Iterable[bytes]], path: str) -> dict[str, Any]:
    environ: dict[str, Any] = {"PATH_INFO": path, "REQUEST_METHOD": "GET"}
    setup_testing_defaults(environ)
    status: list[str] = []
    body = b"".join(app(environ, lambda given, *_: status.append(given)))
    assert status == ["200 OK"], (status, body)
    found: dict[str, Any] = json.loads(body)
    return found


@pytest.fixture(autouse=True)
def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
