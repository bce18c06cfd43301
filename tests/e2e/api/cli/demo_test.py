"""The command `densearch demo`: its job, and its files, from a job of a second."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.campaigns import commands as campaigns
from service.campaigns.matrix import cells_of
from service.costs.prices import UNPRICED
from service.validation import parse
from tests.support.product import densearch
from tests.support.root import ROOT
from tests.support.specs import TINY

EXAMPLES = ROOT / "examples"


# A campaign is no job.
JOBS = sorted(path for path in EXAMPLES.glob("*.json") if path.stem != "campaign")


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.stem)
def test_every_example_is_a_valid_job(path: Path) -> None:
    parse.parse(json.loads(path.read_text()))


def test_the_cells_of_the_example_campaign_are_valid_jobs() -> None:
    body = json.loads((EXAMPLES / "campaign.json").read_text())
    campaigns.check(body["base"], body["matrix"], most_cells=100)
    cells = cells_of(body["matrix"])
    specs, faults = campaigns.specs_of(body["name"], body["base"], cells, UNPRICED)
    assert not faults
    assert len(specs) == len(cells) > 1


def test_the_demo_compares_what_it_promises() -> None:
    spec = parse.parse(json.loads((EXAMPLES / "demo.json").read_text()))
    assert [s.name for s in spec.samplers] == ["direct_l"]
    assert "lr" in spec.search, "the density has its best rate, too"
    tuned = ["uniform_tuned", "flat_tuned", "default_init_tuned"]
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
    for shown in (
        "dashboard: http://127.0.0.1:",
        "difference to uniform",
        "learned nothing",
        "Inference",
    ):
        assert shown in done.out
    assert f"densearch serve --data-dir {out / 'demo-data'}" in done.out
    assert json.loads((out / "job-1" / "density-best.json").read_text())["phi"][1][1] == 1.0
