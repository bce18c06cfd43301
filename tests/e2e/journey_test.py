"""A user's whole way on one machine: serve, submit, watch, show, download, stop."""

from __future__ import annotations

import csv
import json
import signal
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest
from safetensors.numpy import load_file
from sybil.document import Document
from sybil.parsers.myst import PythonCodeBlockParser

from densearch.client.client import Client
from tests.support.product import PATIENCE_S, Server, densearch
from tests.support.root import ROOT

pytestmark = pytest.mark.ray

FUNCTION = {
    "name": "branin",
    "seed": 3,
    "task": {"kind": "function", "name": "branin", "dimension": 2},
    "samplers": [{"name": "direct_l"}, {"name": "tpe"}, {"name": "random"}],
    "budget": {"n_trials": 10},
}
PHOTOS = {
    "name": "photos",
    "task": {"kind": "denoising", "dataset": "photos", "patch_px": 16, "n_patches": 32},
    "network": {"kind": "dncnn", "depth": 3, "width": 4, "kernel_size": 3},
    "training": {"optimizer": "sgd", "lr": 0.01, "batch_size": 16, "epochs": 1},
    "density": {"family": "symmetric", "bounds": [[0.0, 2.0]]},
    "samplers": [{"name": "direct_l"}, {"name": "random"}],
    "controls": ["uniform", "flat"],
    "budget": {"n_trials": 3},
    "evaluation": {"n_seeds": 2},
}


def submit(server: Server, spec: dict[str, Any], *options: str) -> int:
    done = server.run("submit", "-", *options, given=json.dumps(spec))
    assert done.code == 0, done.err
    return int(done.out.split()[1].rstrip(":"))


GUIDE = (
    "tutorials/own-images",
    "tutorials/own-trainer",
    "how-to/read-a-report",
    "how-to/use-a-density",
    "is-it-worth-it",
)


