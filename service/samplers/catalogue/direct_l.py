"""The samplers that run NLopt: DIRECT-L and what builds on it."""

from __future__ import annotations

from service.samplers import effort
from service.samplers.catalogue.info import Capabilities, Option, SamplerInfo

# No study has more trials: as many as there are idle workers.
UNLIMITED_EXTRA = 1_000_000

MAGIC_EPS = Option(
    "magic_eps",
    "number",
    1e-4,
    "Least relative improvement a rectangle must promise (Jones' epsilon).",
    minimum=0.0,
    maximum=0.1,
)

SHARE = Option(
    "share",
    "number",
    0.5,
    "Part of the budget at submission that BOBYQA gets; the first division is always DIRECT-L's.",
    minimum=0.0,
    maximum=1.0,
)

MAX_EXTRA = Option(
    "max_extra",
    "integer",
    UNLIMITED_EXTRA,
    "Most speculative trials without a place in the sequence at any one time; 0 leaves workers "
    "idle instead.",
    minimum=0,
    maximum=UNLIMITED_EXTRA,
)

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
        options=(MAGIC_EPS, MAX_EXTRA),
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
        options=(MAGIC_EPS, MAX_EXTRA),
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
        options=(MAGIC_EPS, SHARE, MAX_EXTRA),
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
        capabilities=Capabilities(speculative=True),
        options=(MAGIC_EPS, MAX_EXTRA),
        path="densearch.direct_l.model:DirectLModel",
        effort=effort.of_model,
    ),
)
