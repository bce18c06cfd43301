"""What a gain is due to, on losses made from known effects."""

from __future__ import annotations

import math

import pytest

from service.report.attribution import Attribution, Part, attribute

# Losses made of a seed's level and an effect of each arm, so that the parts are known.
SEEDS = {0: 1.00, 1: 1.10, 2: 0.90, 3: 1.05, 4: 0.95}
WOBBLE = (0.001, -0.001, 0.002, -0.002, 0.0)


def arm(
    effect: float, seeds: tuple[int, ...] = (0, 1, 2, 3, 4), turn: int = 0
) -> dict[int, float]:
    """Losses `effect` of uniform's below it, up to a wobble that differs by `turn`."""
    wobble = {s: WOBBLE[(s + turn) % 5] if turn else 0.0 for s in seeds}
    return {s: SEEDS[s] * (1.0 - effect) * math.exp(wobble[s]) for s in seeds}


def saved(after: float, before: float = 0.0) -> float:
    """The share that one more factor saves of the loss of the arm before it."""
    return 1.0 - (1.0 - after) / (1.0 - before)


UNIFORM = arm(0.0)
TUNED = {
    "uniform": UNIFORM,
    "uniform_tuned": arm(0.10, turn=1),
    "flat_tuned": arm(0.15, turn=2),
    "density_tuned": arm(0.15, turn=3),
    "direct_l": arm(0.12, turn=4),
}


def attributed(losses: dict[str, dict[int, float]], tuned: str | None) -> Attribution:
    found = attribute(losses, "direct_l", tuned)
    assert found is not None
    return found


def test_the_parts_of_a_tuned_comparison() -> None:
    found = attributed(TUNED, "density_tuned")
    assert found.arm == "density_tuned"
    assert [part.names for part in found.parts] == [
        ("learning rate",),
        ("scale of the weights",),
        ("spatial shape",),
    ]
    # The five wobbles sum to 0, so that the mean logs are those of the effects.
    assert [part.relative for part in found.parts] == pytest.approx(
        [saved(0.10), saved(0.15, 0.10), 0.0], abs=1e-12
    )
    assert [part.is_significant for part in found.parts] == [True, True, False]
    assert [part.n for part in found.parts] == [5, 5, 5]
    assert found.missing == ("default_init_tuned",)


def test_the_density_is_held_against_a_tuned_plain_convolution() -> None:
    """Scale and shape together: what no learning rate gives."""
    (beyond,) = attributed(TUNED, "density_tuned").beside
    assert (beyond.arm, beyond.against) == ("density_tuned", "uniform_tuned")
    assert beyond.relative == pytest.approx(saved(0.15, 0.10))
    assert beyond.is_significant


def multiplies(found: Attribution) -> bool:
    left = math.prod(1.0 - part.relative for part in found.parts)
    return left == pytest.approx(1.0 - found.gain.relative, abs=1e-12)


def test_parts_multiply_on_the_seeds_that_all_arms_have() -> None:
    losses = {
        "uniform": {0: 5.0, 1: 1.0, 2: 2.0, 3: 3.0},
        "uniform_tuned": {1: 0.9, 2: 1.7, 3: 2.0, 9: 8.0},
        "flat_tuned": {1: 0.7, 3: 1.9},
        "direct_l": {0: 1.0, 1: 0.5, 2: 1.0, 3: 1.5},
    }
    found = attributed(losses, "direct_l")
    # Seeds 1 and 3: root of the products of the ratios.
    assert [part.n for part in (found.gain, *found.parts)] == [2, 2, 2, 2]
    assert [part.relative for part in found.parts] == pytest.approx(
        [
            1 - math.sqrt(0.9 * 2 / 3),
            1 - math.sqrt(7 / 9 * 1.9 / 2),
            1 - math.sqrt(5 / 7 * 1.5 / 1.9),
        ]
    )
    assert found.gain.relative == pytest.approx(0.5)
    assert multiplies(found)


def test_the_ends_of_a_gain_are_students() -> None:
    """The sleep data of Student (1908), as log losses: 1.58 more, 0.70 to 2.46, p 0.0028."""
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    losses = {
        "uniform": {seed: math.exp(hours) for seed, hours in enumerate(second)},
        "direct_l": {seed: math.exp(hours) for seed, hours in enumerate(first)},
    }
    gain = attributed(losses, None).gain
    assert gain.relative == pytest.approx(-math.expm1(-1.58))
    assert gain.relative_low == pytest.approx(-math.expm1(-0.7001142))
    assert gain.relative_high == pytest.approx(-math.expm1(-2.4598858))
    assert gain.p == pytest.approx(0.002833, abs=5e-7)


