"""Densities by layer, and densities learned with the weights, in whole trainings."""

from __future__ import annotations

import math
from typing import Any

import pytest
from safetensors.torch import load

from densearch.density import families
from densearch.nn.operator import DensityError
from tests.support.trainings import (
    DENOISING,
    DIGITS,
    DNCNN,
    PHI,
    SMALL_CNN,
    learning,
    run,
    task,
)
from workers.training.preparation import prepare
from workers.training.task import Status

TINY = {**DENOISING, "n_patches": 64}


def nested(family: str, vector: list[float], kernel_size: int = 3) -> tuple[Any, ...]:
    return tuple(map(tuple, families.build(family, kernel_size, vector).phi.tolist()))


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("family", families.FAMILIES)
def test_a_density_at_rest_is_the_fixed_one_in_every_bit(family: str, optimizer: str) -> None:
    section = {**learning(DNCNN, family), "lr_factor": 0.0}
    settings = {"optimizer": optimizer, "lr": 0.01, "weight_decay": 0.01, "epochs": 1}
    learned = run(task(TINY, phi=None, gradient=section, training=settings, keep_weights=True))[1]
    start = section["groups"][0]["start"]
    phi = nested(family, start)
    fixed = run(task(TINY, phi=phi, training=settings, keep_weights=True))[1]
    assert learned.value == fixed.value
    assert learned.weights == fixed.weights
    assert learned.learned == {"groups": {"": start}}
    assert fixed.learned is None


def test_a_learned_density_moves_within_its_bounds_the_same_way_twice() -> None:
    asked = task(DIGITS, phi=None, gradient=learning(SMALL_CNN), training={"epochs": 4})
    first, second = run(asked)[1], run(asked)[1]
    assert first.value == second.value
    assert first.learned == second.learned
    assert first.learned is not None
    (value,) = first.learned["groups"][""]
    assert 0.1 <= value <= 2.0
    assert abs(value - 0.8) > 1e-3


def test_bounds_hold_in_a_training_that_pushes_against_them() -> None:
    tight = learning(SMALL_CNN, "full", bounds=[[0.79, 0.81]] * 8) | {"lr_factor": 100.0}
    outcome = run(task(DIGITS, phi=None, gradient=tight))[1]
    assert outcome.learned is not None
    values = outcome.learned["groups"][""]
    assert all(0.79 <= value <= 0.81 for value in values)
    assert {0.79, 0.81} & set(values)


def test_the_weights_kept_are_folded_with_the_learned_density() -> None:
    """The weights hardly move, the density does: kept weights are initial ones times Phi."""
    slow = {"lr": 1e-9, "epochs": 2}
    section = learning(SMALL_CNN) | {"lr_factor": 1e8}
    moved = task(DIGITS, phi=None, gradient=section, training=slow, keep_weights=True)
    outcome = run(moved)[1]
    plain = run(task(DIGITS, phi=None, training=slow, keep_weights=True))[1]
    assert outcome.weights is not None
    assert plain.weights is not None
    assert outcome.learned is not None
    found = outcome.learned["groups"][""]
    phi = families.build("symmetric", 3, found).phi
    assert abs(found[0] - 0.8) > 1e-3
    kept, initial = load(outcome.weights), load(plain.weights)
    assert set(kept) == set(initial)
    for layer in ("features.0.0.weight", "features.1.0.weight"):
        ratio = (kept[layer] / initial[layer]).double().numpy()
        assert ratio == pytest.approx(
            phi[None, None].repeat(len(ratio), 0).repeat(ratio.shape[1], 1), rel=1e-3
        )


def test_each_layer_learns_its_own() -> None:
    outcome = run(task(TINY, phi=None, gradient=learning(DNCNN, scope="layer")))[1]
    assert outcome.learned is not None
    layers = outcome.learned["groups"]
    assert list(layers) == ["0", "2", "5"]
    assert len({values[0] for values in layers.values()}) == 3


