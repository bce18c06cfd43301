"""Trials over REST: pages and filters, the tries at each, every bit of a coordinate."""

from __future__ import annotations

import csv

import pytest
from starlette.testclient import TestClient

from service.death import Cause, Death
from service.orchestration import results
from service.orchestration.messages import Ended, Ending, Measured
from service.orchestration.run import Run
from service.storage import jobs
from service.storage.database import Database
from tests.support.pages import all_items, items
from tests.support.simulation import Simulation, finish_next
from tests.support.specs import PHOTOS, changed, submit


def test_pages_join_to_the_whole_whatever_their_size(both: TestClient, database: Database) -> None:
    job_id = submit(both, PHOTOS)
    finish_next(database)
    whole = items(both, f"/v1/jobs/{job_id}/trials?phase=all&limit=1000")
    for query in ("phase=all&limit=1", "phase=all&limit=7", "phase=all&limit=20"):
        assert all_items(both, f"/v1/jobs/{job_id}/trials?{query}") == whole
    mine = [t for t in whole if t["study"] == "direct_l" and t["phase"] == "search"]
    assert all_items(both, f"/v1/jobs/{job_id}/trials?study=direct_l&limit=2") == mine
    by_id = f"study={mine[0]['study_id']}"
    assert all_items(both, f"/v1/jobs/{job_id}/trials?{by_id}&limit=2") == mine
    fixed = [t for t in whole if t["sampler"] == "fixed"]
    assert all_items(both, f"/v1/jobs/{job_id}/trials?sampler=fixed&phase=all&limit=3") == fixed
    assert items(both, f"/v1/jobs/{job_id}/trials?state=FAILED") == []
    assert items(both, f"/v1/jobs/{job_id}/trials?sampler=tpe") == []
    assert both.get(f"/v1/jobs/{job_id}/trials?study=tpe").status_code == 404


def _first_trial(database: Database) -> tuple[Simulation, Run]:
    simulation = Simulation(database, n_workers=1)
    (run,) = simulation.take()
    simulation.step(run, [])
    return simulation, run


def test_tries_and_measurements_of_a_trial_are_kept(both: TestClient, database: Database) -> None:
    submit(both)
    asleep, _ = _first_trial(database)
    (lost,) = asleep.hand
    with database.write() as session:  # its lease ran out while it slept
        jobs.release(session, asleep.me.id)
    simulation, run = _first_trial(database)
    (again,) = simulation.hand
    assert again.trial_id == lost.trial_id
    measured = [
        Measured(again.attempt_id, again.trial_id, epoch, {"loss": 1.0 / epoch}, 0.5 * epoch)
        for epoch in (1, 2)
    ]
    simulation.step(run, [*measured])
    given_up = both.get(f"/v1/trials/{lost.trial_id}").json()["attempt_log"][0]
    assert given_up["error"]["detail"] == results.GIVEN_UP
    results.record_late(
        database, [Ended(lost.attempt_id, lost.trial_id, Ending.COMPLETED, value=-1.0)]
    )
    trial = both.get(f"/v1/trials/{lost.trial_id}").json()
    assert trial["state"] == "RUNNING"
    assert trial["value"] is None
    assert trial["attempts"] == 2
    first, second = trial["attempt_log"]
    assert (first["state"], first["is_late"], first["value"]) == ("LOST", True, -1.0)
    assert (first["number"], first["error"], first["death"]) == (1, None, None)  # a late result
    assert (second["state"], second["is_late"]) == ("RUNNING", False)
    points = items(both, f"/v1/trials/{lost.trial_id}/measurements")
    assert [(m["epoch"], m["metrics"]["loss"], m["elapsed_s"]) for m in points] == [
        (1, 1.0, 0.5),
        (2, 0.5, 1.0),
    ]
    assert both.get("/v1/jobs/1").json()["progress"]["n_running"] == 1


def test_a_death_says_why_and_what_to_change(
    client: TestClient, sqlite_database: Database
) -> None:
    job_id = submit(client)
    simulation, run = _first_trial(sqlite_database)
    (first,) = simulation.hand
    death = Death(
        cause=Cause.RAY_MEMORY,
        signal="SIGKILL",
        peak_memory_bytes=140_000_000,
        node_memory_bytes=25_000_000_000,
        node_used_bytes=24_000_000_000,
        is_own_need=False,
    )
    ids = (first.attempt_id, first.trial_id)
    lost = Ended(*ids, Ending.LOST, error=death.text, worker="worker-1", death=death)
    simulation.hand.clear()
    simulation.step(run, [lost])
    trial = client.get(f"/v1/trials/{first.trial_id}").json()
    assert trial["state"] == "RUNNING"  # it was placed again at once
    attempt = trial["attempt_log"][0]
    assert (attempt["state"], attempt["death"]) == ("LOST", death.to_json())
    assert attempt["death"]["remedy"] in trial["error"]["detail"]
    page = client.get(f"/jobs/{job_id}/trials").text
    assert "24 GB of 25 GB were in use on its node" in page


