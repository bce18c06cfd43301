"""The DIRECT-L family under the contract of all samplers."""

from __future__ import annotations

from tests.contracts.samplers.behaviour import SamplerBehaviour


class TestDirectL(SamplerBehaviour):
    name = "direct_l"
    is_seeded = False


class TestDirectLRand(SamplerBehaviour):
    name = "direct_l_rand"
