"""Rules of samplers, controls, promotion and pruning: each fault at its field, with a remedy."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import Fault, InvalidSpecError
from service.validation import parse

TRAINED: dict[str, Any] = {
    "name": "n",
    "task": {"kind": "denoising"},
    "samplers": ["random"],
    "budget": {"n_trials": 8},
    "training": {"epochs": 6},
}
SHORT = {"search_fraction": 0.5}
CHOICES = {"batch_size": {"choices": [16, 64]}}


def faults(**changes: Any) -> list[Fault]:
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse({**TRAINED, **changes})
    return list(caught.value.faults)


def tuned(name: str = "uniform_tuned", **more: Any) -> list[dict[str, Any]]:
    return [{"name": name, **more}]


@pytest.mark.parametrize(
    ("changes", "pointer", "words"),
    [
        # Samplers
        ({"samplers": ["cma"]}, "/samplers/0/name", "'cma'"),
        ({"samplers": ["random", "random"]}, "/samplers/1/name", "listed twice"),
        ({"samplers": ["direct_l"], "search": CHOICES}, "/samplers/0/name", "sampler that can"),
        (
            {"samplers": [{"name": "tpe", "options": {"size": 1}}]},
            "/samplers/0/options/size",
            "tpe has no such option",
        ),
        ({"use_speculation": True}, "/use_speculation", "none of the samplers runs ahead"),
        ({"samplers": ["direct_l"], "repeats": 2}, "/repeats", "none of the samplers has random"),
        ({"sampler_packages": {"mine": "m 1.0"}}, "/sampler_packages/mine", "leave"),
        # Controls
        ({"controls": ["flat", "flat"]}, "/controls/1", "listed twice"),
        ({"controls": [{"name": "flat", "sigma": 1.0}]}, "/controls/0/sigma", "gaussian alone"),
        ({"controls": tuned(sampler="cma")}, "/controls/0/sampler", "'cma'"),
        ({"controls": tuned(sampler="gradient")}, "/controls/0/sampler", "tunes no learning rate"),
        (
            {"controls": tuned(sampler="direct_l"), "search": CHOICES},
            "/controls/0/sampler",
            "sampler that can",
        ),
        ({"controls": tuned(lr={"low": 0.2, "high": 0.1})}, "/controls/0/lr", "not below high"),
        (
            {"controls": ["density_tuned"], "search": {"lr": {"low": 0.01, "high": 0.1}}},
            "/controls/0",
            "leave density_tuned out",
        ),
        # Short trainings
        (
            {"fidelity": {"search_fraction": 0.5, "promote": 9}},
            "/fidelity/promote",
            "9 cannot be promoted of 8 trials",
        ),
        (
            {"fidelity": {"search_fraction": 0.5, "promote": 3, "audit": 6}},
            "/fidelity/audit",
            "3 promoted and 6 audited are more than 8 trials: use at most 5",
        ),
        (
            {"fidelity": {"search_fraction": 0.5}, "training": {"epochs": 1}},
            "/fidelity",
            "cannot be shortened",
        ),
        (
            {"pruning": {"rule": "median"}, "training": {"epochs": 2}},
            "/pruning",
            "too few to stop one early",
        ),
        (
            {"pruning": {"rule": "median", "warmup_epochs": 5}},
            "/pruning/warmup_epochs",
            "use at most 4",
        ),
        (
            {"pruning": {"rule": "halving", "min_epochs": 6}},
            "/pruning/min_epochs",
            "use at most 5",
        ),
        (
            {"pruning": {"rule": "halving"}, "samplers": [{"name": "tune:bayesopt"}]},
            "/pruning/rule",
            "tune:bayesopt has rounds of 1",
        ),
        # Warm starts
        ({"warm_start": {}}, "/warm_start", "name densities of earlier jobs, or give vectors"),
        ({"warm_start": {"vectors": [[1.0]]}}, "/warm_start", "none of the samplers can use it"),
        (
            {"warm_start": {"vectors": [[1.0, 2.0]]}, "samplers": ["tpe"]},
            "/warm_start/vectors/0",
            "has 2 values",
        ),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    changes: dict[str, Any], pointer: str, words: str
) -> None:
    details = [fault.detail for fault in faults(**changes) if fault.pointer == pointer]
    assert any(words in detail for detail in details)


def test_the_last_epoch_that_a_rule_may_wait_for_is_allowed() -> None:
    for pruning in (
        {"rule": "median", "warmup_epochs": 4},
        {"rule": "halving", "min_epochs": 5},
    ):
        assert parse.parse({**TRAINED, "pruning": pruning}).pruning is not None


def test_a_sampler_that_does_not_exist_hides_no_fault_of_its_neighbours() -> None:
    found = faults(
        samplers=["cma", {"name": "tpe", "options": {"size": 1}}],
        controls=tuned(lr={"low": 2.0, "high": 1.0}, sampler="cma"),
    )
    assert {fault.pointer for fault in found} == {
        "/samplers/0/name",
        "/samplers/1/options/size",
        "/controls/0/lr",
        "/controls/0/sampler",
    }
