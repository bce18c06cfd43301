"""The samplers that DIRECT-L is compared with."""

from __future__ import annotations

from service.samplers.info import Capabilities, Option, SamplerInfo

ENTRIES: tuple[SamplerInfo, ...] = (
    SamplerInfo(
        name="tpe",
        title="TPE (Optuna)",
        description=(
            "Models where good and bad trials lie and samples where good is likelier. "
            "Proposes a round of batch_size trials at a time."
        ),
        capabilities=Capabilities(),
        options=(
            Option(
                "n_startup_trials",
                "integer",
                10,
                "Random trials before the model is used.",
                minimum=1,
                maximum=100_000,
            ),
            Option(
                "n_ei_candidates",
                "integer",
                24,
                "Candidates of which the best is proposed.",
                minimum=1,
                maximum=10_000,
            ),
            Option(
                "multivariate",
                "boolean",
                default=True,
                description="Model all coordinates together rather than one by one.",
            ),
        ),
        path="service.samplers.optuna_samplers:Tpe",
    ),
    SamplerInfo(
        name="random",
        title="Random search",
        description="Independent uniform points: the baseline a search has to beat.",
        capabilities=Capabilities(categorical=True, adaptive=False),
        options=(),
        path="service.samplers.random_points:RandomPoints",
    ),
)
