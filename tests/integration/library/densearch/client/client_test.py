"""Clients against a server with a dispatcher: the library's page, and a generated one."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from densearch.client import Client
from service.storage.database import Database
from tests.support.live_server import Server
from tests.support.root import ROOT
from tests.support.simulated_dispatcher import SimulatedDispatcher

ADDRESS = "http://127.0.0.1:8080"
SPEC = {
    "name": "photos",
    "task": {"kind": "denoising", "dataset": "photos"},
    "network": {"kind": "dncnn", "depth": 3, "width": 4},
    "training": {"epochs": 2},
    "samplers": ["direct_l", "random"],
    "budget": {"n_trials": 6},
}


@pytest.fixture(scope="module")
def url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose dispatcher pretends to train."""
    folder = tmp_path_factory.mktemp("clients")
    shutil.copy(sqlite_template, folder / "densearch.sqlite3")
    database = Database(f"sqlite:///{folder / 'densearch.sqlite3'}")
    server, dispatcher = Server(database, folder), SimulatedDispatcher(database)
    server.start()
    dispatcher.start()
    yield server.url
    dispatcher.stop()
    server.stop()
    database.close()


def test_the_page_about_the_client_runs(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "python-client.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block.replace(ADDRESS, url), "python-client.md", "exec"), names)  # noqa: S102
    assert names["job"]["state"] == "SUCCEEDED"
    assert names["arm"]["name"] == names["report"]["best_arm"]
    assert names["density"]["den"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    with np.load(tmp_path / "density.npz") as file:
        assert np.allclose(file["phi"], names["best"]["phi"])


@pytest.fixture(scope="module")
def generated(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """A client that openapi-python-client made of the server's document, without a warning."""
    folder = tmp_path_factory.mktemp("generated")
    with Client(url) as client:
        document = client.json("GET", "/openapi.json")
    (folder / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    made = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"),
            *("--path", str(folder / "openapi.json")),
            *("--output-path", str(folder / "generated_densearch")),
            *("--config", str(ROOT / "examples" / "clients" / "openapi-python-client.json")),
            "--fail-on-warning",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert "WARNING" not in made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    yield importlib.import_module("generated_densearch")
    sys.path.remove(str(folder))


def test_a_generated_client_submits_reads_and_downloads(url: str, generated: ModuleType) -> None:
    name = generated.__name__
    models = importlib.import_module(f"{name}.models")

    def call(path: str, **given: Any) -> Any:  # noqa: ANN401 - made at run time
        return importlib.import_module(f"{name}.api.{path}").sync(client=client, **given)

    with generated.Client(base_url=url) as client:
        job = call("jobs.submit_job", body=models.JobSpec.from_dict(SPEC))
        assert isinstance(job.spec.task, models.DenoisingTask)
        with Client(url) as own:
            own.wait(job.id, timeout_s=120.0)
        done = call("jobs.show_job", job_id=job.id)
        assert done.state == models.JobState.SUCCEEDED
        report = call("jobs.show_report", job_id=job.id)
        assert report == done.report
        assert {arm.name for arm in report.arms} >= {"direct_l", "random", "uniform"}
        assert all(isinstance(arm, models.ArmOut) for arm in report.arms)
        assert call("jobs.show_decision", job_id=job.id).light == done.decision.light
        density = call("densities.list_densities", job_id=job.id).items[0]
        assert density.provenance.trial_id == density.trial_id
        assert call("densities.download_density", density_id=density.id).phi == density.phi
        archive = call("densities.download_density_npz", density_id=density.id)
        with np.load(archive.payload) as file:
            assert np.allclose(file["phi"], density.phi)
        assert call("jobs.show_report_md", job_id=job.id).startswith("#")
        assert call("trials.list_trials_csv", job_id=job.id).splitlines()[0].startswith("id,")
        refused = call("jobs.show_job", job_id=10**6)
        assert (refused.status, refused.title) == (404, "Not found")