def test_parts_and_comparisons_outside_the_chain_are_one_family() -> None:
    """Each interval is at the level of its step: with more parts it is wider."""
    losses = {"uniform": UNIFORM, "direct_l": arm(0.002, turn=4)}
    (alone,) = attributed(losses, None).parts
    assert alone.level == 0.05
    found = attributed({**TUNED, "default_init_tuned": arm(0.13, turn=2)}, "density_tuned")
    family = [*found.parts, *found.beside]
    assert len(family) == 5
    levels = sorted(part.level for part in family)
    assert levels[0] == pytest.approx(0.01)
    assert levels[-1] <= 0.05
    assert [p.is_significant for p in family] == [(p.p or 0.0) <= p.level for p in family]


def test_looks_take_a_part_of_the_level() -> None:
    found = attribute(TUNED, "direct_l", "density_tuned", 0.0195)
    assert found is not None
    assert found.gain.level == 0.0195
    assert max(part.level for part in found.parts) <= 0.0195


@pytest.mark.parametrize(
    ("left_out", "names"),
    [
        ("uniform_tuned", [("learning rate", "scale of the weights"), ("spatial shape",)]),
        ("flat_tuned", [("learning rate",), ("scale of the weights", "spatial shape")]),
    ],
)
def test_what_a_missing_arm_would_have_parted_stays_together(
    left_out: str, names: list[tuple[str, ...]]
) -> None:
    found = attributed({n: v for n, v in TUNED.items() if n != left_out}, "density_tuned")
    assert [part.names for part in found.parts] == names
    assert left_out in found.missing
    assert multiplies(found)


def test_an_arm_that_diverged_on_every_seed_is_as_good_as_missing() -> None:
    found = attributed({**TUNED, "flat_tuned": {}}, "density_tuned")
    assert "flat_tuned" in found.missing
    assert multiplies(found)


def test_without_a_tuned_density_the_arms_at_the_job_s_rate_are_parted() -> None:
    losses = {"uniform": UNIFORM, "flat": arm(0.08, turn=1), "direct_l": arm(0.12, turn=2)}
    found = attributed(losses, None)
    assert not found.is_rate_tuned
    assert [part.names for part in found.parts] == [("scale of the weights",), ("spatial shape",)]
    assert [part.relative for part in found.parts] == pytest.approx([0.08, saved(0.12, 0.08)])
    assert found.missing == ("density_tuned", "uniform_tuned", "flat_tuned", "default_init_tuned")
    assert found.beside == ()


def test_a_tuned_plain_convolution_stands_beside_an_untuned_density() -> None:
    found = attributed(
        {"uniform": UNIFORM, "uniform_tuned": arm(0.10, turn=1), "direct_l": arm(0.12, turn=2)},
        "density_tuned",  # it was asked for, and diverged on every seed
    )
    assert found.arm == "direct_l"
    assert [part.names for part in found.parts] == [("scale of the weights", "spatial shape")]
    rate, beyond = found.beside
    assert (rate.names, rate.arm, rate.against) == (("learning rate",), "uniform_tuned", "uniform")
    assert rate.relative == pytest.approx(0.10)
    assert (beyond.arm, beyond.against) == ("direct_l", "uniform_tuned")
    assert beyond.relative == pytest.approx(saved(0.12, 0.10))


def test_the_initialisation_stands_beside() -> None:
    losses = {**TUNED, "default_init_tuned": arm(0.13, (1, 2, 3), turn=2)}
    part = attributed(losses, "density_tuned").beside[-1]
    assert (part.names, part.against, part.n) == (("initialisation",), "uniform_tuned", 3)
    logs = [
        math.log(losses["default_init_tuned"][s] / TUNED["uniform_tuned"][s]) for s in (1, 2, 3)
    ]
    assert part.relative == pytest.approx(-math.expm1(sum(logs) / 3))


@pytest.mark.parametrize(
    "losses",
    [
        {"direct_l": UNIFORM},
        {"uniform": UNIFORM},
        {"uniform": {}, "direct_l": UNIFORM},
        {"uniform": {0: 1.0}, "direct_l": {1: 1.0}},
    ],
)
def test_there_is_nothing_to_attribute(losses: dict[str, dict[int, float]]) -> None:
    assert attribute(losses, "direct_l", None) is None


def test_one_seed_tells_nothing() -> None:
    found = attributed({"uniform": {0: 1.0}, "direct_l": {0: 0.5}}, None)
    gain = found.gain
    assert (gain.relative, gain.relative_low, gain.p) == (0.5, None, None)
    assert not found.gain.is_significant


def test_a_loss_of_zero_has_no_parts_of_it() -> None:
    found = attributed({"uniform": {0: 0.0, 1: 0.0}, "direct_l": {0: 0.0, 1: 0.0}}, None)
    part: Part = found.gain
    assert (part.relative, part.unit, part.is_significant) == (0.0, "difference", False)