def test_the_code_of_the_guide_runs_as_it_stands(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # one folder: later pages use the files of earlier ones
    for name in GUIDE:
        text = (ROOT / "docs" / f"{name}.md").read_text("utf-8")
        page = tmp_path / f"{Path(name).name}.md"
        page.write_text(text.replace("http://127.0.0.1:8080", server.url), "utf-8")
        found = list(
            Document.parse(str(page), PythonCodeBlockParser(), encoding="utf-8").examples()
        )
        assert len(found) == text.count("```python")
        for example in found:
            example.evaluate()


def test_the_dashboard_answers_at_the_address_that_was_printed(server: Server) -> None:
    with urllib.request.urlopen(server.url) as page:  # noqa: S310 - our own server
        assert page.status == 200
        assert "text/html" in page.headers["Content-Type"]


def test_a_function_job_from_the_command_line(
    server: Server, client: Client, tmp_path: Path
) -> None:
    done = server.run("submit", "-", "--watch", given=json.dumps(FUNCTION))
    assert done.code == 0, done.err + server.log_path.read_text()
    for line in ("direct_l: 10/10", "tpe: 10/10", "random: 10/10", "is SUCCEEDED"):
        assert line in done.out

    job_id = int(done.out.split()[1].rstrip(":"))
    trials = list(client.trials(job_id))
    assert len(trials) == 30
    for study in client.studies(job_id):
        own = [t["value"] or 0.0 for t in trials if t["study_id"] == study["id"]]
        assert len(own) == 10
        assert study["best_value"] == min(own)

    shown = server.run("show", str(job_id))
    assert shown.code == 0
    assert "direct_l" in shown.out
    assert "branin" in server.run("jobs", "--state", "SUCCEEDED").out
    saved = server.run("download", str(job_id), "--out", str(tmp_path))
    assert saved.code == 0
    job = json.loads((tmp_path / f"job-{job_id}" / "job.json").read_text())
    assert job["spec"]["task"]["name"] == "branin"


def test_photographs_in_a_learned_density_out(
    server: Server, client: Client, tmp_path: Path
) -> None:
    spec = tmp_path / "photos.json"
    spec.write_text(json.dumps(PHOTOS))
    done = server.run("submit", str(spec), "--watch", "--idempotency-key", "photos-1")
    assert done.code == 0, done.err + server.log_path.read_text()
    job_id = int(done.out.split()[1].rstrip(":"))
    for shown in ("evaluation: 8/8", "difference to uniform", "PSNR", "training"):
        assert shown in done.out
    report = client.report(job_id)
    assert report["verdict"] in " ".join(done.out.split())
    assert {arm["name"] for arm in report["arms"]} == {"direct_l", "random", "uniform", "flat"}

    again = server.run("submit", str(spec), "--idempotency-key", "photos-1")
    assert again.out.startswith(f"job {job_id}:"), "a retry is not a second job"

    saved = server.run("download", str(job_id), "--out", str(tmp_path))
    assert saved.code == 0, saved.err
    folder = tmp_path / f"job-{job_id}"
    assert {Path(line) for line in saved.out.split()} == set(folder.iterdir())
    density = json.loads((folder / "density-best.json").read_text())
    alpha = np.asarray(density["alpha"])
    with np.load(folder / "density-best.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["phi"], np.asarray(density["phi"]))
    np.testing.assert_allclose(density["phi"], np.outer(alpha, alpha), rtol=1e-15)
    rows = list(csv.DictReader((folder / "density-best.csv").read_text().splitlines()))
    assert [float(r["value"]) for r in rows if r["array"] == "alpha"] == density["alpha"]
    weights = load_file(folder / f"{report['best_arm']}.safetensors")
    kernels = [w for w in weights.values() if w.ndim == 4]
    assert [k.shape for k in kernels] == [(4, 1, 3, 3), (4, 4, 3, 3), (1, 4, 3, 3)]


def test_the_same_job_again_trains_nothing(server: Server, client: Client) -> None:
    first = client.wait(client.submit({**PHOTOS, "seed": 5})["id"], PATIENCE_S)
    done = server.run("submit", "-", "--watch", given=json.dumps({**PHOTOS, "seed": 5}))
    assert done.code == 0, done.err
    assert "direct_l: 3/3, 3 known already" in done.out
    second = client.job(int(done.out.split()[1].rstrip(":")))
    reports: list[Any] = [job["report"] for job in (first, second)]
    assert [report["cost"]["trained"] > 0 for report in reports] == [True, False]
    losses = [
        [(arm["name"], arm["validation_loss"], arm["test"]["losses"]) for arm in r["arms"]]
        for r in reports
    ]
    assert losses[0] == losses[1]


def test_pause_resume_and_cancel(server: Server) -> None:
    # It must not end by itself, however slow the commands are.
    slow = {**FUNCTION["task"], "sleep_s": 1.0}  # type: ignore[dict-item]
    job_id = submit(server, {**FUNCTION, "task": slow, "budget": {"n_trials": 500}})
    for command, state in (("pause", "PAUSED"), ("resume", "RUNNING"), ("cancel", "CANCELLED")):
        done = server.run(command, str(job_id))
        assert (done.code, done.out) == (0, f"job {job_id} is {state}\n")
    refused = server.run("resume", str(job_id))
    assert refused.code == 1
    assert "CANCELLED" in refused.err
    watched = server.run("watch", str(job_id))
    assert watched.code == 1
    assert f"job {job_id} ended CANCELLED" in watched.err


def test_a_refused_job_names_its_fields(server: Server) -> None:
    wrong = {**FUNCTION, "budget": {"n_trials": 0}, "samplers": ["nonesuch"], "extra": 1}
    done = server.run("submit", "-", given=json.dumps(wrong))
    assert done.code == 1
    assert "/budget/n_trials" in done.err
    assert "/extra" in done.err
    assert "Traceback" not in done.err
    assert server.run("show", "999999").err == "densearch: there is no job 999999\n"


def test_doctor_finds_everything_well(server: Server) -> None:
    server.wait_until_ready()
    done = server.run("doctor", "--data-dir", str(server.data_dir))
    assert done.code == 0, done.out
    assert "does not exist yet" not in done.out
    for found in (f"server: {server.url} is ready", "trains an epoch", "a worker answers"):
        assert found in done.out
    assert "fail" not in done.out


def test_a_second_server_on_the_port_is_refused(server: Server, tmp_path: Path) -> None:
    port = server.url.rsplit(":", 1)[1]
    done = densearch("serve", "--port", port, "--data-dir", str(tmp_path))
    assert done.code == 2
    assert f"port {port} of 127.0.0.1 is in use" in done.err
    assert not any(tmp_path.iterdir()), "a server that cannot start touches nothing"


def test_a_server_that_is_still_starting_ends_at_once(tmp_path: Path) -> None:
    young = Server(tmp_path / "data", {"DENSEARCH_N_CPUS": "1"})
    young.start()
    end_and_look(young, signal.SIGTERM)


def test_ctrl_c_ends_the_whole_family(server: Server) -> None:
    # The last test here: it ends the server that the others used.
    end_and_look(server, signal.SIGINT)


def end_and_look(server: Server, number: signal.Signals) -> None:
    family = server.first_family()
    assert server.stop(number) == 0
    _, alive = psutil.wait_procs(family, timeout=PATIENCE_S)
    assert not alive
