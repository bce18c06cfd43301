"""The pages of a job: the orders that it takes, what it found, and all that a search can.

The jobs are seeded, or run by the service itself with a stand-in for the training.
"""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.jobs import reopen
from service.states import JobState, Phase, TrialState
from service.storage import events, studies, trials
from service.storage import jobs as job_rows
from service.storage.database import Database
from tests.support import seeding
from tests.support.decided_jobs import finished
from tests.support.simulation import Simulation
from tests.support.specs import PHOTOS, submit


def _run(database: Database, fails: tuple[int, ...] = ()) -> None:
    simulation = Simulation(database, n_workers=3, fails=set(fails))
    (run,) = simulation.take()
    simulation.run(run)


def _enabled(page: str) -> set[str]:
    """Return the orders that a job takes now; every job has tags and a note."""
    found = re.findall(r'data-action="([\w-]+)"(?: data-(?:budget|seeds)="\d+")*>', page)
    return set(found) - {"annotate"}


def _text(page: str, element_id: str) -> str:
    """Return the text of a table row, spaces made single."""
    row = page.partition(f'id="{element_id}"')[2].partition("</tr>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", row).split())


def test_a_search_with_everything_shows_it(client: TestClient, sqlite_database: Database) -> None:
    job_id = seeding.simulated(sqlite_database, seeding.SEARCH, n_workers=3).id
    page = client.get(f"/jobs/{job_id}").text
    found = {s["name"]: s for s in client.get(f"/v1/jobs/{job_id}/studies").json()["items"]}
    convergence = client.get(f"/jobs/{job_id}/convergence").text
    assert "12 of 12" in _text(page, f"study-{found['random-2']['id']}")
    assert "control, tuned" in _text(page, f"study-{found['uniform_tuned']['id']}")
    assert "control, fixed" in _text(page, f"study-{found['uniform']['id']}")
    assert "short trainings" in convergence
    pruned = next(study for study in found.values() if study["n_pruned"])
    assert f"{pruned['n_pruned']} pruned" in _text(page, f"study-{pruned['id']}")
    rows = page = client.get(f"/jobs/{job_id}/trials").text
    while following := re.search(r'id="more" rel="next" href="[^"]*(/jobs/[^"]*)"', rows):
        rows = client.get(html.unescape(following.group(1))).text
        page += rows
    every = client.get(f"/v1/jobs/{job_id}/trials?phase=all&limit=1000").json()["items"]
    told = {t["id"]: _text(page, f"trial-{t['id']}") for t in every}
    assert any(t["state"] == "PRUNED" for t in every)
    for trial in every:
        shown = told[trial["id"]]
        assert (" in full" in shown) == (trial["phase"] == "promotion")
        assert (" test" in shown) == (trial["phase"] == "evaluation")
        guesses = trial["study"] in ("direct_l", "uniform_tuned") and trial["phase"] == "search"
        assert (f" {trial['certainty']} " in shown) == guesses
        assert (" ahead " in shown) == trial["speculative"]
        if trial["state"] == "PRUNED":
            assert f"Pruned after epoch {len(trial['curve'])}/4" in shown


def test_an_arm_that_a_simpler_ones_training_represents_says_so(
    client: TestClient, sqlite_database: Database
) -> None:
    # In the simulation Phi is best with a sum of 6: 1 everywhere is nearer than these densities.
    body = {"density": {"bounds": [[1.8, 2.0]]}, "samplers": ["random"], "controls": ["uniform"]}
    job_id = submit(client, {**PHOTOS, **body, "budget": {"n_trials": 1}})
    _run(sqlite_database)
    random, uniform = client.get(f"/v1/jobs/{job_id}/studies").json()["items"]
    assert (random["chosen_from"], uniform["chosen_from"]) == ("uniform", None)
    assert random["best_trial_id"] == uniform["best_trial_id"]
    page = client.get(f"/jobs/{job_id}").text
    assert "of uniform" in _text(page, f"study-{random['id']}")
    assert "of uniform" not in _text(page, f"study-{uniform['id']}")
    assert "uniform, which this arm contains" in page
    densities = client.get(f"/v1/jobs/{job_id}/densities").json()["items"]
    assert [(d["study"], d["family"], d["scale"]) for d in densities] == [
        ("random", "uniform", 1.0),
        ("uniform", "uniform", 1.0),
    ]
    assert [d["den_fault"] for d in densities] == [None, None]


def test_a_trial_that_waits_at_a_rung_says_where(
    client: TestClient, sqlite_database: Database
) -> None:
    job = seeding.running(sqlite_database)
    with sqlite_database.write() as session:
        seeder = seeding.Seeder(session, job, 40)
        held = seeder.trial(
            seeder.studies[0], None, [0.3, 0.8], state=TrialState.WAITING, curve=[0.2, 0.1]
        )
        fresh = seeder.trial(seeder.studies[0], None, [0.4, 0.8], state=TrialState.WAITING)
    page = client.get(f"/jobs/{job.id}/trials").text
    assert "Waiting after epoch 2/4" in _text(page, f"trial-{held.id}")
    assert "after epoch" not in _text(page, f"trial-{fresh.id}")


