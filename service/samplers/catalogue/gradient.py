"""The density learned by gradient descent, jointly with the weights: one training, no search.

Its study has one trial, at the centre of the box; the training itself moves away from there
(`service.studies.gradient_settings` says from where and how far).
"""

from __future__ import annotations

from densearch.sampler import Capabilities
from service.samplers import effort, round_sizes, sections
from service.samplers.catalogue.info import SamplerInfo

ENTRIES: tuple[SamplerInfo, ...] = (
    SamplerInfo(
        name="gradient",
        title="Gradient descent",
        description=(
            "Learns alpha and beta jointly with the weights by the job's own optimizer; with the "
            "preset authors as their trainable variant does. One training whatever the budget; "
            "its density is then judged like any other, fixed, with fresh seeds."
        ),
        capabilities=Capabilities(
            integer=False,
            log=False,
            parallel=False,
            seeded=False,
            adaptive=False,
        ),
        section=sections.GradientOptions,
        path="service.samplers.fixed:Fixed",
        round_size=round_sizes.of_one,
        effort=effort.of_gradient,
        is_learned=True,
    ),
)
