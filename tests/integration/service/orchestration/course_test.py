"""The course of a search: short and full trainings, early stops, tuned controls, speculation."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from densearch.direct_l.exact import DirectL
from densearch.sampler import Certainty, Entry, Proposal
from service import samplers
from service.jobs import commands as use_cases
from service.orchestration import ask, issue
from service.states import Phase, Role, TrialState
from service.storage import densities
from service.storage.database import Database
from service.validation import parse
from tests.support.courses import EVERYTHING, found, of, shaken, untimed
from tests.support.jobs import function_job, run_whole, submit, training_job
from tests.support.simulation import Simulation, counted_trials, forget, report_of

GIVEN = [
    {"name": "fixed", "label": "v1", "densities": [{"vector": [0.5]}, {"vector": [0.3, 1.5]}]},
    {"name": "fixed", "label": "v2", "densities": [{"alpha": [0.5, 1.0, 0.5]}]},
    {"name": "fixed", "label": "v3", "densities": [{"alpha": [0.2, 1.0, 0.6], "factor": 0.7}]},
]
NAMES = [i.name for i in samplers.catalogue() if i.is_installed and i.name != "gradient"]
# Each of their proposals fits a model, for a tenth of a second: by hand. Their suites in
# tests/contracts disturb them in the same ways.
FITTING = {"gp", "tune:bayesopt"}
SPECS = {
    "function": function_job(samplers=[name for name in NAMES if name not in FITTING]),
    "training": training_job(),
    "everything": EVERYTHING,
    "given": training_job(samplers=["random"], controls=["uniform", "flat", *GIVEN]),
    "fitting": function_job(samplers=sorted(FITTING & set(NAMES)) or ["random"]),
}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(body, marks=[pytest.mark.slow] * (name == "fitting"), id=name)
        for name, body in SPECS.items()
    ],
)
def test_the_result_is_a_function_of_the_spec(
    sqlite_database: Database, body: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = run_whole(sqlite_database, body, n_workers=1)
    expected = counted_trials(sqlite_database, job_id), untimed(report_of(sqlite_database, job_id))
    forget(sqlite_database, job_id)
    job_id = run_whole(sqlite_database, body, n_workers=64, seed=3)
    assert counted_trials(sqlite_database, job_id) == expected[0]
    assert untimed(report_of(sqlite_database, job_id)) == expected[1]
    forget(sqlite_database, job_id)
    monkeypatch.setattr(ask, "AT_ONCE", 3)  # they die between the parts of a round, too
    monkeypatch.setattr(issue, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(ask, "MAX_TRIALS", 6)
    job_id = shaken(sqlite_database, body, n_workers=3, seed=11)
    assert counted_trials(sqlite_database, job_id) == expected[0]
    assert untimed(report_of(sqlite_database, job_id)) == expected[1]


def test_the_best_of_short_trainings_are_trained_in_full(database: Database) -> None:
    job_id = run_whole(
        database,
        training_job(
            training={"epochs": 8}, fidelity={"search_fraction": 0.25, "promote": 3, "audit": 2}
        ),
    )
    arms, every = found(database, job_id)
    for arm in arms.values():
        short = of(every, arm, Phase.SEARCH)
        full = of(every, arm, Phase.PROMOTION)
        assert {t.payload["training"]["epochs"] for t in short} == {2}
        assert {t.payload["training"]["epochs"] for t in full} == {8}
        ranked = sorted({t.digest: t for t in short}.values(), key=lambda t: (t.value, t.number))
        assert [t.point for t in full[:3]] == [t.point for t in ranked[:3]][: len(full)]
        assert len(full) == (5 if arm.role is Role.SEARCH else 1)
        # One of the better and one of the worse half of the others is an audit.
        others = [t.point for t in ranked[3:]]
        for audited, half in zip(full[3:], ([0, 3], [3, 6]), strict=False):
            assert audited.point in others[slice(*half)]
        judged = (
            full if arm.chosen_from is None else of(every, arms[arm.chosen_from], Phase.PROMOTION)
        )
        assert arm.best_trial_id in {t.id for t in judged}
        assert arm.best_value == min(t.value or 0.0 for t in judged)
    evaluations = [t for t in every if t.phase is Phase.EVALUATION]
    assert {t.payload["training"]["epochs"] for t in evaluations} == {8}


@pytest.mark.parametrize(
    ("schedule", "expected"), [("shortened", None), ("cut", 8)], ids=["shortened", "cut"]
)
def test_a_cut_schedule_keeps_its_length(
    sqlite_database: Database, schedule: str, expected: int | None
) -> None:
    job_id = run_whole(
        sqlite_database,
        training_job(
            samplers=["random"],
            training={"epochs": 8, "schedule": "cosine"},
            fidelity={"search_fraction": 0.25, "promote": 1, "schedule": schedule},
        ),
    )
    _, every = found(sqlite_database, job_id)
    lengths = {p: {t.payload["training"].get("schedule_epochs") for t in every if t.phase is p}
               for p in (Phase.SEARCH, Phase.PROMOTION, Phase.EVALUATION)}  # fmt: skip
    assert lengths[Phase.SEARCH] == {expected}
    assert lengths[Phase.PROMOTION] == lengths[Phase.EVALUATION] == {None}


@pytest.mark.parametrize("sampler", ["direct_l", "direct_l_rand", "tpe", "random"])
def test_the_median_rule_stops_what_is_hopeless(sqlite_database: Database, sampler: str) -> None:
    body = training_job(
        samplers=[sampler],
        controls=[],
        training={"epochs": 6},
        budget={"n_trials": 24},
        pruning={"rule": "median", "warmup_epochs": 2},
        evaluation={"n_seeds": 0},
    )
    job_id = submit(sqlite_database, body)
    simulation = Simulation(sqlite_database, n_workers=3)
    (run,) = simulation.take()
    simulation.run(run)
    arms, every = found(sqlite_database, job_id)
    counted = of([t for t in every if t.number is not None], arms[sampler], Phase.SEARCH)
    stopped = [t for t in counted if t.state is TrialState.PRUNED]
    assert stopped
    for trial in stopped:
        assert trial.curve is not None
        assert 3 <= len(trial.curve) < 6  # after the warm-up, before the end
        assert trial.value == trial.curve[-1]
    assert simulation.n_epochs < 6 * simulation.n_trained
    best = min((t for t in counted if t.state is TrialState.COMPLETED), key=lambda t: t.value or 0)
    assert arms[sampler].best_trial_id == best.id
    assert best.value == min(t.value or 0.0 for t in counted)  # none of the stopped was better


def test_tuned_controls_search_what_their_names_say(database: Database) -> None:
    controls = ["uniform", "uniform_tuned", "flat_tuned", "default_init_tuned", "density_tuned"]
    job_id = run_whole(
        database,
        training_job(
            samplers=["random"],
            controls=controls,
            training={"initialisation": "kaiming_fan_out"},
            budget={"n_trials": 12},
        ),
    )
    arms, every = found(database, job_id)
    dimensions = {"uniform_tuned": 1, "flat_tuned": 2, "default_init_tuned": 1, "density_tuned": 3}
    (best,) = (t for t in every if t.id == arms["uniform_tuned"].best_trial_id)
    centres = dict.fromkeys(dimensions, 0.05)
    centres["flat_tuned"] = centres["density_tuned"] = best.payload["training"]["lr"]
    for name, dimension in dimensions.items():
        mine = of(every, arms[name], Phase.SEARCH)
        n_trials = 12 * dimension
        assert (arms[name].role, arms[name].sampler) == (Role.TUNED, "random")
        assert len(mine) == arms[name].n_trials == n_trials
        assert {len(t.point) for t in mine} == {dimension}
        rates = [t.payload["training"]["lr"] for t in mine]
        assert all(centres[name] / 8 <= rate <= centres[name] * 8 for rate in rates)
        assert len(set(rates)) == n_trials
        starts = {t.payload["training"]["initialisation"] for t in mine}
        is_default = name == "default_init_tuned"
        assert starts == {"framework" if is_default else "kaiming_fan_out"}
    flat = [t.payload["phi"] for t in of(every, arms["flat_tuned"], Phase.SEARCH)]
    assert all(len({tap for row in phi for tap in row}) == 1 for phi in flat)
    assert {t.payload["phi"] is None for t in of(every, arms["uniform_tuned"], Phase.SEARCH)} == {
        True
    }


def test_a_gradient_study_is_one_training_whose_density_is_judged_fixed(
    database: Database,
) -> None:
    job_id = run_whole(database, training_job(samplers=["gradient", "random"]))
    arms, every = found(database, job_id)
    (trial,) = of(every, arms["gradient"], Phase.SEARCH)
    assert trial.learned == {"groups": {"": [0.625]}, "at_bounds": []}
    assert trial.params["den"] == [0.625]
    tests = of(every, arms["gradient"], Phase.EVALUATION)
    assert len(tests) == 2
    for test in tests:
        assert "gradient" not in test.payload
        assert test.payload["phi"][0][1] == 0.625
    with database.read() as session:
        stored = {d.study_id: d for d in densities.of_job(session, job_id)}
    assert stored[arms["gradient"].id].vector == [0.625]


def test_given_densities_are_arms_by_their_labels(database: Database) -> None:
    job_id = run_whole(database, training_job(samplers=["random"], controls=["uniform", *GIVEN]))
    arms, every = found(database, job_id)
    trials = {name: of(every, arms[name], Phase.SEARCH) for name in ("v1", "v2", "v3")}
    assert all(len(own) == 1 for own in trials.values())
    (first,), (second,), (third,) = trials.values()
    assert first.digest == second.digest  # the same values under two names: trained once
    assert first.params == second.params == {"den": [0.5], "lr": 0.05}
    assert third.params["factor"] == 0.7
    assert all(len(of(every, arms[name], Phase.EVALUATION)) == 2 for name in trials)
    rows = {row["name"]: row for row in report_of(database, job_id)["arms"]}
    assert rows["v1"]["role"] == "control"
    assert rows["v1"]["density"]["den"] == [0.5]
    assert rows["v1"]["test"]["losses"] == rows["v2"]["test"]["losses"]
    assert rows["v3"]["density"]["family"] == "separable"
    with database.read() as session:
        stored = {d.study_id: d for d in densities.of_job(session, job_id)}
    assert stored[arms["v1"].id].vector == [0.5]


def test_repeats_have_seeds_of_their_own_and_the_first_is_the_plain_search(
    sqlite_database: Database,
) -> None:
    plain = run_whole(sqlite_database, function_job(samplers=["direct_l", "tpe"]))
    body = function_job(samplers=["direct_l", "tpe"], repeats=3)
    job_id = run_whole(sqlite_database, body)
    arms, every = found(sqlite_database, job_id)
    assert [(a.name, a.sampler, a.repeat) for a in arms.values()] == [
        ("direct_l", "direct_l", 1),
        ("tpe-1", "tpe", 1),
        ("tpe-2", "tpe", 2),
        ("tpe-3", "tpe", 3),
    ]
    points = {n: [t.point for t in of(every, a, Phase.SEARCH)] for n, a in arms.items()}
    old_arms, old = found(sqlite_database, plain)
    assert points["tpe-1"] == [t.point for t in of(old, old_arms["tpe"], Phase.SEARCH)]
    assert points["tpe-1"] != points["tpe-2"] != points["tpe-3"]


@pytest.mark.parametrize("fidelity", [None, {"search_fraction": 0.5, "promote": 2}])
def test_a_better_speculation_joins_the_evaluation_where_the_spec_says_so(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, fidelity: object
) -> None:
    body = training_job(
        samplers=["direct_l"],
        controls=["uniform"],
        budget={"n_trials": 6},
        use_speculation=True,
        fidelity=fidelity,
    )
    plain_id = run_whole(sqlite_database, body, n_workers=1)
    plain = counted_trials(sqlite_database, plain_id)
    forget(sqlite_database, plain_id)
    optimum = ((6**0.5 - 1) / 4,)  # where `curve_of` is least, in the unit interval

    def speculate(_: object, log: Sequence[Entry], n_free: int) -> tuple[Proposal, ...]:
        guess = Proposal(optimum, None, Certainty.PREDICTED)
        return (guess,) if n_free and all(e.point != optimum for e in log) else ()

    monkeypatch.setattr(DirectL, "speculate", speculate)
    job_id = run_whole(sqlite_database, body, n_workers=8)
    arms, every = found(sqlite_database, job_id)
    arm = arms["direct_l_speculation"]
    (guess,) = [t for t in every if t.number is None and t.state is TrialState.COMPLETED]
    best = next(t for t in every if t.id == arm.best_trial_id)
    assert tuple(best.point) == tuple(guess.point) == optimum
    assert (best.value or 0.0) < (arms["direct_l"].best_value or 0.0)
    assert len(of(every, arm, Phase.EVALUATION)) == 2
    # The sequence and its best are what they are without it.
    rows = [row for row in counted_trials(sqlite_database, job_id) if row[0] != arm.name]
    assert rows == [row for row in plain if row[0] != arm.name]


def test_the_default_sampler_is_the_one_proposed_for_the_dimension(
    sqlite_database: Database,
) -> None:
    body = function_job()
    del body["samplers"]
    job_id = use_cases.submit(sqlite_database, parse.parse(body))[0].id
    arms, _ = found(sqlite_database, job_id)
    assert [arm.sampler for arm in arms.values()] == [samplers.recommended(2)]
