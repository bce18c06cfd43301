"""Every kind of bad input gets a problem that points to the field, and changes nothing."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.samplers.catalogue import info
from service.storage import densities
from service.storage.database import Database
from tests.support.simulation import Simulation
from tests.support.specs import JSON, PHOTOS, SPHERE, changed, submit

NAN, INF = float("nan"), float("inf")


def _problem(answer: Any, status: int, slug: str) -> dict[str, Any]:  # noqa: ANN401 - httpx2's
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"/problems/{slug}"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/jobs/estimate"])
def test_a_job_that_asks_too_much_is_refused(client: TestClient, path: str) -> None:
    sampler = {"name": "tpe", "batch_size": 1024, "options": {"n_ei_candidates": 10_000}}
    spec = {
        "name": "much",
        "task": {"kind": "function", "name": "sphere", "dimension": 64},
        "samplers": ["random", sampler],
        "budget": {"n_trials": 2_000},
    }
    body = _problem(client.post(path, json=spec), 422, "invalid-spec")
    assert body["pointer"] == "/samplers/1/options/n_ei_candidates"
    assert "lower n_ei_candidates to 24" in body["errors"][0]["detail"]
    _nothing_was_stored(client)


def _nothing_was_stored(client: TestClient) -> None:
    assert client.get("/v1/jobs").json() == {"items": []}


@pytest.mark.parametrize(
    ("pointer", "value", "hint"),
    [
        ("/colour", 1, "no such field"),
        ("/network/colour", 1, "no such field"),
        ("/samplers/1/colour", 1, "no such field"),
        ("/seed", "one", "integer"),
        ("/seed", 1.5, "integer"),
        ("/seed", True, "integer"),
        ("/training", [], "object"),
        ("/training/lr", NAN, "finite"),
        ("/training/lr", INF, "finite"),
        ("/training/lr", 10**400, "number"),
        ("/density/bounds/0/1", NAN, "finite"),
        ("/density/bounds/0", [2.0, 0.0], "not below"),
        ("/density/bounds/0", [1.0, 1.0], "not below"),
        ("/density/bounds/0", [1.0], "2 items"),
        ("/density/bounds", [[0.0, 1.0], [0.0, 1.0]], "1 free value"),
        ("/network/kernel_size", 4, "odd"),
        ("/network/kind", "vgg", "dncnn"),
        ("/network/kind", "alexnet", "dncnn"),
        ("/task/kind", "juggling", "denoising"),
        ("/task/dataset", "imagenet", "photos"),
        ("/samplers/0/name", "dirct", "direct_l"),
        ("/samplers/0/options", {"a/b": 1}, "no such option"),
        ("/samplers/0/options", {"magic_eps": NAN}, "must be"),
        ("/samplers/1", "direct_l", "twice"),
        ("/controls/0", "mean", "uniform"),
        ("/budget/n_trials", 0, "greater than or equal to 1"),
        ("/budget/n_trials", 10**9, "100000"),
        ("/name", "two\nlines", "one line"),
        ("/name", "nul\0", "printable"),
        ("/diverged_value", 0.0, "above 0"),
        ("/search", {"kernel_size": {"low": 3, "high": 5}}, "cannot be searched"),
        ("/fidelity", {"search_fraction": 1.0}, "less than 1"),
        ("/fidelity", {"search_fraction": 0.25, "promote": 6}, "raise budget.n_trials"),
        ("/fidelity", {"search_fraction": 0.25, "promote": True}, "integer"),
        ("/pruning/warmup_epochs", 3, "use at most 2"),
        ("/pruning/rule", "mean", "median"),
        ("/repeats", 21, "20"),
        ("/repeats", 1.0, "integer"),
        ("/use_speculation", "yes", "boolean"),
        ("/controls/0", {"name": "uniform", "lr": {"low": 0.1, "high": 1.0}}, "alone"),
        ("/controls/0", {"name": "uniform_tuned", "lr": {"low": 1.0, "high": 0.1}}, "not below"),
        ("/controls/0", {"name": "uniform_tuned", "sampler": "gradient"}, "another sampler"),
        ("/controls/0", {"name": "uniform_tuned", "sampler": "dirct"}, "direct_l"),
        ("/budget/stop_below_noise", 0.0, "greater than 0"),
        ("/search", {"optimizer": {"choices": ["sgd", "lion"]}}, "adam"),
        ("/warm_start", {"densities": [1.5]}, "integer"),
        ("/training/schedule", "linear", "cosine"),
    ],
)
def test_a_wrong_field_is_pointed_to(
    client: TestClient, pointer: str, value: object, hint: str
) -> None:
    answer = client.post("/v1/jobs", content=json.dumps(changed(pointer, value)), headers=JSON)
    body = _problem(answer, 422, "invalid-spec")
    if isinstance(value, dict) or pointer == "/samplers/1":  # the fault lies further inside
        assert body["pointer"].startswith(f"{pointer}/")
    else:
        assert body["pointer"] == pointer
    assert body["errors"][0]["pointer"] == body["pointer"]
    assert hint in body["errors"][0]["detail"]
    _nothing_was_stored(client)


def test_a_search_of_categories_is_refused_where_the_sampler_cannot(client: TestClient) -> None:
    spec = changed("/search", {"lr": {"choices": [0.01, 0.1]}})
    body = _problem(client.post("/v1/jobs", json=spec), 422, "invalid-spec")
    assert body["pointer"] == "/samplers/0/name"
    assert "direct_l cannot search choices of lr" in body["detail"]
    assert "use a sampler that can: tpe" in body["detail"]
    _nothing_was_stored(client)


@pytest.mark.parametrize(
    ("changes", "pointer", "remedy"),
    [
        ({"samplers": ["direct_l"], "repeats": 5}, "/repeats", "use 1"),
        (
            {"pruning": {}, "fidelity": {"search_fraction": 0.5}},
            "/pruning",
            "raise training.epochs",
        ),
        ({"samplers": ["tpe"], "use_speculation": True}, "/use_speculation", "leave it out"),
        (
            {"samplers": ["tpe"], "budget": {"n_trials": 5, "stop_below_noise": 1e-5}},
            "/budget/stop_below_noise",
            "leave it out",
        ),
        (
            {"samplers": ["random"], "warm_start": {"vectors": [[0.5]]}},
            "/warm_start",
            "add tpe",
        ),
        ({"samplers": ["tpe"], "warm_start": {}}, "/warm_start", "name densities"),
        (
            {"samplers": ["tpe"], "warm_start": {"vectors": [[0.5, 0.5]]}},
            "/warm_start/vectors/0",
            "takes 1",
        ),
        (
            {"samplers": ["tpe"], "warm_start": {"densities": [7]}},
            "/warm_start/densities/0",
            "there is no density 7",
        ),
        (
            {
                "search": {"lr": {"low": 0.01, "high": 0.1, "log": True}},
                "controls": ["density_tuned"],
            },
            "/controls/0",
            "leave density_tuned out",
        ),
        (
            {
                "samplers": ["random"],
                "search": {"optimizer": {"choices": ["sgd", "adam"]}},
                "controls": [{"name": "uniform_tuned", "sampler": "direct_l"}],
            },
            "/controls/0/sampler",
            "use a sampler that can: tpe",
        ),
    ],
)
def test_sections_that_do_not_fit_together_are_told_with_a_remedy(
    client: TestClient, changes: dict[str, Any], pointer: str, remedy: str
) -> None:
    answer = client.post("/v1/jobs", json={**PHOTOS, **changes})
    body = _problem(answer, 422, "invalid-spec")
    assert body["pointer"] == pointer
    assert remedy in body["errors"][0]["detail"]
    _nothing_was_stored(client)


def test_a_sampler_whose_extra_is_missing_is_refused_with_the_extra(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The extra of tune:ax may be installed where this runs: its module is hidden then.
    monkeypatch.setattr(
        info, "find_spec", lambda name: None if name == "ax" else importlib.util.find_spec(name)
    )
    answer = client.post("/v1/jobs", json=changed("/samplers/1", "tune:ax"))
    body = _problem(answer, 422, "invalid-spec")
    assert body["pointer"] == "/samplers/1/name"
    assert "pip install -e '.[ax]'" in body["errors"][0]["detail"]
    _nothing_was_stored(client)
    listed = client.get("/v1/samplers").json()["items"]
    assert [s["installed"] for s in listed if s["name"] == "tune:ax"] == [False]


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({"network": {"kind": "dncnn", "kernel_size": 5}}, "searches symmetric on 5x5"),
        ({"density": {"family": "power"}}, "searches power on 3x3"),
    ],
)
def test_densities_of_another_kind_do_not_warm_a_job(
    client: TestClient, sqlite_database: Database, changes: dict[str, Any], remedy: str
) -> None:
    earlier = submit(client, PHOTOS)
    simulation = Simulation(sqlite_database)
    (run,) = simulation.take()
    simulation.run(run)
    known = client.get(f"/v1/jobs/{earlier}/densities").json()["items"]
    start = {"densities": [known[0]["id"]]}
    spec = {**PHOTOS, "samplers": ["tpe"], "warm_start": start}
    unlike = {**{k: v for k, v in spec.items() if k != "density"}, **changes}
    body = _problem(client.post("/v1/jobs", json=unlike), 422, "invalid-spec")
    assert body["pointer"] == "/warm_start/densities/0"
    assert remedy in body["errors"][0]["detail"]
    assert "name one of that kind" in body["errors"][0]["detail"]
    assert [job["id"] for job in client.get("/v1/jobs").json()["items"]] == [earlier]
    # The same kind is taken, and its vector is stored with the job.
    taken = client.post("/v1/jobs", json=spec).json()["spec"]["warm_start"]
    assert taken["vectors"] == [known[0]["vector"]]


def test_the_density_of_one_layer_does_not_warm_a_job(
    client: TestClient, sqlite_database: Database
) -> None:
    submit(client, PHOTOS)
    simulation = Simulation(sqlite_database)
    (run,) = simulation.take()
    simulation.run(run)
    with sqlite_database.write() as session:
        whole = densities.of_job(session, run.job.id)[0]
        row = asdict(whole) | {"layer": "body.0"}
        columns = {name: value for name, value in row.items() if name not in ("id", "created_at")}
        densities.put_all(session, whole.study_id, [columns])
        (part,) = (d for d in densities.of_job(session, run.job.id) if d.layer)
    spec = {**PHOTOS, "samplers": ["tpe"], "warm_start": {"densities": [part.id]}}
    body = _problem(client.post("/v1/jobs", json=spec), 422, "invalid-spec")
    assert body["pointer"] == "/warm_start/densities/0"
    assert "body.0 alone: name a whole one" in body["errors"][0]["detail"]


def test_everything_wrong_is_told_at_once(client: TestClient) -> None:
    spec = {**PHOTOS, "seed": -1, "budget": {"n_trials": 0}, "colour": 1}
    body = _problem(client.post("/v1/jobs", json=spec), 422, "invalid-spec")
    assert {e["pointer"] for e in body["errors"]} == {"/seed", "/budget/n_trials", "/colour"}


@pytest.mark.parametrize("body", [b"", b"{", b'{"name": "\xff"}', b'{"name": "a", "name": "b"}'])
def test_what_is_not_json_is_refused(client: TestClient, body: bytes) -> None:
    found = _problem(client.post("/v1/jobs", content=body, headers=JSON), 400, "malformed-body")
    assert found["errors"]
    _nothing_was_stored(client)


@pytest.mark.parametrize("body", [b"[]", b"null", b"3", b'"job"'])
def test_json_that_is_no_object_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/v1/jobs", content=body, headers=JSON)
    assert _problem(answer, 422, "invalid-spec")["pointer"] == ""


def test_ten_megabytes_are_refused(client: TestClient) -> None:
    answer = client.post("/v1/jobs", content=b" " * 10_000_000, headers=JSON)
    assert _problem(answer, 413, "body-too-large")["pointer"] == ""
    _nothing_was_stored(client)


def test_a_body_without_a_declared_length_is_counted(client: TestClient) -> None:
    read = 0

    def chunks() -> Iterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b" " * 100_000

    answer = client.post("/v1/jobs", content=chunks(), headers=JSON)
    assert "content-length" not in answer.request.headers
    _problem(answer, 413, "body-too-large")


def test_a_body_of_another_type_is_refused(client: TestClient) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = client.post("/v1/jobs", content=b"{}", headers={"content-type": media_type})
        _problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("key", [b"", b"x" * 256, b"tab\tbed", b"\xe9"])
def test_an_idempotency_key_is_short_and_printable(client: TestClient, key: bytes) -> None:
    answer = client.post("/v1/jobs", json=SPHERE, headers=[(b"idempotency-key", key)])
    body = _problem(answer, 422, "invalid-parameter")
    assert body["errors"][0]["in"] == "header"
    assert body["errors"][0]["parameter"] == "idempotency-key"
    _nothing_was_stored(client)


def test_an_idempotency_key_belongs_to_one_body(both: TestClient) -> None:
    headers = {"idempotency-key": "a key, 1"}
    first = both.post("/v1/jobs", json=SPHERE, headers=headers)
    again = both.post("/v1/jobs", json={**SPHERE, "seed": 0}, headers=headers)
    assert first.status_code == again.status_code == 202
    assert again.headers["location"] == first.headers["location"]
    other = both.post("/v1/jobs", json={**SPHERE, "seed": 1}, headers=headers)
    assert _problem(other, 409, "idempotency-conflict")["pointer"] == ""
    assert len(both.get("/v1/jobs").json()["items"]) == 1


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/v1/jobs?limit=0", "limit"),
        ("/v1/jobs?limit=201", "limit"),
        ("/v1/jobs?limit=many", "limit"),
        ("/v1/jobs?state=ASLEEP", "state"),
        ("/v1/jobs?name=%00", "name"),
        ("/v1/jobs?stat=RUNNING", "stat"),
        ("/v1/jobs?cursor=0", "cursor"),
        ("/v1/jobs/0", "job_id"),
        ("/v1/jobs/-1", "job_id"),
        ("/v1/jobs/one", "job_id"),
        ("/v1/jobs/9223372036854775808", "job_id"),
        ("/v1/jobs/1/trials?limit=1001", "limit"),
        ("/v1/jobs/1/trials?phase=test", "phase"),
        ("/v1/jobs/1/events?last_event_id=-1", "last_event_id"),
        ("/v1/densities/1?format=pickle", "format"),
    ],
)
def test_a_wrong_parameter_is_named(client: TestClient, path: str, parameter: str) -> None:
    body = _problem(client.get(path), 422, "invalid-parameter")
    assert body["errors"][0]["parameter"] == parameter


MISSING = (
    "/v1/nothing",
    "/v1/jobs/7",
    "/v1/jobs/9223372036854775807",
    "/v1/jobs/7/studies",
    "/v1/jobs/7/trials",
    "/v1/jobs/7/events",
    "/v1/jobs/7/densities",
    "/v1/jobs/7/artifacts",
    "/v1/jobs/7/report",
    "/v1/jobs/7/decision",
    "/v1/trials/7",
    "/v1/trials/7/measurements",
    "/v1/densities/7",
    "/v1/artifacts/7",
    "/problems/nothing",
)


def test_what_is_not_there_is_a_problem_too(both: TestClient) -> None:
    for path in MISSING:
        _problem(both.get(path), 404, "not-found")


def test_a_wrong_method_is_told_the_right_ones(client: TestClient) -> None:
    answer = client.delete("/v1/jobs")
    _problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST"
