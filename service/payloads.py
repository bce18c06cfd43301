"""From a point of the search space to what a worker needs: the trial's params and its payload.

A payload is all that determines a trial's result (apart from device and versions); its digest is
the training's name (`service.digest`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service import density, seeds
from service.density import Density
from service.digest import training_digest
from service.records import Json
from service.space import Space, Value
from service.spec import FunctionTask, JobSpec
from service.states import Phase


@dataclass(frozen=True, slots=True)
class Order:
    """A trial before it is stored.

    Attributes:
        params: What it tries, in real units, for people.
        payload: What its worker gets.
        seed: Of the training: initial weights, order of batches, noise.
        digest: The training's name.
    """

    params: Json
    payload: Json
    seed: int
    digest: str


def training_seed(spec: JobSpec, phase: Phase, index: int = 0) -> int:
    """Return the seed of a training: one for the whole search (common random numbers), fresh ones
    for the evaluation, the same for every arm."""  # noqa: D205, D209 - one sentence
    return seeds.derive(spec.seed, "training", phase, index)


def device_of(spec: JobSpec) -> str:
    """Return the kind of device a job's trials train on, "cuda" or "cpu"."""
    return "cuda" if spec.resources.gpus_per_trial > 0 else "cpu"


def density_of(spec: JobSpec, space: Space, point: Sequence[float]) -> Density:
    """Build the density that a point of a training job stands for."""
    if spec.density is None or spec.network is None:
        raise ValueError("this job searches no density")
    vector, _ = space.split(point)
    return density.build(spec.density.family, spec.network.kernel_size, vector)


def searched(spec: JobSpec, space: Space, point: Sequence[float]) -> Order:
    """Describe the trial of a searched point on the validation split."""
    vector, settings = space.split(point)
    if isinstance(spec.task, FunctionTask):
        payload = {"task": spec.task.model_dump(mode="json"), "point": list(vector)}
        return _order(spec, {"x": list(vector)}, payload, training_seed(spec, Phase.SEARCH))
    return fixed(spec, density_of(spec, space, point), settings)


def fixed(spec: JobSpec, chosen: Density, settings: dict[str, Value]) -> Order:
    """Describe the trial of a density with these training settings on the validation split."""
    if spec.training is None or spec.network is None:
        raise ValueError("this job trains nothing")
    training = {**spec.training.model_dump(mode="json"), **settings}
    payload = {
        "task": spec.task.model_dump(mode="json"),
        "network": spec.network.model_dump(mode="json"),
        "training": training,
        "phi": None if np.all(chosen.phi == 1.0) else chosen.phi.tolist(),
        "split": "validation",
    }
    params = {**_density_params(chosen), "lr": training["lr"], **settings}
    return _order(spec, params, payload, training_seed(spec, Phase.SEARCH))


def evaluated(spec: JobSpec, params: Json, payload: Json, index: int) -> Order:
    """Describe a trial again, with the evaluation's seed `index`, judged on the test split."""
    if isinstance(spec.task, FunctionTask):
        return _order(spec, params, _without_seed(payload), training_seed(spec, Phase.SEARCH))
    test = {**_without_seed(payload), "split": "test"}
    return _order(spec, params, test, training_seed(spec, Phase.EVALUATION, index))


def _without_seed(payload: Json) -> Json:
    return {name: value for name, value in payload.items() if name != "seed"}


def _density_params(chosen: Density) -> Json:
    if chosen.family in density.CONTROLS and chosen.family not in density.FAMILIES:
        return {"density": chosen.family} | (
            {"vector": list(chosen.vector)} if chosen.vector else {}
        )
    if chosen.den is not None and chosen.family == "symmetric":
        return {"den": list(chosen.den)}
    return {"density": chosen.family, "vector": list(chosen.vector)}


def _order(spec: JobSpec, params: Json, payload: Json, seed: int) -> Order:
    whole: dict[str, Any] = {**payload, "seed": seed}
    return Order(params, whole, seed, training_digest(whole, device=device_of(spec)))


def arm_density(spec: JobSpec, name: str, best: Density | None) -> Density:
    """Build the density of a control arm.

    The flat control without a factor of its own takes the root mean square of the best density
    found, so that the two arms start from weights of the same scale and differ by shape alone.
    """
    control = next(c for c in spec.controls if c.name == name)
    if spec.network is None:
        raise ValueError("this job has no network")
    factor = control.factor
    if name == "flat" and factor is None:
        factor = density.matching_factor(best) if best is not None else None
    return density.control(name, spec.network.kernel_size, sigma=control.sigma, factor=factor)