def test_what_was_learned_by_layer_can_be_trained_as_fixed() -> None:
    layers = {"0": [0.5], "2": [0.9], "5": [1.3]}
    phi = {name: nested("symmetric", vector) for name, vector in layers.items()}
    outcome = run(task(TINY, phi=phi))[1]
    assert outcome.status is Status.COMPLETED
    same = dict.fromkeys(layers, PHI)
    assert run(task(TINY, phi=same))[1].value == run(task(TINY, phi=PHI))[1].value != outcome.value
    one = {"2": PHI}
    assert run(task(TINY, phi=one))[1].value != run(task(TINY, phi=PHI))[1].value


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"phi": {"0": PHI, "9": PHI}}, "no layer '9'"),
        ({"phi": {"1": PHI}}, "layer '1' is a ReLU"),
        ({"phi": {"0": nested("symmetric", [0.5, 0.5], 5)}}, r"layer '0'.*\(5, 5\)"),
        ({"phi": None, "gradient": learning({**DNCNN, "kernel_size": 5})}, r"'0'.*\(5, 5\)"),
        ({"phi": None, "gradient": learning(SMALL_CNN)}, "no convolution 'features.0.0'"),
    ],
)
def test_densities_that_fit_no_layer_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DensityError, match=message):
        run(task(TINY, network=DNCNN, **changes))


def test_a_density_is_given_or_learned() -> None:
    with pytest.raises(ValueError, match="given or learned, not both"):
        run(task(TINY, gradient=learning(DNCNN)))


def test_the_authors_settings_reach_the_optimizer() -> None:
    """Rates, decay and the schedule of the density alone, as a training's own steps find them."""
    section = learning(SMALL_CNN, scope="layer") | {
        "lr_factor": 100.0, "weight_decay": 0.01, "schedule": "warm_restarts",
    }  # fmt: skip
    settings = {"optimizer": "adamw", "lr": 1e-4, "schedule": "cosine", "epochs": 30}
    parts = prepare(task(DIGITS, phi=None, gradient=section, training=settings))
    weights, densities = parts.optimizer.param_groups
    assert (weights["weight_decay"], densities["weight_decay"]) == (0.0, 0.01)
    assert len(densities["params"]) == 2
    n_batches = parts.objective.n_batches(32)
    rates = {}
    for step in range(12 * n_batches):
        rates[step // n_batches] = densities["lr"]
        parts.optimizer.step()
        parts.schedule.step()
    expected = [0.005 * (1 + math.cos(math.pi * epoch / 10)) for epoch in range(10)]
    assert [rates[epoch] for epoch in range(10)] == pytest.approx(expected)
    assert rates[10] == pytest.approx(0.01)
    assert rates[11] == pytest.approx(0.005 * (1 + math.cos(math.pi / 20)))


def test_decay_pulls_a_learned_density_down() -> None:
    """All else equal, in a training of its own; the rate is the one that decays it by a third."""
    section = learning(SMALL_CNN) | {"lr_factor": 10.0}
    settings = {"optimizer": "adamw", "lr": 1e-3, "epochs": 1}
    plain = run(task(DIGITS, phi=None, gradient=section, training=settings))[1]
    decayed = run(
        task(DIGITS, phi=None, gradient=section | {"weight_decay": 1.0}, training=settings)
    )[1]
    assert plain.learned is not None
    assert decayed.learned is not None
    assert decayed.learned["groups"][""][0] < plain.learned["groups"][""][0] - 0.1


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("initialisation", ["framework", "kaiming_fan_in", "kaiming_fan_out"])
def test_optimizers_and_initialisations_learn(optimizer: str, initialisation: str) -> None:
    lr = 0.02 if optimizer == "sgd" else 0.005
    settings = {"optimizer": optimizer, "lr": lr, "initialisation": initialisation, "epochs": 5}
    outcome = run(task(DIGITS, phi=None, training=settings))[1]
    assert outcome.metrics["accuracy"] > 0.6  # by chance 0.1; seeds range from 0.74 to 0.95


def test_a_training_starts_from_the_initialisation_it_names() -> None:
    """At a rate that moves nothing: Kaiming's biases are 0, and its two fans differ in scale."""
    still = {"lr": 1e-12, "epochs": 1}
    kept = {}
    for name in ("framework", "kaiming_fan_in", "kaiming_fan_out"):
        asked = task(
            DIGITS, phi=None, training={**still, "initialisation": name}, keep_weights=True
        )
        weights = run(asked)[1].weights
        assert weights is not None
        kept[name] = load(weights)
    default = run(task(DIGITS, phi=None, training=still, keep_weights=True))[1].weights
    assert default is not None
    assert (load(default)["head.weight"] == kept["framework"]["head.weight"]).all()
    assert float(kept["framework"]["head.bias"].abs().max()) > 0.01
    assert float(kept["kaiming_fan_in"]["head.bias"].abs().max()) < 1e-6
    # The head has 16 inputs and 10 outputs.
    ratio = kept["kaiming_fan_in"]["head.weight"] / kept["kaiming_fan_out"]["head.weight"]
    assert ratio.numpy() == pytest.approx((10 / 16) ** 0.5, rel=1e-3)
