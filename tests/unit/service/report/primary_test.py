"""Which two arms are compared, when, and what follows."""

from __future__ import annotations

import dataclasses
import random

import pytest

from service.report.failures import Failures
from service.report.primary import (
    Chosen,
    PrimaryQuestion,
    SeedPlan,
    look_at,
    looks_at,
    question_of,
    seeds_wanted,
)
from service.spec import Evaluation
from service.states import Role, TrialState
from tests.support.report_records import Log, spec_of

PAIR = PrimaryQuestion(
    "density_tuned", "uniform_tuned", is_rate_tuned=True, is_same_training=False
)
NONE = Failures(5, 0, 0, 0)


def arm(name: str, value: float, role: Role = Role.TUNED, **changes: object) -> Chosen:
    made = Chosen(name, role, value, digest=name, tunes_rate=name.endswith("_tuned"))
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


SEARCH = arm("direct_l", 0.8, Role.SEARCH)
UNIFORM = arm("uniform", 1.0, Role.CONTROL)


class TestQuestion:
    def test_a_tuned_density_is_asked_about_before_one_at_a_fixed_rate(self) -> None:
        arms = [SEARCH, UNIFORM, arm("uniform_tuned", 0.9), arm("density_tuned", 0.85)]
        assert question_of(arms) == PrimaryQuestion(
            "density_tuned", "uniform_tuned", is_rate_tuned=True, is_same_training=False
        )

    def test_the_best_simpler_arm_is_chosen_by_validation(self) -> None:
        arms = [UNIFORM, arm("uniform_tuned", 0.9), arm("flat_tuned", 0.7)]
        found = question_of([*arms, arm("density_tuned", 0.85)])
        assert found is not None
        assert found.against == "flat_tuned"

    def test_equals_go_to_the_simpler_arm_whatever_their_order(self) -> None:
        arms = [arm("flat_tuned", 0.9), arm("uniform_tuned", 0.9), UNIFORM, SEARCH]
        for seed in range(5):
            random.Random(seed).shuffle(arms)
            found = question_of(arms)
            assert found is not None
            assert found.against == "uniform_tuned"

    def test_further_arms_change_nothing(self) -> None:
        arms = [SEARCH, UNIFORM, arm("uniform_tuned", 0.9)]
        more = [arm("linear", 0.1, Role.CONTROL), arm("gaussian", 0.1, Role.CONTROL)]
        assert question_of([*more, *arms]) == question_of(arms)

    def test_only_a_tuned_control_makes_a_judgement(self) -> None:
        found = question_of([SEARCH, UNIFORM])
        assert found is not None
        assert not found.is_rate_tuned

    def test_the_same_training_is_recognised_by_its_digest(self) -> None:
        arms = [UNIFORM, arm("uniform_tuned", 0.9), arm("density_tuned", 0.9)]
        same = [arms[0], arms[1], dataclasses.replace(arms[2], digest="uniform_tuned")]
        assert not question_of(arms).is_same_training  # type: ignore[union-attr]
        assert question_of(same).is_same_training  # type: ignore[union-attr]

    @pytest.mark.parametrize("arms", [[], [SEARCH], [UNIFORM], [arm("linear", 1.0)]])
    def test_there_may_be_nothing_to_ask(self, arms: list[Chosen]) -> None:
        assert question_of(arms) is None


class TestPlan:
    def test_a_number_of_seeds_is_one_look(self) -> None:
        assert SeedPlan.of(Evaluation(n_seeds=7)) == SeedPlan((7,), 0.01)
        assert SeedPlan.of(Evaluation(n_seeds=7)).level == 0.05
        assert SeedPlan.of(Evaluation(n_seeds=0)).looks == ()

    def test_looks_share_the_level(self) -> None:
        plan = SeedPlan.of(Evaluation(n_seeds=20, looks=[5, 10, 20], margin_percent=2.0))
        assert (plan.looks, plan.margin, plan.level) == ((5, 10, 20), 0.02, 0.0195)


