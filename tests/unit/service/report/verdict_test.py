"""The verdict's words say what the figures say, and no more."""

from __future__ import annotations

import itertools
import re

import pytest

from service.report.effects import effect_of
from service.report.failures import Failures
from service.report.primary import Look, Outcome, PrimaryQuestion, SeedPlan
from service.report.verdict import INFERENCE, VerdictCase, verdict
from tests.support.verdict_cases import judged

ARMS = {"random": -0.05, "uniform": 0.0, "uniform_tuned": -0.07, "flat_tuned": -0.06}
PLAIN = "that of the plain network at its best learning rate"


def said(density: float, **changes: object) -> list[str]:
    arms = {**ARMS, "density_tuned": density}
    findings: list[str] = judged(arms, **changes)["findings"]  # type: ignore[arg-type]
    return findings


def test_a_density_that_is_better() -> None:
    first, ends, *rest = said(-0.13)
    assert re.fullmatch(rf"Use the density\. Its test loss is 6\.\d % lower than {PLAIN}\.", first)
    assert re.fullmatch(r"The true gain is very likely between [456].* % and [678].* %\.", ends)
    assert rest == [INFERENCE]


def test_the_task_s_metric_stands_next_to_the_loss() -> None:
    first = said(-0.13, accuracy=True)[0]
    assert re.search(r"lower \(accuracy 9\d\.\d+ to 9\d\.\d+ %\) than", first)


def test_a_gain_that_a_learning_rate_explains() -> None:
    first, second = said(-0.071, n=20)
    assert first.startswith("Raise the learning rate, leave the density out. From 0.05 to 0.09")
    assert "falls by 7" in first
    assert "no difference that matters: its test loss is within 1 % of " + PLAIN in second


def test_no_density_beat_the_plain_network() -> None:
    same = {"uniform_tuned": "same", "density_tuned": "same"}
    _, second = said(-0.07, sd=0.0, digests=same)
    assert second.startswith("No density tried is better than the plain network at its best")


def test_a_density_that_is_worse() -> None:
    first, second = said(-0.02)
    assert first.startswith("Raise the learning rate, leave the density out.")
    assert re.match(rf"The density's test loss is 5\.\d % higher than {PLAIN}, very", second)


def test_without_an_established_gain_of_the_rate_nothing_is_advised() -> None:
    arms = {"random": 0.0, "uniform": 0.0, "uniform_tuned": -0.001, "density_tuned": 0.05}
    first = judged(arms, sd=0.01)["findings"][0]
    assert first.startswith("Leave the density out. The density's test loss is")


def test_scaled_weights_are_the_better_advice() -> None:
    arms = {**ARMS, "flat_tuned": -0.12, "density_tuned": -0.10}
    first = judged(arms)["findings"][0]
    assert first.startswith("Scale the initial weights by ")
    assert "the spatial shape adds nothing" in first


def test_no_more_is_advised_than_is_established() -> None:
    """Scaled weights won the validation, and are not better than a tuned rate by the test."""
    arms = {**ARMS, "flat_tuned": -0.072, "density_tuned": -0.02}
    first = judged(arms)["findings"][0]
    assert first.startswith("Raise the learning rate, leave the density out. From 0.05 to 0.09")


def test_what_is_not_decided_says_what_could_have_been_seen() -> None:
    first, second = said(-0.071, sd=0.03)
    ends = r"(.*) % lower or (.*) % higher"
    found = rf"Not decided\. The density's test loss may be {ends} than {PLAIN}\."
    assert re.fullmatch(found, first)
    assert re.fullmatch(
        r"With 5 seeds only differences above about \d.* % could be seen\.", second
    )


def test_a_density_that_fails_more_often_is_never_better() -> None:
    (first,) = said(-0.3, lost={"density_tuned": 2})
    assert first == (
        f"Do not use the density. Its training diverged on 1 of 5 seeds, {PLAIN} on 0 of 5."
    )


