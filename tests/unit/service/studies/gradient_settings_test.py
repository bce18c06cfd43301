"""What `gradient` learns, and how: its options, the authors' preset, values at a bound."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from service.studies import gradient_settings, payloads
from service.studies.densities import densities_at, learned_densities, of_equal_scale
from service.studies.layer_groups import WHOLE
from service.studies.resolved import TrainingJob
from tests.support import resolved_jobs
from tests.support.resolved_jobs import gradient_body
from tests.support.root import ROOT

# The authors' settings one by one, for kernels of 5.
SPELLED = {
    "lr_factor": 100,
    "weight_decay": 0.01,
    "schedule": "warm_restarts",
    "scope": "layer",
    "start": [0.3, 1.5],
}


def job_of(options: dict[str, Any], **changes: Any) -> TrainingJob:
    advised = {"density": {"ranges": "advised"}}
    return resolved_jobs.training(gradient_body(options, **advised | changes))


def order_of(job: TrainingJob) -> payloads.Order:
    space = job.spaces.of("gradient")
    return payloads.searched(job, "gradient", [0.5] * space.dimension)


def test_a_job_without_the_newer_options_has_the_payload_it_always_had() -> None:
    """Letter by letter, as before they existed: its digest, and what was trained, stay."""
    job = job_of({}, training={"optimizer": "sgd"})
    assert order_of(job).payload["gradient"] == {
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
    spelled = job_of({"lr_factor": 0.1, **defaults}, training={"optimizer": "sgd"})
    assert order_of(spelled).digest == order_of(job).digest


def test_the_preset_is_its_options_spelled_out() -> None:
    preset, spelled = order_of(job_of({"preset": "authors"})), order_of(job_of(SPELLED))
    assert preset.payload == spelled.payload
    assert preset.digest == spelled.digest
    section = preset.payload["gradient"]
    assert (section["lr_factor"], section["weight_decay"]) == (100.0, 0.01)
    assert section["schedule"] == "warm_restarts"
    assert [group["layers"] for group in section["groups"]] == [["features.0.0"], ["features.1.0"]]
    assert preset.digest != order_of(job_of({})).digest


def test_the_example_is_the_recipe_of_the_authors() -> None:
    """By layer, AdamW, a hundred times the weights' rate, restarts within its epochs."""
    job = resolved_jobs.training(json.loads((ROOT / "examples" / "authors.json").read_text()))
    payload = order_of(job).payload
    section, training = payload["gradient"], payload["training"]
    assert (training["optimizer"], section["lr_factor"]) == ("adamw", 100.0)
    n_layers = [len(group["layers"]) for group in section["groups"]]
    assert n_layers == [1] * payload["network"]["depth"]
    assert section["schedule"] == "warm_restarts"
    assert training["epochs"] > 10  # the length of the first cycle
    published = {
        "first-release": [0.06, 1.2, 1.6],
        "second-release": [0.25, 0.15, 0.55],
        "trainable-variant": [0.27, 0.17, 0.54],
    }
    assert {name: densities_at(job, name, ())[WHOLE].den for name in published} == published


@pytest.mark.parametrize("name", SPELLED)
def test_what_is_given_beside_the_preset_counts(name: str) -> None:
    own: dict[str, Any] = {
        "lr_factor": 7.0, "weight_decay": 0.0, "schedule": "constant", "scope": "job",
        "start": [0.9, 0.8],
    }  # fmt: skip
    preset = order_of(job_of({"preset": "authors", name: own[name]}))
    assert preset.digest == order_of(job_of(SPELLED | {name: own[name]})).digest
    assert preset.digest != order_of(job_of(SPELLED)).digest


@pytest.mark.parametrize(
    ("kernel_size", "start"),
    [(3, [0.5]), (5, [0.3, 1.5]), (7, [0.27, 0.17, 0.54]), (9, [1.0] * 4)],
)
def test_the_authors_start_belongs_to_a_kernel_size(kernel_size: int, start: list[float]) -> None:
    network = {"kind": "small_cnn", "depth": 1, "kernel_size": kernel_size}
    wide = {"bounds": [[0.0, 2.0]] * len(start)}
    job = job_of({"preset": "authors"}, network=network, density=wide)
    assert order_of(job).payload["gradient"]["groups"][0]["start"] == start
    narrow = job_of(
        {"preset": "authors"}, network=network, density={"bounds": [[0.6, 0.7]] * len(start)}
    )
    told = order_of(narrow).payload["gradient"]["groups"][0]["start"]
    assert told == [min(max(value, 0.6), 0.7) for value in start]


def test_each_layer_keeps_the_bounds_that_its_group_has_in_the_job() -> None:
    network = {"kind": "resnet", "n_stages": 2, "depth": 1, "kernel_size": [5, 3]}
    density = {"scope": "stage", "bounds": [[0.1, 1.0], [0.2, 1.1], [0.3, 1.2]]}
    job = job_of({"scope": "layer"}, network=network, density=density)
    groups = order_of(job).payload["gradient"]["groups"]
    assert len(groups) == 5
    expected = {5: [[0.1, 1.0], [0.2, 1.1]], 3: [[0.3, 1.2]]}
    assert all(group["bounds"] == expected[group["kernel_size"]] for group in groups)
    assert {group["kernel_size"] for group in groups} == {3, 5}


def test_what_each_layer_learned_is_judged_in_that_layer() -> None:
    job = job_of({"scope": "layer"})
    order = order_of(job)
    learned = {"groups": {"features.0.0": [0.3, 0.9], "features.1.0": [0.5, 1.2]}}
    test = payloads.evaluated(job, order.params, order.payload, 0, learned)
    assert list(test.payload["phi"]) == ["features.0.0", "features.1.0"]
    assert test.payload["phi"]["features.1.0"][0][1] == pytest.approx(0.5 * 1.2)
    assert payloads.learned_params(job, order.params, learned)["densities"] == learned["groups"]


def test_flat_has_the_scale_of_all_layers_that_share_its_factor() -> None:
    job = job_of({"scope": "layer"})
    learned = {"groups": {"features.0.0": [0.3, 0.9], "features.1.0": [0.5, 1.2]}}
    found = learned_densities(job, learned)
    flat = densities_at(job, "flat", (), of_equal_scale(job, found))
    taps = [found[name].phi for name in learned["groups"]]
    assert flat[WHOLE].phi == pytest.approx(float(np.sqrt(np.mean(np.square(taps)))))
    shared = learned_densities(job_of({}), {"groups": {"": [0.3, 0.9]}})
    assert of_equal_scale(job_of({}), shared)[WHOLE] is shared[WHOLE]


def test_values_at_a_bound_are_named() -> None:
    job = job_of({"scope": "layer"})
    learned = {"groups": {"features.0.0": [0.05, 0.9], "features.1.0": [1.0, 1.5]}}
    told = gradient_settings.with_bounds(job, order_of(job).payload, learned)
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
    found = gradient_settings.with_bounds(job, order_of(job).payload, inside)
    assert found["at_bounds"] == []
    assert gradient_settings.bounds_in_words("gradient", found) is None
    assert gradient_settings.bounds_in_words("gradient", inside) is None  # of an earlier version
