"""What a spec must satisfy as a whole, and what is filled in where it is silent."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import InvalidSpecError
from service.spec import JobSpec, lower_bound_of
from service.validation import parse
from tests.support import resolved_jobs

TRAINED: dict[str, Any] = {
    "name": "n",
    "task": {"kind": "denoising"},
    "samplers": ["random"],
    "budget": {"n_trials": 3},
}
FUNCTION: dict[str, Any] = {
    **TRAINED,
    "task": {"kind": "function", "name": "branin", "dimension": 2},
}


def _pointers(body: object) -> list[str]:
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse(body)
    return [fault.pointer for fault in caught.value.faults]


def test_a_silent_spec_is_filled() -> None:
    body = {**TRAINED, "network": {"kind": "dncnn", "kernel_size": 5}}
    spec, first = parse.parse(body), parse.parse({**body, "method": 1})
    assert spec.density is not None
    assert first.density is not None
    assert spec.density.bounds == [[0.0, 2.0]] * 2
    # arXiv:2505.24558, ranges for 5x5, outermost first.
    assert first.density.bounds == [[0.05, 1.0], [0.5, 1.5]]
    assert spec.training is not None
    assert (spec.evaluation.looks, spec.evaluation.n_seeds) == ([5, 10, 20], 20)


def test_a_submission_follows_the_newest_method_and_a_stored_spec_its_own() -> None:
    assert parse.parse(TRAINED).method == 2
    first = parse.parse({**TRAINED, "method": 1})
    assert (first.method, parse.stored(first.model_dump(mode="json")).method) == (1, 1)
    newest = parse.parse(TRAINED).model_dump(mode="json")
    assert parse.stored(newest).method == 2
    assert _pointers({**TRAINED, "method": 3}) == ["/method"]


def test_a_function_is_not_evaluated_unless_asked() -> None:
    assert parse.parse(FUNCTION).evaluation.n_seeds == 0
    assert parse.parse({**FUNCTION, "evaluation": {"n_seeds": 2}}).evaluation.n_seeds == 2


def test_a_shared_or_a_whole_gpu_is_fine() -> None:
    for n_gpus in (0.0, 0.25, 1.0):
        resources = {"cpus_per_trial": 0.5, "gpus_per_trial": n_gpus}
        assert parse.parse({**TRAINED, "resources": resources}).resources.gpus_per_trial == n_gpus


@pytest.mark.parametrize("n_gpus", [1.5, 2.0, 64.0])
def test_more_than_one_gpu_is_refused_until_one_training_uses_them(n_gpus: float) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse({**TRAINED, "resources": {"gpus_per_trial": n_gpus}})
    (fault,) = caught.value.faults
    assert fault.pointer == "/resources/gpus_per_trial"
    assert "uses one GPU" in fault.detail
    assert "use 1, or a part of one" in fault.detail


def test_the_worst_value_of_a_function_is_above_what_functions_take() -> None:
    # Rosenbrock at a corner of its domain, from its formula: 100 (-5 - 10^2)^2 + 9^2.
    assert parse.parse(FUNCTION).diverged_value > 100 * (-5 - 10**2) ** 2 + 9**2
    assert parse.parse({**FUNCTION, "diverged_value": 7.0}).diverged_value == 7.0
    assert parse.parse(TRAINED).diverged_value == 1000.0


def test_a_complete_spec_is_its_own_completion() -> None:
    for body in (TRAINED, FUNCTION):
        spec = parse.parse(body)
        assert parse.parse(spec.model_dump(mode="json")) == spec
        assert JobSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"task": {"kind": "function", "name": "branin", "dimension": 3}}, ["/task/dimension"]),
        ({"task": {"kind": "function", "name": "hartmann6"}}, ["/task/dimension"]),
        (
            {"task": {"kind": "function", "name": "rosenbrock", "dimension": 1}},
            ["/task/dimension"],
        ),
        ({"controls": ["uniform"]}, ["/controls"]),
        ({"training": {}, "network": {"kind": "dncnn"}}, ["/network", "/training"]),
    ],
)
def test_a_function_has_its_own_rules(changes: dict[str, Any], pointers: list[str]) -> None:
    assert _pointers({**FUNCTION, **changes}) == pointers


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"network": {"kind": "small_cnn"}}, ["/network/kind"]),
        ({"density": {"family": "gaussian", "bounds": [[0.0, 1.0]]}}, ["/density/bounds/0/0"]),
        ({"density": {"bounds": [[0.0, 2e6]]}}, ["/density/bounds/0"]),
        (
            {"density": {"family": "full"}, "network": {"kind": "dncnn", "kernel_size": 9}},
            ["/density/family"],
        ),
        ({"search": {"epochs": {"low": 1, "high": 3}}}, ["/search/epochs"]),
        ({"search": {"lr": {"low": 0.0, "high": 1.0, "log": True}}}, ["/search/lr/low"]),
        ({"search": {"lr": {"low": -1.0, "high": 1.0}}}, ["/search/lr/low"]),
        ({"search": {"momentum": {"low": 0.0, "high": 1.0}}}, ["/search/momentum/high"]),
        (
            {"search": {"lr": {"choices": [0.1, -1.0, "x"]}}},
            ["/search/lr/choices/1", "/search/lr/choices/2"],
        ),
        ({"search": {"a~b/c": {"low": 0, "high": 1}}}, ["/search/a~0b~1c"]),
        (
            {"controls": [{"name": "flat", "sigma": 1.0}, {"name": "gaussian", "factor": 1.0}]},
            ["/controls/0/sigma", "/controls/1/factor"],
        ),
        ({"controls": ["flat", "flat"]}, ["/controls/1"]),
        ({"diverged_value": -1.0}, ["/diverged_value"]),
        # Ray refuses these, and a hundred processes on a core help nobody.
        ({"resources": {"cpus_per_trial": 0.00001}}, ["/resources/cpus_per_trial"]),
        ({"resources": {"gpus_per_trial": 0.001}}, ["/resources/gpus_per_trial"]),
        ({"resources": {"gpus_per_trial": 1.5}}, ["/resources/gpus_per_trial"]),
    ],
)
def test_sections_must_fit_together(changes: dict[str, Any], pointers: list[str]) -> None:
    assert _pointers({**TRAINED, **changes}) == pointers


def test_a_categorical_search_needs_a_sampler_that_can() -> None:
    search = {"batch_size": {"choices": [16, 64]}}
    assert parse.parse({**TRAINED, "search": search}).samplers[0].name == "random"
    body = {**TRAINED, "search": search, "samplers": ["random", "direct_l"]}
    assert _pointers(body) == ["/samplers/1/name"]


def test_the_space_has_the_density_first_and_the_settings_after() -> None:
    search = {
        "lr": {"low": 0.01, "high": 1.0, "log": True},
        "epochs": {"low": 1, "high": 4, "integer": True},
    }
    space = resolved_jobs.resolved({**TRAINED, "search": search}).spaces.searches
    names = [axis.name for axis in (*space.vector, *space.settings)]
    assert names == ["factor", "den[0]", "lr", "epochs"]
    vector, settings = space.split([0.5, 0.5, 0.5, 0.999])
    assert vector == (1.0, 1.0)  # the middles of [1/8, 8] and of [0, 2]
    assert settings["lr"] == pytest.approx(0.1)  # the middle of a logarithm
    assert settings["epochs"] == 4


def test_losses_are_bounded_below_and_hartmann_is_not() -> None:
    hartmann = {"kind": "function", "name": "hartmann6", "dimension": 6}
    assert lower_bound_of(parse.parse(TRAINED)) == 0.0
    assert lower_bound_of(parse.parse({**FUNCTION, "task": hartmann})) is None


@pytest.mark.parametrize("name", [" ", "   ", "a\nb", "a\x00"])
def test_a_name_that_cannot_be_read_is_refused_in_words(name: str) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse({**FUNCTION, "name": name})
    (fault,) = caught.value.faults
    assert fault.pointer == "/name"
    assert "printable text" in fault.detail


def test_a_name_may_hold_spaces() -> None:
    assert parse.parse({**FUNCTION, "name": " two  words "}).name == " two  words "


def test_a_submission_that_names_no_controls_is_judged_against_a_tuned_plain_network() -> None:
    spec = parse.parse(TRAINED)
    assert [control.name for control in spec.controls] == ["uniform", "uniform_tuned"]
    assert spec.validation_seeds == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"controls": []},
        {"evaluation": {"n_seeds": 0}},
        {"method": 1},
        {"task": FUNCTION["task"]},
    ],
    ids=["none are wanted", "nothing is judged", "the first method", "a function"],
)
def test_others_have_the_controls_that_they_name(changes: dict[str, Any]) -> None:
    spec = parse.parse({**TRAINED, **changes})
    assert (spec.controls, spec.validation_seeds) == ([], 1)


def test_a_searched_rate_is_chosen_by_several_validation_seeds() -> None:
    rates = {"lr": {"low": 0.01, "high": 1.0, "log": True}}
    searched = {**TRAINED, "controls": ["uniform"], "search": rates}
    assert parse.parse(searched).validation_seeds == 3
    assert parse.parse({**searched, "validation_seeds": 1}).validation_seeds == 1
    assert parse.parse({**TRAINED, "controls": ["uniform"]}).validation_seeds == 1


def test_a_stored_spec_keeps_what_it_had() -> None:
    second = {**TRAINED, "method": 2}
    assert parse.stored(second).controls == []
    assert parse.stored(second).validation_seeds == 1
    stored = parse.parse(TRAINED).model_dump(mode="json")
    assert parse.stored(stored).model_dump(mode="json") == stored
    assert "validation_seeds" not in parse.stored(second).model_dump(mode="json")


@pytest.mark.parametrize("n", [0, 21, 1.5, "three"])
def test_validation_seeds_are_a_small_whole_number(n: object) -> None:
    assert _pointers({**TRAINED, "validation_seeds": n}) == ["/validation_seeds"]


def test_a_function_has_no_seeds_to_choose_by() -> None:
    assert _pointers({**FUNCTION, "validation_seeds": 2}) == ["/validation_seeds"]