def test_failures_of_the_plain_network_are_named_with_its_rate() -> None:
    findings = said(-0.13, lost={"uniform_tuned": 2})
    assert findings[0].startswith("Use the density.")
    assert findings[-1] == (
        "uniform_tuned diverged on 1 of 5 seeds at the learning rate 0.09: these are not averaged."
    )


def test_without_a_tuned_control_nothing_is_judged() -> None:
    arms = {"random": -0.2, "uniform": 0.0}
    first, remedy = judged(arms, controls=["uniform"])["findings"]
    assert first.startswith("Not judged against a tuned learning rate. At the job's own rate the")
    assert first.endswith("a better rate alone may do as much.")
    assert remedy == "Add the controls uniform_tuned and density_tuned."


def test_one_seed_decides_nothing() -> None:
    first = said(-0.5, n=1)[0]
    assert first.startswith("Not decided. The density cannot be compared")


OUTCOMES: tuple[Outcome, ...] = (
    "better", "worse", "no difference", "none found", "less reliable", "not decided"
)  # fmt: skip
LOSSES = [
    ({0: 0.9, 1: 1.8, 2: 2.6}, {0: 1.0, 1: 2.0, 2: 3.0}),
    ({0: 1.2, 1: 2.0, 2: 3.1}, {0: 1.0, 1: 2.0, 2: 3.0}),
    ({0: 1.0, 1: 2.0}, {0: 1.0, 1: 2.0}),
    ({0: 0.0, 1: 1.0}, {0: 0.0, 1: 0.0}),
    ({0: -1.0, 1: -1.1}, {0: -2.0, 1: -2.1}),
    ({0: 0.5}, {0: 1.0}),
]


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("is_tuned", [True, False])
@pytest.mark.parametrize("against", ["uniform", "uniform_tuned", "flat", "flat_tuned"])
def test_every_case_has_whole_sentences(outcome: Outcome, is_tuned: bool, against: str) -> None:
    """No p value, no exponent of ten, no word "None", and none that promises help."""
    for ours, theirs in LOSSES:
        effect = effect_of(ours, theirs)
        question = PrimaryQuestion("density_tuned", against, is_tuned, outcome == "none found")
        failures = Failures(5, 1, 1, 1) if outcome == "less reliable" else Failures(5, 0, 0, 0)
        look = Look(5, effect, failures, Failures(5, 0, 0, 0), outcome)
        case = VerdictCase(question, SeedPlan((5,), 0.01), look, 1, [])
        sentences = verdict(case)
        for words in sentences:
            assert words[0].isupper()
            assert words.endswith(".")
            assert not re.search(r"None|\bp \d|\de[-+]\d|helps|  ", words), words
        # A case is told from every other by its first words.
        assert len(sentences[0]) > 20


def test_headings_differ_by_outcome() -> None:
    heads = {}
    for outcome, is_tuned in itertools.product(OUTCOMES, [True, False]):
        question = PrimaryQuestion(
            "density_tuned", "uniform_tuned", is_tuned, is_same_training=False
        )
        look = Look(3, effect_of(*LOSSES[0]), Failures(3, 1, 0, 0), Failures(3, 0, 0, 0), outcome)
        heads[outcome, is_tuned] = verdict(
            VerdictCase(question, SeedPlan((3,), 0.01), look, 1, [])
        )[0]
    assert heads["better", True].startswith("Use the density")
    assert not any(words.startswith("Use") for case, words in heads.items() if not case[1])
    assert not any(heads[o, True].startswith("Use") for o in OUTCOMES if o != "better")


def test_an_open_question_says_what_is_gained_without_a_density() -> None:
    arms = {"uniform": 0.0, "uniform_tuned": -0.2, "flat_tuned": -0.15, "density_tuned": -0.21}
    findings = judged(arms, sd=0.03)["findings"]
    assert findings[0].startswith("Not decided.")
    gained = r"Without a density the test loss falls by \d+ % with the plain network at the "
    assert re.fullmatch(gained + r"learning rate 0\.09\.", findings[2])
