"""The samplers that DIRECT-L is compared with."""

from __future__ import annotations

from service.samplers import effort, round_sizes
from service.samplers.catalogue.info import Capabilities, Option, SamplerInfo

ENTRIES: tuple[SamplerInfo, ...] = (
    SamplerInfo(
        name="tpe",
        title="TPE (Optuna)",
        description=(
            "Models where good and bad trials lie and samples where good is likelier. "
            "Proposes a round of batch_size trials at a time."
        ),
        capabilities=Capabilities(categorical=True, warm_start=True),
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
        path="service.samplers.optuna_adapter:Tpe",
        effort=effort.of_tpe,
    ),
    SamplerInfo(
        name="cmaes",
        title="CMA-ES",
        description=(
            "Moves and shapes a normal distribution towards the better half of each generation. "
            "A round is a generation: batch_size trials, or 4 + 3 ln(dimension) if that is more."
        ),
        capabilities=Capabilities(warm_start=True),
        options=(
            Option(
                "lr_adapt",
                "boolean",
                default=False,
                description="Learn more slowly where the objective is noisy or rugged.",
            ),
        ),
        path="service.samplers.cma_es:CmaEs",
        round_size=round_sizes.of_generation,
        effort=effort.of_cmaes,
    ),
    SamplerInfo(
        name="gp",
        title="Gaussian process (Optuna)",
        description=(
            "Models the objective by a Gaussian process and tries where the expected improvement "
            "is greatest. Few trials go far; each costs some tenths of a second to propose."
        ),
        capabilities=Capabilities(categorical=True, warm_start=True),
        options=(
            Option(
                "n_startup_trials",
                "integer",
                10,
                "Random trials before the model is used.",
                minimum=1,
                maximum=100_000,
            ),
        ),
        path="service.samplers.optuna_adapter:Gp",
        effort=effort.of_gp,
    ),
    SamplerInfo(
        name="qmc",
        title="Quasi-random search (Sobol)",
        description="A scrambled Sobol sequence: fills the box more evenly than random points.",
        capabilities=Capabilities(categorical=True, adaptive=False),
        options=(),
        path="service.samplers.sobol:SobolPoints",
        effort=effort.of_sobol,
    ),
    SamplerInfo(
        name="grid",
        title="Grid search",
        description="The middles of equal cells, as many as the budget needs.",
        capabilities=Capabilities(categorical=True, adaptive=False),
        options=(),
        path="service.samplers.grid:GridPoints",
        effort=effort.of_grid,
    ),
    SamplerInfo(
        name="random",
        title="Random search",
        description="Independent uniform points: the baseline a search has to beat.",
        capabilities=Capabilities(categorical=True, adaptive=False),
        options=(),
        path="service.samplers.random_search:RandomPoints",
        effort=effort.of_known,
    ),
)