def test_repeats_are_bands_in_the_figures(client: TestClient, sqlite_database: Database) -> None:
    job_id = seeding.simulated(sqlite_database, seeding.SEARCH, n_workers=3).id
    for against in ("trials", "time", "compute"):
        data = client.get(f"/jobs/{job_id}/figures/convergence?x={against}").json()["data"]
        assert {t["name"] for t in data} == {"direct_l", "random", "uniform", "uniform_tuned"}
        assert sum("fill" in t for t in data) == 2
        assert {t["type"] for t in data} == {"scatter"}


def test_a_point_that_ran_ahead_is_shown_beside_the_best(
    client: TestClient, sqlite_database: Database
) -> None:
    job = seeding.running(sqlite_database)
    assert "ahead of the sequence" not in client.get(f"/jobs/{job.id}").text
    assert client.get(f"/v1/jobs/{job.id}").json()["ahead"] is None
    best = client.get(f"/v1/jobs/{job.id}").json()["best"]["value"]
    with sqlite_database.write() as session:
        seeder = seeding.Seeder(session, job, 40)
        extra: dict[str, Any] = {"certainty": "predicted"}
        seeder.trial(seeder.studies[0], None, [0.3, 0.8], value=best + 0.001, **extra)
        seeder.trial(
            seeder.studies[0], None, [0.31, 0.8], value=best / 4, is_diverged=True, **extra
        )
        wanted = seeder.trial(seeder.studies[0], None, [0.32, 0.8], value=best / 2, **extra)
        events.add(session, job.id, "trial", {"id": wanted.id})  # as every step does
    page = client.get(f"/jobs/{job.id}").text
    assert re.search(r"ahead of the sequence: \d.*den\s+0.32, 0.8", page)
    shown = client.get(f"/v1/jobs/{job.id}").json()
    assert (shown["ahead"]["trial_id"], shown["ahead"]["value"]) == (wanted.id, best / 2)
    assert shown["best"]["value"] == best
    # Once the sequence asks for it, it is no longer ahead: one of four guesses was needed.
    with sqlite_database.write() as session:
        trials.change(session, [{"id": wanted.id, "number": 10}])
        events.add(session, job.id, "trial", {"id": wanted.id})
    assert client.get(f"/v1/jobs/{job.id}").json()["ahead"] is None
    study = f"study-{seeder.studies[0].id}"
    assert "0&nbsp;%" in _text(page, study)
    assert "25&nbsp;%" in _text(client.get(f"/jobs/{job.id}").text, study)


def test_a_search_below_the_noise_says_where_it_stopped_and_is_not_extended(
    client: TestClient, sqlite_database: Database
) -> None:
    noisy = {"n_trials": 40, "stop_below_noise": 1e9}
    job_id = submit(client, {**PHOTOS, "samplers": ["direct_l"], "budget": noisy})
    _run(sqlite_database)
    (study, *_) = client.get(f"/v1/jobs/{job_id}/studies").json()["items"]
    page = client.get(f"/jobs/{job_id}").text
    assert f"Stopped below the noise after {study['stopped_at']}" in page
    assert study["stopped_at"] < 40
    assert _enabled(page) == {"extend", "clone", "delete"}  # by seeds alone
    assert 'data-budget="0" data-seeds="2"' in page
    answer = client.post(f"/v1/jobs/{job_id}/extend", json={"n_trials": 80})
    assert answer.status_code == 422
    assert "stopped early" in answer.json()["detail"]


def test_failed_trials_can_be_retried_from_the_page(
    client: TestClient, sqlite_database: Database
) -> None:
    job_id = submit(client, {**PHOTOS, "samplers": ["random"], "controls": []})
    # The first training and its two further tries die.
    _run(sqlite_database, fails=(1, 2, 3, 4, 5, 6, 7, 8))
    assert client.get(f"/v1/jobs/{job_id}").json()["progress"]["n_failed"] > 0
    page = client.get(f"/jobs/{job_id}").text
    assert _enabled(page) == {"extend", "retry-failed", "clone", "delete"}
    assert 'data-action="extend" data-budget="5" data-seeds="2"' in page
    reopen.retry_failed(sqlite_database, job_id)
    assert _enabled(client.get(f"/jobs/{job_id}").text) == {"pause", "cancel", "clone"}


