"""The samplers that run NLopt: DIRECT-L and what builds on it."""

from __future__ import annotations

from service.samplers.info import Capabilities, Option, SamplerInfo

ENTRIES: tuple[SamplerInfo, ...] = (
    SamplerInfo(
        name="direct_l",
        title="DIRECT-L (NLopt)",
        description=(
            "Divides the search box into ever smaller rectangles, biased to local search. "
            "Deterministic: the sequence of sequential NLopt GN_DIRECT_L at any number of "
            "workers. Strong up to about four dimensions."
        ),
        capabilities=Capabilities(seeded=False),
        options=(
            Option(
                "magic_eps",
                "number",
                1e-4,
                "Least relative improvement a rectangle must promise (Jones' epsilon).",
                minimum=0.0,
                maximum=0.1,
            ),
        ),
        path="service.samplers.direct_l:DirectL",
    ),
)
