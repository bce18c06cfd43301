"""The search algorithms of Ray Tune; each needs an extra of its own."""

from __future__ import annotations

from densearch.sampler import Capabilities
from service.samplers import effort, round_sizes, sections
from service.samplers.catalogue.info import SamplerInfo

_MODULE = "service.samplers.ray_tune"

ENTRIES: tuple[SamplerInfo, ...] = (
    SamplerInfo(
        name="tune:hyperopt",
        title="TPE (hyperopt, by Ray Tune)",
        description="The first implementation of TPE, which looks at one coordinate at a time.",
        capabilities=Capabilities(categorical=True, needs="hyperopt"),
        section=sections.HyperOptOptions,
        path=f"{_MODULE}:HyperOpt",
        effort=effort.of_hyperopt,
        requires=("hyperopt",),
    ),
    SamplerInfo(
        name="tune:bayesopt",
        title="Gaussian process (bayesian-optimization, by Ray Tune)",
        description=(
            "A Gaussian process with an upper confidence bound. One trial at a time: it knows "
            "nothing of trials that are still running."
        ),
        capabilities=Capabilities(parallel=False, models_values=True, needs="bayesopt"),
        section=sections.BayesOptOptions,
        path=f"{_MODULE}:BayesOpt",
        round_size=round_sizes.of_one,
        effort=effort.of_bayesopt,
        requires=("bayes_opt",),
    ),
    SamplerInfo(
        name="tune:nevergrad",
        title="Evolution strategy (nevergrad, by Ray Tune)",
        description="The (1+1) evolution strategy: a parent, a child, a step size that adapts.",
        capabilities=Capabilities(categorical=True, needs="nevergrad"),
        section=sections.NoOptions,
        path=f"{_MODULE}:Nevergrad",
        effort=effort.of_nevergrad,
        requires=("nevergrad",),
    ),
    SamplerInfo(
        name="tune:ax",
        title="Bayesian optimization (Ax, by Ray Tune)",
        description="Sobol points, then a Gaussian process of BoTorch with expected improvement.",
        capabilities=Capabilities(categorical=True, models_values=True, needs="ax"),
        section=sections.NoOptions,
        path=f"{_MODULE}:Ax",
        effort=effort.of_ax,
        requires=("ax",),
    ),
)
