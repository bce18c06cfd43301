"""The samplers that DIRECT-L is compared with."""

from __future__ import annotations

from densearch.sampler import Capabilities
from service.samplers import effort, round_sizes, sections
from service.samplers.catalogue.info import SamplerInfo

ENTRIES: tuple[SamplerInfo, ...] = (
    SamplerInfo(
        name="tpe",
        title="TPE (Optuna)",
        description=(
            "Models where good and bad trials lie and samples where good is likelier. "
            "Proposes a round of batch_size trials at a time."
        ),
        capabilities=Capabilities(categorical=True, warm_start=True),
        section=sections.TpeOptions,
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
        section=sections.CmaEsOptions,
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
        capabilities=Capabilities(categorical=True, warm_start=True, models_values=True),
        section=sections.GpOptions,
        path="service.samplers.optuna_adapter:Gp",
        effort=effort.of_gp,
    ),
    SamplerInfo(
        name="qmc",
        title="Quasi-random search (Sobol)",
        description="A scrambled Sobol sequence: fills the box more evenly than random points.",
        capabilities=Capabilities(categorical=True, adaptive=False),
        section=sections.NoOptions,
        path="service.samplers.sobol:SobolPoints",
        effort=effort.of_sobol,
    ),
    SamplerInfo(
        name="grid",
        title="Grid search",
        description="The middles of equal cells, as many as the budget needs.",
        capabilities=Capabilities(categorical=True, adaptive=False),
        section=sections.NoOptions,
        path="service.samplers.grid:GridPoints",
        effort=effort.of_grid,
    ),
    SamplerInfo(
        name="random",
        title="Random search",
        description="Independent uniform points: the baseline a search has to beat.",
        capabilities=Capabilities(categorical=True, adaptive=False),
        section=sections.NoOptions,
        path="service.samplers.random_search:RandomPoints",
        effort=effort.of_known,
    ),
)