def test_coordinates_keep_every_bit(both: TestClient, database: Database) -> None:
    job_id = submit(both)
    simulation, _ = _first_trial(database)
    sent = {a.trial_id: a.payload["point"] for a in simulation.hand}
    shown = {t["id"]: t["point"] for t in items(both, f"/v1/jobs/{job_id}/trials")}
    for trial_id, point in sent.items():
        assert [float(u).hex() for u in shown[trial_id]] == [float(u).hex() for u in point]


def test_a_trial_says_what_it_trains_on(client: TestClient, sqlite_database: Database) -> None:
    job_id = submit(client, changed("/resources", {"gpus_per_trial": 0.25}))
    simulation = Simulation(sqlite_database)
    (run,) = simulation.take()
    simulation.step(run, [])
    assert {t["device"] for t in items(client, f"/v1/jobs/{job_id}/trials")} == {"cuda"}


def test_orders_filters_and_the_file_have_the_same_trials(
    both: TestClient, database: Database
) -> None:
    job_id = submit(both, PHOTOS)
    finish_next(database)
    at = f"/v1/jobs/{job_id}/trials"
    whole = items(both, f"{at}?phase=all&limit=1000")
    rising = sorted(whole, key=lambda t: (t["value"], t["id"]))
    assert all_items(both, f"{at}?phase=all&sort=value&limit=3") == rising
    assert all_items(both, f"{at}?phase=all&sort=-value&limit=3") == rising[::-1]
    lowest, highest = rising[1]["value"], rising[-2]["value"]
    within = [t["id"] for t in whole if lowest <= t["value"] <= highest]
    found = items(both, f"{at}?phase=all&min_value={lowest}&max_value={highest}&limit=1000")
    assert [t["id"] for t in found] == within
    first = whole[0]["params"]["den"][0]
    found = items(both, f"{at}?phase=all&p.den[0]={first}..{first}&limit=1000")
    assert whole[0]["id"] in {t["id"] for t in found}
    assert all(t["params"]["den"][0] == first for t in found)
    answer = both.get(f"{at}?phase=all&sort=-value&format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert [int(row["id"]) for row in rows] == [t["id"] for t in rising[::-1]]
    assert [float(row["value"]) for row in rows] == [t["value"] for t in rising[::-1]]
    assert [float(row["params.den[0]"]) for row in rows if row["params.den[0]"]] == [
        t["params"]["den"][0] for t in rising[::-1] if "den" in t["params"]
    ]


def test_a_wrong_filter_is_named(both: TestClient, database: Database) -> None:
    job_id = submit(both, PHOTOS)
    finish_next(database)
    for query, words in (
        ("sort=worst", "sort"),
        ("min_value=nan", "min_value"),
        ("p.depth=3", "no trial has this param; there are: density"),
        ("p.den=3", "name one of den[0]"),
        ("p.den[9]=3", "name one of den[0]"),
        ("p.den[0]=2..1", "2 is above 1"),
        ("p.den[0]=small", "give a number, or a range"),
        ("p.den[0]=1&p.den[0]=2", "more than once"),
        ("params=1", "there is no such parameter"),
        ("cursor=0", "cursor"),
        ("from_number=-1", "from_number"),
    ):
        answer = both.get(f"/v1/jobs/{job_id}/trials?{query}")
        assert (answer.status_code, words in answer.json()["detail"]) == (422, True), query


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_is_left_empty_is_not_asked_for(both: TestClient, database: Database) -> None:
    job_id = submit(both, PHOTOS)
    finish_next(database)
    empty = "study=&state=&sampler=&min_value=&max_value=&text=&from_number=&phase=&sort="
    for at in (
        f"/v1/jobs/{job_id}/trials",
        f"/jobs/{job_id}/trials",
        f"/jobs/{job_id}/trials/rows",
    ):
        assert both.get(f"{at}?{empty}").status_code == 200


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_no_range_and_no_such_study_are_said_in_words(
    both: TestClient, database: Database
) -> None:
    job_id = submit(both, PHOTOS)
    finish_next(database)
    at = f"/v1/jobs/{job_id}/trials"
    for text in ("inf", "inf..", "-inf", "..-inf", "1e999"):
        answer = both.get(at, params={"p.den[0]": text, "phase": "all"})
        assert (answer.status_code, "is not finite" in answer.text) == (422, True), text
    for query in ("p.den[0]=5..1", "min_value=5&max_value=1"):
        answer = both.get(f"{at}?{query}")
        assert (answer.status_code, "5 is above 1" in answer.text) == (422, True), query
    assert both.get(f"{at}?min_value=inf").status_code == 422
    answer = both.get(f"{at}?study=%E2%80%AEabc")
    assert (answer.status_code, "no study \\u202eabc" in answer.json()["detail"]) == (404, True)
    answer = both.get(f"{at}?p.%E2%80%AEabc=1")
    assert (answer.status_code, "\u202e" in answer.text) == (422, False)
    any_tag = {"if-none-match": "*"}
    for query in ("study=nope", "p.zz=1", "p.den[0]=9..1"):
        for address in (f"{at}?{query}", f"/jobs/{job_id}/trials?{query}"):
            plain, asked = both.get(address), both.get(address, headers=any_tag)
            assert plain.status_code == asked.status_code in {404, 422}, address
    assert both.get(at, headers=any_tag).status_code == 304
