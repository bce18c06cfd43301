"""The demo, with a job of a second in place of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from service.validation import parse
from tests.support.product import DENSEARCH, PATIENCE_S, densearch, environment
from tests.support.root import ROOT

EXAMPLES = ROOT / "examples"
TINY = {
    "name": "tiny",
    "task": {"kind": "denoising", "patch_px": 16, "n_patches": 16},
    "network": {"kind": "dncnn", "depth": 2, "width": 2},
    "training": {"epochs": 1, "batch_size": 16, "lr": 0.01},
    "samplers": ["random"],
    "controls": ["uniform"],
    "budget": {"n_trials": 2},
    "evaluation": {"n_seeds": 2},
}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_every_example_is_a_valid_job(path: Path) -> None:
    parse.parse(json.loads(path.read_text()))


def test_the_demo_compares_what_it_promises() -> None:
    spec = parse.parse(json.loads((EXAMPLES / "demo.json").read_text()))
    assert [s.name for s in spec.samplers] == ["direct_l", "tpe"]
    tuned = ["uniform_tuned", "flat_tuned", "density_tuned"]
    assert [c.name for c in spec.controls] == ["uniform", *tuned], "what attribution needs"
    assert spec.task.kind == "denoising"
    assert spec.fidelity is not None
    assert spec.evaluation.n_seeds >= 2, "an interval needs two seeds"


@pytest.mark.ray
def test_the_demo_from_photographs_to_files(tmp_path: Path) -> None:
    job, out = tmp_path / "job.json", tmp_path / "out"
    job.write_text(json.dumps(TINY))
    done = densearch("demo", "--job", str(job), "--out", str(out), DENSEARCH_N_CPUS="1")
    assert done.code == 0, done.out + done.err
    for shown in ("dashboard: http://127.0.0.1:", "difference to uniform", "PSNR", "Inference"):
        assert shown in done.out
    assert f"densearch serve --data-dir {out / 'demo-data'}" in done.out
    assert json.loads((out / "job-1" / "density-best.json").read_text())["phi"][1][1] == 1.0


@pytest.mark.ray
def test_a_demo_that_is_ended_takes_its_server_along(tmp_path: Path) -> None:
    job = tmp_path / "job.json"
    job.write_text(json.dumps(TINY))
    demo = subprocess.Popen(
        [DENSEARCH, "demo", "--job", str(job), "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(DENSEARCH_N_CPUS="1"),
    )
    assert demo.stdout is not None
    assert demo.stdout.readline().startswith("dashboard: http://")
    time.sleep(0.5)
    family = psutil.Process(demo.pid).children(recursive=True)
    assert family
    demo.send_signal(signal.SIGTERM)
    demo.stdout.read()
    demo.stdout.close()
    assert demo.wait(PATIENCE_S) == 128 + signal.SIGTERM
    _, alive = psutil.wait_procs(family, timeout=PATIENCE_S)
    assert not alive
