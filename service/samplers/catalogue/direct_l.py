"""The samplers that run NLopt: DIRECT-L and what builds on it."""

from __future__ import annotations

from densearch.sampler import Capabilities
from service.samplers import effort, sections
from service.samplers.catalogue.info import SamplerInfo

ENTRIES: tuple[SamplerInfo, ...] = (
    SamplerInfo(
        name="direct_l",
        title="DIRECT-L (NLopt)",
        description=(
            "Divides the search box into ever smaller rectangles, biased to local search. "
            "Deterministic: the sequence of sequential NLopt GN_DIRECT_L at any number of "
            "workers; idle ones run likely points ahead. Strong up to about four dimensions."
        ),
        capabilities=Capabilities(seeded=False, speculative=True),
        section=sections.DirectLOptions,
        path="densearch.direct_l.exact:DirectL",
        effort=effort.of_direct,
    ),
    SamplerInfo(
        name="direct_l_rand",
        title="DIRECT-L, sides drawn at random (NLopt)",
        description=(
            "As direct_l, but a rectangle is divided along one of its longest sides, drawn by the "
            "seed: two trials for each rectangle, so it descends sooner where dimensions are "
            "many and trials few. The sequence of sequential NLopt GN_DIRECT_L_RAND."
        ),
        capabilities=Capabilities(speculative=True),
        section=sections.DirectLOptions,
        path="densearch.direct_l.exact:DirectLRand",
        effort=effort.of_direct,
    ),
    SamplerInfo(
        name="direct_l_bobyqa",
        title="DIRECT-L, then BOBYQA (NLopt)",
        description=(
            "DIRECT-L for half the budget, then NLopt's BOBYQA from the best point, which builds "
            "quadratic models and finishes smooth problems to many digits. In parallel up to the "
            "switch and for BOBYQA's first points; after them one trial at a time."
        ),
        capabilities=Capabilities(seeded=False, speculative=True),
        section=sections.DirectLBobyqaOptions,
        has_local_phase=True,
        path="densearch.direct_l.bobyqa:DirectLBobyqa",
        effort=effort.of_bobyqa,
    ),
    SamplerInfo(
        name="direct_l_model",
        title="DIRECT-L with model points (NLopt)",
        description=(
            "The sequence of DIRECT-L with every fourth trial where a model of all values (cubic "
            "radial basis functions) is least, from three dimensions on; the tree stays NLopt's "
            "own. In one and two dimensions it is direct_l."
        ),
        capabilities=Capabilities(speculative=True, models_values=True),
        section=sections.DirectLOptions,
        path="densearch.direct_l.model:DirectLModel",
        effort=effort.of_model,
    ),
)