def outcome(ratio: float, *, own: Failures = NONE, other: Failures = NONE, **changes: bool) -> str:
    luck = [1.0, 1.1, 0.9, 1.05, 0.95]
    wobble = [1.001, 0.999, 1.0, 1.002, 0.998]
    losses = {
        "uniform_tuned": dict(enumerate(luck)),
        "density_tuned": {
            s: ratio * x * w for s, (x, w) in enumerate(zip(luck, wobble, strict=True))
        },
    }
    question = dataclasses.replace(PAIR, **changes)  # type: ignore[arg-type]
    failures = {"density_tuned": own, "uniform_tuned": other}
    return look_at(question, SeedPlan((5,), 0.01), 5, losses, failures).outcome


class TestOutcome:
    @pytest.mark.parametrize(
        ("ratio", "word"),
        [(0.9, "better"), (1.1, "worse"), (1.0, "no difference"), (0.995, "no difference")],
    )
    def test_the_interval_decides(self, ratio: float, word: str) -> None:
        assert outcome(ratio) == word

    def test_a_density_that_fails_more_often_is_never_better(self) -> None:
        assert outcome(0.5, own=Failures(5, 1, 0, 0)) == "less reliable"
        assert outcome(0.5, own=Failures(5, 0, 1, 0), other=Failures(5, 1, 0, 0)) == "better"

    def test_errors_of_machines_are_no_failures_of_training(self) -> None:
        assert outcome(0.5, own=Failures(5, 0, 0, 1)) == "better"

    def test_the_same_training_is_no_density(self) -> None:
        assert outcome(1.0, is_same_training=True) == "none found"


class TestLooks:
    plan = SeedPlan((2, 4), 0.01)

    def log(self, density: list[float | None]) -> Log:
        log = Log(spec_of())
        log.tests("uniform", *[1.0] * len(density))
        log.tests("random", *density)
        return log

    def taken(self, log: Log) -> list[tuple[int, str]]:
        question = dataclasses.replace(PAIR, arm="random", against="uniform")
        tested = {
            name: [t for t in log.trials if t.study_id == log.studies[name].id]
            for name in ("uniform", "random")
        }
        looks = looks_at(question, self.plan, tested)
        self.wanted = seeds_wanted(looks, self.plan)
        return [(look.n_seeds, look.outcome) for look in looks]

    def test_the_first_that_decides_is_the_last(self) -> None:
        assert self.taken(self.log([0.5, 0.501, 9.0, 9.0])) == [(2, "better")]
        assert self.wanted == 2

    def test_the_next_follows_one_that_does_not(self) -> None:
        assert self.taken(self.log([0.5, 1.5])) == [(2, "not decided")]
        assert self.wanted == 4

    def test_the_cap_ends_them(self) -> None:
        log = self.log([0.5, 1.5, 0.6, 1.4])
        assert self.taken(log) == [(2, "not decided"), (4, "not decided")]
        assert self.wanted == 4

    def test_a_training_that_runs_is_waited_for(self) -> None:
        log = self.log([0.5, 0.501])
        log.trials[-1] = dataclasses.replace(log.trials[-1], state=TrialState.RUNNING, value=None)
        assert self.taken(log) == []
        assert self.wanted == 2

    def test_the_order_of_arrival_changes_nothing(self) -> None:
        log = self.log([0.5, 1.5, 0.6, 0.7])
        before = self.taken(log)
        for seed in range(5):
            random.Random(seed).shuffle(log.trials)
            assert self.taken(log) == before

    def test_a_failed_training_has_ended(self) -> None:
        log = self.log([0.5, 0.501])
        failed = dataclasses.replace(log.trials[0], state=TrialState.FAILED, value=None)
        log.trials[0] = failed
        assert self.taken(log) == [(2, "not decided")]
