"""Generators: functions of the seed alone, each its own."""

from __future__ import annotations

import torch

from workers.training.generators import generator, generators_of

CPU = torch.device("cpu")


def drawn(seed: int) -> dict[str, float]:
    generators = vars(generators_of(seed, CPU))
    return {name: float(torch.rand((), generator=own)) for name, own in generators.items()}


def test_equal_seeds_draw_the_same_and_others_something_else() -> None:
    assert drawn(7) == drawn(7)
    assert not set(drawn(7).values()) & set(drawn(8).values())


def test_no_two_of_a_training_draw_the_same() -> None:
    found = drawn(0)
    assert set(found) == {"weights", "order", "noise", "augmentation"}
    assert len(set(found.values())) == 4


def test_a_generator_does_not_touch_torchs_own() -> None:
    before = torch.get_rng_state()
    torch.rand(3, generator=generator(1))
    assert torch.equal(torch.get_rng_state(), before)


def test_every_seed_below_two_to_the_64_is_taken() -> None:
    for seed in (0, 2**63 - 1, 2**63, 2**64 - 1):
        assert torch.equal(*(torch.rand(2, generator=generator(seed)) for _ in range(2)))
