"""Decisions: the lights, what they depend on, and what they must not depend on."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from typing import Any

import pytest
from scipy import stats

from service.report.decision import Basis, decide
from service.report.posterior import Belief
from service.report.search_cost import SearchCost

BASIS = Basis(
    task="denoising",
    kernel_sizes=(3,),
    test_split="photos",
    arm="density_tuned",
    against="uniform_tuned",
    outcome="better",
    is_rate_tuned=True,
    n=10,
    n_seeds=10,
    n_arms=4,
    unit="ratio",
    mean=math.log(0.95),
    spread=0.02,
    noise=0.02,
)
COST = SearchCost(n_trainings=96, full_trainings=52.2, core_s=3600.0)


def basis(**changes: Any) -> Basis:
    return replace(BASIS, **changes)


def test_a_gain_that_is_very_likely_is_adopted() -> None:
    found = decide(BASIS, 0.01, COST)
    oracle = stats.t(9, math.log(0.95), 0.02 / math.sqrt(10))
    assert found.light == "adopt"
    assert found.chance == pytest.approx(oracle.cdf(math.log(0.99)))
    assert found.gain == pytest.approx(0.05)
    low, high = oracle.interval(0.95)
    assert (found.low, found.high) == pytest.approx((-math.expm1(high), -math.expm1(low)))
    assert found.words[0].startswith("Adopt the density.")
    assert "96 trainings, as much as 53 in full" in found.words[1]
    assert "5 % lower" in found.words[1]


@pytest.mark.parametrize("mean", [0.01, 0.0, -0.001])
def test_a_gain_that_is_unlikely_is_left_out(mean: float) -> None:
    found = decide(basis(mean=mean, outcome="no difference"), 0.01, COST)
    assert found.light == "leave out"
    assert found.words[0].startswith("Leave the density out.")
    assert found.words[1] == "The search took 96 trainings, as much as 53 in full."


def test_a_density_that_does_not_train_reliably_is_not_adopted() -> None:
    found = decide(basis(n=8, n_lost=2), 0.01, COST)
    assert found.light == "not decided"
    assert found.chance == decide(basis(n=8), 0.01).chance
    assert found.words[0].startswith("Not decided: on 2 of 10 seeds the density's training")
    assert "lower by more than 1 %" in found.words[0]
    assert decide(basis(n_lost=2, mean=0.01), 0.01).words[0].startswith("Leave the density out.")
    stored = {name: value for name, value in asdict(BASIS).items() if name != "n_lost"}
    assert decide(Basis.of(stored), 0.01).light == "adopt"  # of an earlier version


def test_a_larger_margin_is_harder_to_exceed() -> None:
    lights = [decide(BASIS, margin).light for margin in (0.01, 0.05, 0.2)]
    assert (lights[0], lights[2]) == ("adopt", "leave out")
    chances = [decide(BASIS, margin).chance or 0.0 for margin in (0.01, 0.03, 0.05, 0.2)]
    assert chances == sorted(chances, reverse=True)


def test_seeds_that_are_likely_to_decide_are_asked_for() -> None:
    found = decide(basis(mean=-0.016, outcome="not decided"), 0.01, COST)
    assert found.light == "more seeds"
    assert found.more is not None
    assert found.more.n_trainings == 4 * found.more.n_seeds
    assert found.more.chance >= 0.5
    assert found.words[0].startswith(f"Train {found.more.n_seeds} more seeds (")


def test_a_gain_as_large_as_the_margin_takes_too_many_seeds() -> None:
    known = {"mean": math.log(0.99), "spread": 0.02, "outcome": "not decided"}
    small = decide(basis(**known, n=80, n_seeds=80), 0.01)
    assert small.light == "not decided"
    assert "More seeds will hardly help" in small.words[0]
    assert small.more is None


def test_two_pairs_ask_for_five_seeds_at_least() -> None:
    found = decide(basis(n=2, n_seeds=2, mean=-0.02, spread=0.01, outcome="not decided"), 0.01)
    assert found.more is not None
    assert found.more.n_seeds >= 3


def test_a_job_may_have_no_more_seeds() -> None:
    found = decide(basis(mean=math.log(0.99), n=100, n_seeds=100), 0.01)
    assert found.light == "not decided"
    assert "A job may have no more seeds" in found.words[0]


def test_no_density_found_is_left_out_whatever_the_prior() -> None:
    found = decide(
        basis(outcome="none found", mean=0.0, spread=0.0), 0.01, COST, Belief(-0.3, 0.01, 9), "all"
    )
    assert (found.light, found.chance, found.gain) == ("leave out", 0.0, 0.0)
    assert "none was found that is better than the plain network" in found.words[0]


def test_a_density_that_fails_more_often_is_left_out() -> None:
    found = decide(basis(outcome="less reliable"), 0.01)
    assert found.light == "leave out"
    assert "fails more often" in found.words[0]


def test_without_a_tuned_rate_nothing_is_decided() -> None:
    found = decide(basis(is_rate_tuned=False, against="uniform"), 0.01)
    assert found.light == "not decided"
    assert "tuned learning rate" in found.words[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 1, "spread": None},
        {"n": 0, "mean": None, "spread": None},
        {"unit": "difference"},
        {"n": 2, "spread": 0.0},
    ],
)
def test_without_a_probability_nothing_is_decided(changes: dict[str, Any]) -> None:
    found = decide(basis(**changes), 0.01)
    assert (found.light, found.chance, found.gain) == ("not decided", None, None)
    assert found.words[0].startswith("Not decided: ")


def test_shares_have_a_probability_too() -> None:
    found = decide(basis(unit="share", mean=-0.05), 0.01)
    assert found.chance == pytest.approx(stats.t(9, -0.05, 0.02 / math.sqrt(10)).cdf(-0.01))
    assert found.gain == pytest.approx(0.05)


def test_earlier_jobs_pull_a_lucky_gain_back() -> None:
    alone = decide(BASIS, 0.02)
    found = decide(BASIS, 0.02, None, Belief(0.0, 0.01, 5), "this job and 5 earlier ones")
    assert (found.chance or 0.0) < (alone.chance or 0.0)
    assert 0.0 < (found.gain or 0.0) < (alone.gain or 0.0)
    assert ", by this job and 5 earlier ones." in found.words[0]


def test_the_number_of_arms_changes_no_probability() -> None:
    few, many = (decide(basis(n_arms=n, noise=0.001 * n), 0.01) for n in (2, 40))
    assert (few.light, few.chance, few.words) == (many.light, many.chance, many.words)


def test_a_basis_survives_its_report() -> None:
    assert Basis.of(json.loads(json.dumps(asdict(BASIS)))) == BASIS
    assert json.loads(json.dumps(decide(BASIS, 0.01, COST).to_dict()))["light"] == "adopt"
