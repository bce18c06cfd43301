"""Jobs whose layers do not all share one density, from submission to what they leave behind."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from rich.console import Console

from densearch.cli.reports import show_job
from service.storage.database import Database
from tests.support.simulation import Simulation
from tests.support.specs import submit

WIDE = ["features.0.0", "features.1.residual.0", "features.1.residual.3"]
NARROW = ["features.2.residual.0", "features.2.residual.3"]
STAGES: dict[str, Any] = {
    "name": "stages",
    "method": 1,  # by the second a simpler arm may represent a search, and factors come first
    "task": {"kind": "classification"},
    "network": {"kind": "resnet", "n_stages": 2, "depth": 1, "kernel_size": [5, 3]},
    "density": {"scope": "stage"},
    "search": {"lr": {"low": 0.01, "high": 0.1, "log": True}},
    "samplers": ["random", "direct_l", "gradient"],
    "controls": ["uniform", "linear", "flat", "flat_tuned"],
    "budget": {"n_trials": 4},
    "evaluation": {"n_seeds": 2},
}


def finished(client: TestClient, database: Database, spec: dict[str, Any]) -> dict[str, Any]:
    job_id = submit(client, spec)
    simulation = Simulation(database)
    (run,) = simulation.take()
    simulation.run(run)
    job: dict[str, Any] = client.get(f"/v1/jobs/{job_id}").json()
    assert job["state"] == "SUCCEEDED", job["error"]
    return job


def test_a_jobs_answer_says_what_each_value_means(client: TestClient) -> None:
    job = client.get(f"/v1/jobs/{submit(client, STAGES)}").json()
    assert job["vector"] == [
        {
            "index": index, "name": name, "group": group, "layers": layers, "kernel_size": size,
            "factors": factors, "positions": positions, "low": low, "high": high,
            "is_log": name == "lr", "choices": None,
        }
        for index, name, group, layers, size, factors, positions, low, high in [
            (0, "stage 1 den[0]", "stage 1", WIDE, 5, ["alpha", "beta"], [[-2], [2]], 0.05, 1.0),
            (1, "stage 1 den[1]", "stage 1", WIDE, 5, ["alpha", "beta"], [[-1], [1]], 0.5, 1.5),
            (2, "stage 2 den[0]", "stage 2", NARROW, 3, ["alpha", "beta"], [[-1], [1]], 0.5, 1.5),
            (3, "lr", None, [], None, [], None, 0.01, 0.1),
        ]
    ]  # fmt: skip


def test_a_factor_comes_before_the_values_of_each_group(client: TestClient) -> None:
    job = client.get(f"/v1/jobs/{submit(client, STAGES | {'method': 2})}").json()
    assert [(one["name"], one["is_log"]) for one in job["vector"]] == [
        ("stage 1 factor", True),
        ("stage 1 den[0]", False),
        ("stage 1 den[1]", False),
        ("stage 2 factor", True),
        ("stage 2 den[0]", False),
        ("lr", True),
    ]


def test_every_group_has_its_density(both: TestClient, database: Database) -> None:
    job = finished(both, database, STAGES)
    found = both.get(f"/v1/jobs/{job['id']}/densities").json()["items"]
    told = {(d["study"], d["layer"]): d for d in found}
    studies = {"random", "direct_l", "gradient", "uniform", "linear", "flat", "flat_tuned"}
    assert told.keys() == {(name, group) for name in studies for group in ("stage 1", "stage 2")}
    for (_, group), one in told.items():
        assert one["layers"] == {"stage 1": WIDE, "stage 2": NARROW}[group]
        assert np.shape(one["phi"]) == {"stage 1": (5, 5), "stage 2": (3, 3)}[group]
    best = both.get(f"/v1/trials/{told['random', 'stage 1']['trial_id']}").json()
    assert best["params"]["densities"] == {
        group: told["random", group]["den"] for group in ("stage 1", "stage 2")
    }
    assert told["gradient", "stage 1"]["den"] == [0.625, 0.625]
    for group in ("stage 1", "stage 2"):
        row = next(arm for arm in job["report"]["arms"] if arm["name"] == "random")
        assert row["density"] is None
        assert row["groups"][group]["phi"] == told["random", group]["phi"]
        assert row["groups"][group]["layers"] == told["random", group]["layers"]
    address = f"/v1/densities/{told['random', 'stage 2']['id']}"
    with np.load(io.BytesIO(both.get(f"{address}?format=npz").content)) as arrays:
        assert arrays["phi"].tolist() == told["random", "stage 2"]["phi"]


def test_flat_matches_the_scale_of_each_groups_best(
    client: TestClient, sqlite_database: Database
) -> None:
    job = finished(client, sqlite_database, STAGES)
    arms = {arm["name"]: arm for arm in job["report"]["arms"]}
    searches = [arms[name] for name in ("random", "direct_l", "gradient")]
    best = min(searches, key=lambda arm: arm["validation_loss"])
    for group, own in best["groups"].items():
        scale = float(np.sqrt(np.mean(np.square(own["phi"]))))
        assert np.asarray(arms["flat"]["groups"][group]["phi"]) == pytest.approx(scale)


def test_the_page_and_the_terminal_tell_the_groups(
    client: TestClient, sqlite_database: Database
) -> None:
    job = finished(client, sqlite_database, STAGES)
    page = client.get(f"/jobs/{job['id']}").text
    assert "random, stage 2" in page
    assert "resnet 5 3" in page
    files = client.get(f"/jobs/{job['id']}/files").text
    assert "The 4 values that it searches" in files
    assert "alpha, beta at -2, +2" in files
    assert ", ".join(NARROW) in files
    screen = Console(file=io.StringIO(), width=160)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("densearch.cli.reports.console", lambda: screen)
        show_job(job, [])
    text = screen.file.getvalue()  # type: ignore[attr-defined] # a StringIO
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert "stage 1 den[0] 3 layers 5 alpha, beta at -2, +2 0.05 to 1" in rows
    den = [arm for arm in job["report"]["arms"] if arm["name"] == "linear"]
    assert den[0]["groups"]["stage 1"]["family"] == "linear"
    assert "stage 2: linear" in text


def test_each_layer_learns_its_own_and_what_ended_at_a_bound_is_told(
    client: TestClient, sqlite_database: Database
) -> None:
    """By the trial, the report, the page and the terminal; flat has the scale of all layers."""
    spec = STAGES | {
        "network": {"kind": "small_cnn", "depth": 2, "kernel_size": 3},
        # What is pretended to be learned is 0.625, or the upper bound where that is less.
        "density": {"scope": "network", "bounds": [[0.2, 0.6]]},
        "training": {"optimizer": "adamw", "lr": 0.001},
        "samplers": [{"name": "gradient", "options": {"preset": "authors"}}],
        "controls": ["uniform", "flat"],
    }
    job = finished(client, sqlite_database, {n: v for n, v in spec.items() if n != "search"})
    arms = {arm["name"]: arm for arm in job["report"]["arms"]}
    row = arms["gradient"]
    assert list(row["groups"]) == ["features.0.0", "features.1.0"]
    assert row["at_bounds"] == [
        {"name": f"{layer} den[0]", "bound": "high", "value": 0.6} for layer in row["groups"]
    ]
    assert arms["uniform"]["at_bounds"] is None
    trial = client.get(f"/v1/trials/{row['trial_id']}").json()
    assert trial["learned"]["at_bounds"] == row["at_bounds"]
    words = "gradient: 2 of 2 learned values ended at their bounds (2 at the upper bound)"
    assert words in job["report"]["verdict"]
    assert words in client.get(f"/jobs/{job['id']}").text
    screen = Console(file=io.StringIO(), width=160)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("densearch.cli.reports.console", lambda: screen)
        show_job(job, [])
    text = screen.file.getvalue()  # type: ignore[attr-defined] # a StringIO
    assert words in " ".join(text.split())
    found = client.get(f"/v1/jobs/{job['id']}/densities").json()["items"]
    own = {d["layer"]: d for d in found if d["study"] == "gradient"}
    assert {name: d["layers"] for name, d in own.items()} == {n: [n] for n in row["groups"]}
    scale = float(np.sqrt(np.mean(np.square([d["phi"] for d in own.values()]))))
    assert np.asarray(arms["flat"]["density"]["phi"]) == pytest.approx(scale)


def test_a_searched_depth_tells_the_layers_of_the_best(
    client: TestClient, sqlite_database: Database
) -> None:
    search = {"depth": {"low": 1, "high": 3, "integer": True}}
    changes = {"search": search, "samplers": ["random"], "controls": []}
    job = finished(client, sqlite_database, STAGES | changes)
    found = client.get(f"/v1/jobs/{job['id']}/densities").json()["items"]
    depth = job["best"]["params"]["depth"]
    # The first convolution, and two in each block.
    assert {d["layer"]: len(d["layers"]) for d in found} == {
        "stage 1": 1 + 2 * depth, "stage 2": 2 * depth
    }  # fmt: skip


def test_densities_of_groups_do_not_warm_a_job_one_by_one(
    client: TestClient, sqlite_database: Database
) -> None:
    job = finished(client, sqlite_database, STAGES | {"search": {}})
    found = client.get(f"/v1/jobs/{job['id']}/densities").json()["items"]
    start = {"samplers": ["tpe"], "search": {}, "warm_start": {"densities": [found[0]["id"]]}}
    (fault,) = client.post("/v1/jobs", json=STAGES | start).json()["errors"]
    assert fault["pointer"] == "/warm_start/densities/0"
    assert "searches 2 densities at once" in fault["detail"]
    assert "give their values together as warm_start.vectors" in fault["detail"]
    vector = [*found[0]["vector"], *found[1]["vector"]]
    taken = client.post("/v1/jobs", json=STAGES | start | {"warm_start": {"vectors": [vector]}})
    assert taken.status_code == 202, taken.text


def test_a_job_that_would_be_refused_now_is_still_shown(
    client: TestClient, sqlite_database: Database
) -> None:
    """Stored by an earlier version, or with a network whose package is gone."""
    from service.storage import jobs

    spec = client.get(f"/v1/jobs/{submit(client, STAGES)}").json()["spec"]
    spec["samplers"] = [{"name": "gradient", "options": {"per_layer": True}}]
    with sqlite_database.write() as session:
        job_id = jobs.insert_all(session, [spec | {"name": "old"}])[0].id
    shown = client.get(f"/v1/jobs/{job_id}")
    assert shown.status_code == 200
    assert shown.json()["vector"] is None
    for tab in ("", "/files", "/search"):
        assert client.get(f"/jobs/{job_id}{tab}").status_code == 200
