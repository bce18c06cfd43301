"""The sampler of a control: nothing is searched, and no user names it."""

from __future__ import annotations

from densearch.sampler import Capabilities, Effort
from service.samplers import round_sizes, sections
from service.samplers.catalogue.info import SamplerInfo

CONTROL = SamplerInfo(
    name="fixed",
    title="Control",
    description="One point without coordinates.",
    capabilities=Capabilities(parallel=False, seeded=False, adaptive=False),
    section=sections.NoOptions,
    path="service.samplers.fixed:Fixed",
    round_size=round_sizes.of_one,
    effort=lambda _: Effort(0.0, 0.0),
)
