"""What `gradient` learns, and how: its options, the authors' preset, values at a bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.errors import Fault, InvalidSpecError
from service.spec import JobSpec
from service.studies import gradient_settings, payloads, planning
from service.studies.densities import densities_at, learned_densities, of_equal_scale
from service.studies.layer_groups import WHOLE
from service.validation import parse

# The authors' settings one by one, for kernels of 5.
SPELLED = {
    "lr_factor": 100,
    "weight_decay": 0.01,
    "schedule": "warm_restarts",
    "scope": "layer",
    "start": [0.3, 1.5],
}


def body_of(options: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "name": "digits",
        "task": {"kind": "classification"},
        "network": {"kind": "small_cnn", "depth": 2, "kernel_size": 5},
        "training": {"optimizer": "adamw", "lr": 1e-4},
        "samplers": [{"name": "gradient", "options": options}],
        "controls": ["uniform", "flat"],
        "budget": {"n_trials": 5},
    } | changes


def spec_of(options: dict[str, Any], **changes: Any) -> JobSpec:
    return parse.parse(body_of(options, **changes))


def order_of(spec: JobSpec) -> payloads.Order:
    space = planning.space_of(spec, "gradient")
    return payloads.searched(spec, space, "gradient", [0.5] * space.dimension)


def faults_of(options: dict[str, Any], **changes: Any) -> list[Fault]:
    with pytest.raises(InvalidSpecError) as caught:
        spec_of(options, **changes)
    return list(caught.value.faults)


def test_a_job_without_the_newer_options_has_the_payload_it_always_had() -> None:
    """Letter by letter, as before they existed: its digest, and what was trained, stay."""
    spec = spec_of({}, training={"optimizer": "sgd"})
    assert order_of(spec).payload["gradient"] == {
        "family": "symmetric",
        "groups": [
            {
                "name": "",
                "layers": ["features.0.0", "features.1.0"],
                "kernel_size": 5,
                "start": [1.0, 1.0],
                "bounds": [[0.05, 1.0], [0.5, 1.5]],
            }
        ],
        "lr_factor": 0.1,
    }
    defaults = {"weight_decay": 0.0, "schedule": "same", "scope": "job", "start": [1.0, 1.0]}
    spelled = spec_of({"lr_factor": 0.1, **defaults}, training={"optimizer": "sgd"})
    assert order_of(spelled).digest == order_of(spec).digest


def test_the_preset_is_its_options_spelled_out() -> None:
    preset, spelled = order_of(spec_of({"preset": "authors"})), order_of(spec_of(SPELLED))
    assert preset.payload == spelled.payload
    assert preset.digest == spelled.digest
    section = preset.payload["gradient"]
    assert (section["lr_factor"], section["weight_decay"]) == (100.0, 0.01)
    assert section["schedule"] == "warm_restarts"
    assert [group["layers"] for group in section["groups"]] == [["features.0.0"], ["features.1.0"]]
    assert preset.digest != order_of(spec_of({})).digest


@pytest.mark.parametrize("name", SPELLED)
def test_what_is_given_beside_the_preset_counts(name: str) -> None:
    own: dict[str, Any] = {
        "lr_factor": 7.0, "weight_decay": 0.0, "schedule": "constant", "scope": "job",
        "start": [0.9, 0.8],
    }  # fmt: skip
    preset = order_of(spec_of({"preset": "authors", name: own[name]}))
    assert preset.digest == order_of(spec_of(SPELLED | {name: own[name]})).digest
    assert preset.digest != order_of(spec_of(SPELLED)).digest


@pytest.mark.parametrize(
    ("kernel_size", "start"),
    [(3, [0.5]), (5, [0.3, 1.5]), (7, [0.27, 0.17, 0.54]), (9, [1.0] * 4)],
)
def test_the_authors_start_belongs_to_a_kernel_size(kernel_size: int, start: list[float]) -> None:
    network = {"kind": "small_cnn", "depth": 1, "kernel_size": kernel_size}
    wide = {"bounds": [[0.0, 2.0]] * len(start)}
    spec = spec_of({"preset": "authors"}, network=network, density=wide)
    assert order_of(spec).payload["gradient"]["groups"][0]["start"] == start
    narrow = spec_of(
        {"preset": "authors"}, network=network, density={"bounds": [[0.6, 0.7]] * len(start)}
    )
    told = order_of(narrow).payload["gradient"]["groups"][0]["start"]
    assert told == [min(max(value, 0.6), 0.7) for value in start]


def test_each_layer_keeps_the_bounds_that_its_group_has_in_the_job() -> None:
    network = {"kind": "resnet", "n_stages": 2, "depth": 1, "kernel_size": [5, 3]}
    density = {"scope": "stage", "bounds": [[0.1, 1.0], [0.2, 1.1], [0.3, 1.2]]}
    spec = spec_of({"scope": "layer"}, network=network, density=density)
    groups = order_of(spec).payload["gradient"]["groups"]
    assert len(groups) == 5
    expected = {5: [[0.1, 1.0], [0.2, 1.1]], 3: [[0.3, 1.2]]}
    assert all(group["bounds"] == expected[group["kernel_size"]] for group in groups)
    assert {group["kernel_size"] for group in groups} == {3, 5}


def test_what_each_layer_learned_is_judged_in_that_layer() -> None:
    spec = spec_of({"scope": "layer"})
    order = order_of(spec)
    learned = {"groups": {"features.0.0": [0.3, 0.9], "features.1.0": [0.5, 1.2]}}
    test = payloads.evaluated(spec, order.params, order.payload, 0, learned)
    assert list(test.payload["phi"]) == ["features.0.0", "features.1.0"]
    assert test.payload["phi"]["features.1.0"][0][1] == pytest.approx(0.5 * 1.2)
    assert payloads.learned_params(spec, order.params, learned)["densities"] == learned["groups"]


def test_flat_has_the_scale_of_all_layers_that_share_its_factor() -> None:
    spec = spec_of({"scope": "layer"})
    learned = {"groups": {"features.0.0": [0.3, 0.9], "features.1.0": [0.5, 1.2]}}
    found = learned_densities(spec, learned)
    flat = densities_at(spec, "flat", (), of_equal_scale(spec, found))
    taps = [found[name].phi for name in learned["groups"]]
    assert flat[WHOLE].phi == pytest.approx(float(np.sqrt(np.mean(np.square(taps)))))
    shared = learned_densities(spec_of({}), {"groups": {"": [0.3, 0.9]}})
    assert of_equal_scale(spec_of({}), shared)[WHOLE] is shared[WHOLE]


@pytest.mark.parametrize(
    ("options", "changes", "place", "words"),
    [
        ({"preset": "authors"}, {"training": {"optimizer": "sgd"}}, "/preset", "set training.opt"),
        ({"preset": "authors"}, {"training": {"optimizer": "adam"}}, "/preset", "adamw"),
        ({"preset": "authors"}, {"density": {"family": "radial"}}, "/preset", "density.family"),
        ({"preset": "theirs"}, {}, "/preset", "must be authors"),
        ({"preset": None}, {}, "/preset", "must be authors"),
        ({"preset": ["authors"]}, {}, "/preset", "must be authors"),
        ({"schedule": "cosine"}, {}, "/schedule", "same or constant or warm_restarts"),
        ({"scope": "stage"}, {}, "/scope", "job or layer"),
        ({"weight_decay": -0.1}, {}, "/weight_decay", "from 0 to 1"),
        ({"weight_decay": float("nan")}, {}, "/weight_decay", "from 0 to 1"),
        ({"start": 0.5}, {}, "/start", "a list of numbers"),
        ({"start": []}, {}, "/start", "a list of numbers"),
        ({"start": [0.5, "1"]}, {}, "/start", "value 1: must be a number"),
        ({"start": [0.5, float("nan")]}, {}, "/start", "value 1: must be from"),
        ({"start": [True, 1.0]}, {}, "/start", "value 0: must be a number"),
        ({"start": [1.0] * 5000}, {}, "/start", "at most 4096"),
        ({"start": [0.5]}, {}, "/start", "has 1 values, the density of 5x5 kernels 2"),
        ({"start": [0.5, 1.6]}, {}, "/start/1", "1.6 is not within the bounds of 5x5 kernels"),
        ({"start": [10**400, 1.0]}, {}, "/start", "value 0: must be from"),
    ],
)
def test_what_does_not_fit_is_told_at_its_place(
    options: dict[str, Any], changes: dict[str, Any], place: str, words: str
) -> None:
    (fault,) = faults_of(options, **changes)
    assert fault.pointer == f"/samplers/0/options{place}"
    assert words in fault.detail


@pytest.mark.parametrize("density", [{"bounds": [[0.1, 1.0]]}, {"bounds": [[1.0, 0.1]] * 2}])
def test_a_start_beside_bounds_that_are_wrong_themselves_hides_no_fault(
    density: dict[str, Any],
) -> None:
    faults = faults_of({"start": [0.5, 1.0]}, density=density)
    assert any(fault.pointer.startswith("/density/bounds") for fault in faults)


def test_values_at_a_bound_are_named() -> None:
    spec = spec_of({"scope": "layer"})
    learned = {"groups": {"features.0.0": [0.05, 0.9], "features.1.0": [1.0, 1.5]}}
    told = gradient_settings.with_bounds(spec, order_of(spec).payload, learned)
    assert told["groups"] == learned["groups"]
    assert told["at_bounds"] == [
        {"name": "features.0.0 den[0]", "bound": "low", "value": 0.05},
        {"name": "features.1.0 den[0]", "bound": "high", "value": 1.0},
        {"name": "features.1.0 den[1]", "bound": "high", "value": 1.5},
    ]
    words = gradient_settings.bounds_in_words("gradient", told)
    assert words is not None
    assert "3 of 4 learned values ended at their bounds (1 at the lower bound and 2" in words
    inside = {"groups": {"features.0.0": [0.1, 0.9], "features.1.0": [0.9, 1.4]}}
    found = gradient_settings.with_bounds(spec, order_of(spec).payload, inside)
    assert found["at_bounds"] == []
    assert gradient_settings.bounds_in_words("gradient", found) is None
    assert gradient_settings.bounds_in_words("gradient", inside) is None  # of an earlier version