def test_an_extended_job_shows_what_it_superseded_as_such(
    client: TestClient, sqlite_database: Database
) -> None:
    job_id = submit(client, {**PHOTOS, "controls": []})
    _run(sqlite_database)
    reopen.extend(sqlite_database, job_id, 9)
    page = client.get(f"/jobs/{job_id}").text
    assert "data-final" not in page
    page = client.get(f"/jobs/{job_id}/trials").text
    with sqlite_database.read() as session:
        old = [t for t in trials.of_job(session, job_id) if t.phase is Phase.SUPERSEDED]
    assert len(old) == 2 * 2
    assert all("superseded" in _text(page, f"trial-{t.id}") for t in old)


def test_precision_and_packs_are_told(client: TestClient) -> None:
    body = {**PHOTOS, "training": {**PHOTOS["training"], "precision": "bfloat16"}}
    job_id = submit(client, {**body, "resources": {"pack_width": 4}})
    meta = _text(client.get(f"/jobs/{job_id}").text.replace("</p>", "</tr>"), "meta")
    assert "searched in bfloat16 packs of 4" in meta
    plain = client.get(f"/jobs/{submit(client, PHOTOS)}").text
    assert "bfloat16" not in plain.partition('id="meta"')[2].partition("</p>")[0]


@pytest.mark.parametrize(
    ("state", "enabled"),
    [
        ("running", {"pause", "cancel", "clone"}),
        ("paused", {"resume", "cancel", "clone"}),
        ("succeeded", {"extend", "clone", "delete"}),
        ("failed", {"clone", "delete"}),  # none of its trials failed
    ],
)
def test_buttons_are_enabled_where_the_states_allow_it(
    client: TestClient, database: Database, state: str, enabled: set[str]
) -> None:
    job = getattr(seeding, state)(database)
    page = client.get(f"/jobs/{job.id}").text
    assert _enabled(page) == enabled


def test_a_finished_job_shows_its_verdict_arms_and_files(
    client: TestClient, database: Database
) -> None:
    job = seeding.succeeded(database)
    page = client.get(f"/jobs/{job.id}").text
    arms = client.get(f"/jobs/{job.id}/comparison").text
    assert "12.4 % below uniform" in page
    assert arms.count('id="arm-') == 7
    assert "den[0] 0.25 to 0.41" in arms
    assert arms.count('class="fill"') == 5  # three parts, their sum, and one more
    for words in ("took 1.02 times", "took 202 epochs"):
        assert words in page
    assert "80 % of pairs" in arms
    assert 'href="../../v1/artifacts/' in client.get(f"/jobs/{job.id}/files").text
    assert "data-final" in page


def test_a_report_may_lack_tests_and_intervals(client: TestClient, database: Database) -> None:
    job = seeding.paused(database)
    with database.write() as session:
        arm = {"study_id": 1, "name": "a", "role": "search", "density": None, "test": None}
        lone = {"difference": 0.1, "relative": None, "low": None, "high": None, "p": None}
        # Uniform's loss is 0: there is nothing to give a share of.
        ends = {"change": -2e-6, "change_low": -5e-6, "change_high": 1e-6}
        absolute = lone | ends | {"unit": "difference"}
        axes = [
            {"axis": name, "value": 0.93, "low": 0.71, "high": 1.2} for name in ("lr", "factor")
        ]
        flat = {"axes": [], "n": 0, "reason": "it is flat"}
        plateau = {"n_trials": 4, "axes": [{"axis": "lr", "text": "0.8 to 1.0"}]}
        arms = [
            arm | {"validation_loss": 1.0, "vs_uniform": None, "training_s": 0.0,
                   "joint_optimum": {"axes": axes, "n": 14, "reason": None}},
            arm | {"validation_loss": 1.0, "vs_uniform": None, "training_s": 0.0,
                   "plateau": plateau, "joint_optimum": flat},
            arm | {"validation_loss": 1.0, "vs_uniform": lone, "training_s": 0.0,
                   "test": {"n": 0, "loss_mean": None, "loss_sd": None, "metrics": {}}},
            arm | {"validation_loss": 1.0, "vs_uniform": absolute, "training_s": 0.0},
        ]  # fmt: skip
        report = {"arms": arms, "best_arm": None, "n_seeds": 1, "verdict": "Not judged."}
        job_rows.set_state(session, job.id, JobState.RUNNING)
        job_rows.set_state(session, job.id, JobState.SUCCEEDED, report=report)
    assert "Not judged." in client.get(f"/jobs/{job.id}").text
    page = client.get(f"/jobs/{job.id}/comparison").text
    assert '<span class="nowrap">factor 0.93</span> (0.71 to 1.2); 90 % for all together' in page
    assert "no fitted optimum: it is flat" in page
    assert "\u22125\u00d710<sup>\u22126</sup> to +1\u00d710<sup>\u22126</sup>" in page
    assert "\u22122\u00d710<sup>\u22126</sup>" in page


