"""What a job will cost, over REST: counted, measured, remembered; nothing is submitted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from api.app import create_app
from densearch.answers import FAILED_START
from service import start_failures
from service.costs import calibrations
from service.costs.training_cost import TrainingCost
from service.jobs.leases import NO_DISPATCHER
from service.settings import Settings
from service.storage.database import Database
from tests.support.estimates import COST, dispatch, measure
from tests.support.pages import ADDRESS
from tests.support.specs import JSON, PHOTOS, SPHERE, changed, submit


def ask(client: TestClient, body: object = PHOTOS) -> Response:
    return client.post("/v1/jobs/estimate", content=json.dumps(body), headers=JSON)


def test_it_is_measured_once_and_then_told(both: TestClient) -> None:
    database = both.app.state.database  # type: ignore[attr-defined]
    me = dispatch(database, memory_bytes=10**9)
    first = ask(both)
    assert (first.status_code, first.headers["retry-after"]) == (202, "2")
    assert first.json()["state"] == "measuring"
    assert ask(both).status_code == 202
    measure(database, me)
    assert calibrations.next_open(database) is None  # asked for once
    answer = ask(both)
    assert answer.status_code == 200
    found = answer.json()
    counted = {kind["kind"]: kind["n"] for kind in found["trainings"]}
    # two searches of 5, two controls, two seeds for each of the four arms
    assert counted == {"search": 10, "control": 2, "evaluation": 8}
    assert (found["n_trainings"], found["n_epochs"]) == (20, 80)
    # a training: 1 s to start, 4 epochs of 1 s, 0.5 s at the end
    assert found["work_s"]["expected"] == pytest.approx(20 * 5.5)
    # four workers: 12 trainings in three rounds, then the evaluation's 8 in two; and 20 ms
    assert found["time_s"]["expected"] == pytest.approx(5 * (5.5 + 0.02))
    low, high = found["time_s"]["low"], found["time_s"]["high"]
    assert low <= 5 * (0.5 + 4 * 0.9 + 0.005) < found["time_s"]["expected"]
    assert 100.0 + found["time_s"]["expected"] < high < 200.0  # new workers load the data first
    assert found["memory"] == {
        "worker_bytes": 3 * 10**8, "workers_bytes": 12 * 10**8, "cluster_bytes": 10**9,
        "fits": False,
    }  # fmt: skip
    assert found["money"] is None
    assert found["epoch"]["source"] == "calibration"
    assert any("memory" in warning for warning in found["warnings"])
    assert both.get("/v1/jobs").json()["items"] == []


def test_epochs_and_learning_rates_need_no_new_measurement(
    client: TestClient, sqlite_database: Database
) -> None:
    me = dispatch(sqlite_database)
    ask(client)
    measure(sqlite_database, me)
    longer = changed("/training/epochs", 400)
    longer["training"]["lr"] = 0.001
    assert ask(client, longer).json()["n_epochs"] == 20 * 400
    assert ask(client, changed("/training/batch_size", 8)).status_code == 202


def test_a_failed_measurement_is_told(client: TestClient, sqlite_database: Database) -> None:
    me = dispatch(sqlite_database)
    ask(client)
    measure(sqlite_database, me, "ValueError: no such network")
    answer = ask(client)
    assert answer.status_code == 200
    assert answer.json()["state"] == "failed"
    assert answer.json()["detail"] == "the measurement failed: ValueError: no such network"


def test_without_a_dispatcher_it_says_so(client: TestClient, settings: Settings) -> None:
    answer = ask(client)
    assert answer.status_code == 202
    assert answer.json()["detail"] == NO_DISPATCHER
    start_failures.keep(settings.data_dir, "Ray does not start")
    assert ask(client).json()["detail"] == f"{FAILED_START}: Ray does not start"
    assert f"{FAILED_START}: Ray does not start" in ask(client, SPHERE).json()["warnings"]
    function = ask(client, SPHERE).json()
    assert function["state"] == "ready"
    assert (function["time_s"], function["n_workers"]) == (None, None)


def test_what_no_worker_can_measure_is_not_asked_for(
    client: TestClient, sqlite_database: Database
) -> None:
    wide = changed("/resources", {"cpus_per_trial": 64})
    ask(client, wide)
    assert calibrations.next_open(sqlite_database) is None
    dispatch(sqlite_database)
    answer = ask(client, wide)
    assert answer.status_code == 200
    assert answer.json()["state"] == "failed"
    assert "no worker of this shape" in answer.json()["detail"]
    assert calibrations.next_open(sqlite_database) is None


def test_estimates_cannot_fill_the_queue(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibrations, "MOST_UNFINISHED", 2)
    me = dispatch(sqlite_database)
    for batch_size in (1, 2):
        ask(client, changed("/training/batch_size", batch_size))
    answer = ask(client)
    assert answer.status_code == 202
    assert "many other trainings" in answer.json()["detail"]
    assert "many other" not in ask(client, changed("/training/batch_size", 2)).json()["detail"]
    measure(sqlite_database, me)
    assert "many other" not in ask(client).json()["detail"]


def test_memory_of_gpus_is_not_held_against_that_of_machines(
    client: TestClient, sqlite_database: Database
) -> None:
    me = dispatch(sqlite_database, gpus=4.0, memory_bytes=10**9)
    body = changed("/resources", {"gpus_per_trial": 1})
    ask(client, body)
    measure(sqlite_database, me)
    memory = ask(client, body).json()["memory"]
    assert (memory["workers_bytes"], memory["fits"]) == (4 * 3 * 10**8, None)


def test_a_functions_calls_are_told_from_its_spec(
    client: TestClient, sqlite_database: Database
) -> None:
    dispatch(sqlite_database)
    body = SPHERE | {"task": SPHERE["task"] | {"sleep_s": 2.0}}
    found = ask(client, body).json()
    assert found["work_s"] == {"low": 12.0, "expected": 12.0, "high": 12.0}
    # six at once on four workers
    assert found["time_s"]["low"] <= 4.0 <= found["time_s"]["high"]
    assert found["epoch"]["source"] == "spec"


def test_money_is_told_where_there_are_prices(
    settings: Settings, sqlite_database: Database
) -> None:
    priced = settings.model_copy(update={"price_per_cpu_hour": 36.0, "currency": "CHF"})
    with TestClient(create_app(priced, sqlite_database), base_url=ADDRESS) as client:
        dispatch(sqlite_database)
        body = SPHERE | {
            "task": SPHERE["task"] | {"sleep_s": 100.0},
            "budget": {"n_trials": 6, "cost": 5.0, "wall_clock_s": 60.0},
        }
        found = ask(client, body).json()
        assert found["money"] == {
            "amount": {"low": 6.0, "expected": 6.0, "high": 6.0}, "currency": "CHF"
        }  # fmt: skip
        assert [w.split(" may")[0] for w in found["warnings"]] == [
            "budget.wall_clock_s", "budget.cost"
        ]  # fmt: skip
        submit(client, body)


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/jobs/estimate"])
def test_a_limit_in_money_needs_prices(client: TestClient, path: str) -> None:
    body = SPHERE | {"budget": {"n_trials": 6, "cost": 5.0}}
    answer = client.post(path, content=json.dumps(body), headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["pointer"] == "/budget/cost"
    assert "DENSEARCH_PRICE_PER_CPU_HOUR" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (changed("/training/lr", -1.0), "/training/lr"),
        (changed("/task/dataset", "stored:99"), "/task/dataset"),
        (changed("/warm_start", {"densities": [7]}), "/warm_start/densities/0"),
    ],
)
def test_what_would_be_refused_is_refused(
    client: TestClient, body: dict[str, Any], pointer: str
) -> None:
    if pointer.startswith("/warm_start"):
        body["samplers"] = ["tpe"]
    answer = ask(client, body)
    assert answer.status_code == 422
    assert answer.json()["pointer"] == pointer


def test_packs_are_cheaper_for_each_candidate(
    client: TestClient, sqlite_database: Database
) -> None:
    me = dispatch(sqlite_database)
    auto = changed("/resources", {"pack_width": "auto"})
    auto |= {"samplers": ["random"], "budget": {"n_trials": 16}}  # four for each of four workers
    ask(client, auto)
    measure(sqlite_database, me)
    found = ask(client, auto).json()
    assert found["pack_width"] == 4
    search = found["trainings"][0]["seconds"]
    # a quarter of what is around the epochs, and 4 epochs of 0.5 s
    assert search["expected"] == pytest.approx(1.5 / 4 + 2.0)


@pytest.mark.parametrize(
    ("network", "width", "n_warnings"),
    [("unet", 4, 1), ("unet", 1, 0), ("unet", "auto", 0), ("dncnn", 8, 1), ("dncnn", 4, 0)],
)
def test_a_width_that_is_not_possible_is_told(
    client: TestClient, sqlite_database: Database, network: str, width: object, n_warnings: int
) -> None:
    """The measurement tells that 8 found no room; no pack holds a U-Net."""
    me = dispatch(sqlite_database)
    body = changed("/resources", {"pack_width": width}) | {
        "task": {"kind": "denoising"}, "network": {"kind": network}
    }  # fmt: skip
    ask(client, body)
    packs = {} if network == "unet" else {"pack_epoch_s": {1: 1.0, 4: 0.5}, "pack_width": 4}
    measure(sqlite_database, me, TrainingCost(1.0, (0.9, 1.0, 1.1), 0.5, n=0, **packs))  # type: ignore[arg-type]
    found = ask(client, body).json()
    assert found["pack_width"] == (1 if network == "unet" else 4)
    told = [warning for warning in found["warnings"] if "not possible" in warning]
    assert len(told) == n_warnings


VAST = {
    "name": "vast",
    "task": {"kind": "denoising", "patch_px": 128, "n_patches": 1_000_000},
    "network": {"kind": "dncnn", "width": 512},
    "training": {"batch_size": 65536},
    "samplers": ["random"],
    "budget": {"n_trials": 2},
}


@pytest.mark.parametrize("address", ["/v1/jobs", "/v1/jobs/estimate"])
def test_what_no_worker_can_hold_is_refused_before_anything_is_measured(
    both: TestClient, address: str
) -> None:
    database = both.app.state.database  # type: ignore[attr-defined]
    dispatch(database, memory_per_cpu_bytes=8e9)
    answer = both.post(address, content=json.dumps(VAST), headers=JSON)
    assert answer.status_code == 422, answer.text
    (fault,) = answer.json()["errors"]
    assert fault["pointer"] == "/training/batch_size"
    assert "a worker has 8 GB" in fault["detail"]
    assert calibrations.next_open(database) is None
    assert both.get("/v1/jobs").json()["items"] == []


def test_an_estimate_says_what_a_training_needs_at_least_and_what_a_worker_has(
    both: TestClient,
) -> None:
    database = both.app.state.database  # type: ignore[attr-defined]
    me = dispatch(database, memory_per_cpu_bytes=0.2e9 * 5)
    first = ask(both).json()
    assert first["worker_memory_bytes"] == 10**9
    assert 3 * 10**8 < first["least_memory_bytes"] < 10**9
    crowded = COST.__class__(**{**COST.to_json(), "peak_memory_bytes": 2 * 10**9})
    measure(database, me, crowded)
    found = ask(both).json()
    assert any("may end for lack of memory" in warning for warning in found["warnings"])
    assert ask(both, SPHERE).json()["least_memory_bytes"] is None
