"""The DIRECT-L family under the contract of all samplers."""

from __future__ import annotations

from densearch.sampler import StudyPlan
from tests.support.sampler_behaviour import SamplerBehaviour


class TestDirectL(SamplerBehaviour):
    name = "direct_l"
    is_seeded = False


class TestDirectLRand(SamplerBehaviour):
    name = "direct_l_rand"


class TestDirectLBobyqa(SamplerBehaviour):
    name = "direct_l_bobyqa"
    is_seeded = False


class TestDirectLModel(SamplerBehaviour):
    name = "direct_l_model"

    def study(self, n_trials: int = 23, dimension: int = 3, seed: int = 1) -> StudyPlan:
        return super().study(n_trials, dimension, seed)  # with fewer dimensions it is direct_l