def test_why_a_sampler_failed_is_on_the_page_and_it_can_be_tried_again(
    client: TestClient, sqlite_database: Database
) -> None:
    body = {
        "name": "one arm",
        "task": {"kind": "function", "name": "sphere", "dimension": 2},
        "samplers": ["random", "qmc"],
        "budget": {"n_trials": 2},
    }
    job_id = submit(client, body)
    _run(sqlite_database)
    assert "retry-failed" not in _enabled(client.get(f"/jobs/{job_id}").text)
    (study, *_) = client.get(f"/v1/jobs/{job_id}/studies").json()["items"]
    assert study["fault"] is None
    reason = "the sampler random failed: ZeroDivisionError: <b>"
    with sqlite_database.write() as session:
        stop = {"stopped_at": 1, "stopped_by": "asking", "fault": reason}
        studies.change(session, study["id"], **stop)
    page = client.get(f"/jobs/{job_id}").text
    row = _text(page, f"study-{study['id']}")
    assert "Stopped by its sampler after 1 the sampler random failed" in row
    assert "ZeroDivisionError: &lt;b&gt;" in row
    assert "retry-failed" in _enabled(page)
    (study, *_) = client.get(f"/v1/jobs/{job_id}/studies").json()["items"]
    assert study["fault"] == reason


def test_a_finished_job_never_says_that_it_has_nothing(
    client: TestClient, sqlite_database: Database
) -> None:
    """What a figure says until it is drawn, and for good where it cannot be drawn."""
    function: dict[str, Any] = {
        "name": "branin", "task": {"kind": "function", "name": "branin"},
        "samplers": ["random"], "budget": {"n_trials": 4},
    }  # fmt: skip

    def shown(job_id: int) -> str:
        tabs = ("convergence", "comparison", "trials", "files")
        return "".join(client.get(f"/jobs/{job_id}/{tab}").text for tab in tabs)

    found = shown(seeding.simulated(sqlite_database, function).id)
    waiting = shown(seeding.waiting(sqlite_database).id)
    job = seeding.submit(sqlite_database, "cancelled")
    client.post(f"/v1/jobs/{job.id}/cancel")
    cancelled = shown(job.id)
    hints = [set(re.findall(r'data-hint="([^"]*)"', page)) for page in (found, waiting, cancelled)]
    assert hints == [
        {"Loading the figure…"},
        {"Appears with the first completed trial."},
        {"No trial was completed."},
    ]
    assert "fresh seeds" not in found
    assert "Test loss" not in found
    assert "has no files" in found
    assert "The job ended before its first trial." in cancelled
    assert "appear here after" not in cancelled
    assert "appear here after" in waiting


def test_the_decision_comes_first(client: TestClient, database: Database) -> None:
    for hour, split in enumerate(("faces", "digits")):
        finished(database, hour, test_split=split, mean=-0.01)
    page = client.get(f"/jobs/{finished(database, 5)}").text
    assert 'class="decision adopt"' in page
    assert "Adopt the density. The probability that its loss is lower" in page
    assert page.index("Adopt the density.") < page.index('class="verdict"', page.index("Adopt"))
    assert "2 earlier jobs of this kind" in page
    assert 'href="../jobs/1">faces 0</a>' in page


def test_a_reader_decides_by_another_margin_in_the_address(
    client: TestClient, sqlite_database: Database
) -> None:
    job_id = finished(sqlite_database, 0)
    other = client.get(f"/v1/jobs/{job_id}/decision", params={"margin_percent": "4.5"}).json()
    page = client.get(f"/jobs/{job_id}").text
    assert 'name="margin_percent"' in page
    assert f'action="../jobs/{job_id}"' in page
    assert "lower by more than 1 %" in page
    asked = client.get(f"/jobs/{job_id}", params={"margin_percent": "4.5", "density": 7}).text
    assert other["words"][0] in asked
    assert "lower by more than 4.5 %" in asked
    assert 'value="4.5"' in asked
    assert '<input type="hidden" name="density" value="7">' in asked
    assert f'href="../jobs/{job_id}?density=7">By the margin' in asked


@pytest.mark.parametrize("given", ["100", "nan", "2,5", '"><b>'])
def test_a_margin_that_is_none_is_answered_in_place(
    client: TestClient, sqlite_database: Database, given: str
) -> None:
    job_id = finished(sqlite_database, 0)
    answer = client.get(f"/jobs/{job_id}", params={"margin_percent": given})
    assert answer.status_code == 200
    assert "is no gain in percent: give a number above 0 and below 100" in answer.text
    assert "lower by more than 1 %" in answer.text
    assert "<b>" not in answer.text


def test_a_job_without_a_decision_has_no_margin(client: TestClient, database: Database) -> None:
    page = client.get(f"/jobs/{seeding.running(database).id}?margin_percent=x").text
    assert 'name="margin_percent"' not in page
