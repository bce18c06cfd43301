"""From a point of a study's space to what a worker needs: the trial's params and its payload.

A payload is all that determines a trial's result (apart from device and versions); its digest is
the training's name (`service.digest`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service import density, networks, planning, seeds
from service.datasets.info import STORED
from service.density import Density
from service.digest import training_digest
from service.planning import GRADIENT, TUNED
from service.records import Json
from service.space import Space, Value
from service.spec import DensitySpec, JobSpec
from service.states import Phase
from service.tasks import FunctionTask

# At the weights' own rate SGD drove densities out of range in 2 of 3 runs on digits; Adam, whose
# steps have the size of the rate, hardly moved them at a tenth.
LR_FACTORS = {"sgd": 0.1, "adam": 1.0, "adamw": 1.0}
# The whole network shares a density: the name of "every layer".
WHOLE = ""


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
    return seeds.derive(spec.seed, "training", phase.value, index)


def device_of(spec: JobSpec) -> str:
    """Return the kind of device a job's trials train on, "cuda" or "cpu"."""
    return "cuda" if spec.resources.gpus_per_trial > 0 else "cpu"


# Densities


def density_at(
    spec: JobSpec, arm: str, vector: Sequence[float], matching: Density | None = None
) -> Density:
    """Build the density that an arm tries at a point.

    Args:
        spec: A complete spec of a training job.
        arm: Name of the study.
        vector: The point's vector in real units, shape () for arms that search no density.
        matching: The best density of the searches, for the flat control without a factor.
    """
    wanted, size = _density_spec(spec)
    control = planning.control_of(spec, arm)
    if control is None or arm == "density_tuned":
        return density.build(wanted.family, size, vector)
    if arm == "flat_tuned":
        return density.control("flat", size, factor=vector[0])
    if arm in TUNED:
        return density.control("uniform", size)
    factor = control.factor
    if arm == "flat" and factor is None:
        # Weights of the same scale as the density's: the two arms differ by shape alone.
        factor = density.matching_factor(matching) if matching is not None else None
    return density.control(arm, size, sigma=control.sigma, factor=factor)


def learned_densities(spec: JobSpec, learned: Json) -> dict[str, Density]:
    """Build what a gradient training has learned, by layer; `WHOLE` is the one of all layers."""
    wanted, size = _density_spec(spec)
    vectors = learned.get("layers") or {WHOLE: learned["vector"]}
    return {layer: density.build(wanted.family, size, v) for layer, v in vectors.items()}


def _density_spec(spec: JobSpec) -> tuple[DensitySpec, int]:
    if spec.density is None or spec.network is None:
        raise ValueError("this job has no density")
    return spec.density, spec.network.kernel_size


# Orders


def searched(
    spec: JobSpec,
    space: Space,
    arm: str,
    point: Sequence[float],
    matching: Density | None = None,
    *,
    is_full: bool = False,
) -> Order:
    """Describe the trial of an arm's point on the validation split.

    Args:
        spec: A complete spec.
        space: The arm's own.
        arm: Name of the study.
        point: Shape (space.dimension,), in the unit cube.
        matching: See `density_at`.
        is_full: Whether to train all epochs, where the search trains short.
    """
    vector, settings = space.split(point)
    seed = training_seed(spec, Phase.SEARCH)
    if isinstance(spec.task, FunctionTask):
        called: Json = {"task": spec.task.model_dump(mode="json"), "point": list(vector)}
        return _order(spec, {"x": list(vector)}, called, seed)
    if arm == GRADIENT:
        payload = {**_payload(spec, {}, phi=None), "gradient": _gradient(spec)}
        params: Json = {"density": "learned", "lr": payload["training"]["lr"]}
    else:
        chosen = density_at(spec, arm, vector, matching)
        payload = _payload(spec, settings, phi=_phi(chosen))
        params = {**_density_params(chosen), "lr": payload["training"]["lr"], **settings}
    if arm == "default_init_tuned":
        payload["training"]["initialisation"] = "framework"
    return _order(spec, params, _exact(payload) if is_full else _short(spec, payload), seed)


def _gradient(spec: JobSpec) -> Json:
    wanted, size = _density_spec(spec)
    bounds = wanted.bounds or []
    options = planning.sampler_of(spec, GRADIENT).options
    return {
        "family": wanted.family,
        "kernel_size": size,
        # From the plain convolution, as near to it as the box allows.
        "start": [min(max(1.0, low), high) for low, high in bounds],
        "bounds": bounds,
        "per_layer": bool(options.get("per_layer", False)),
        "lr_factor": float(options.get("lr_factor", LR_FACTORS[_optimizer(spec)])),
    }


def evaluated(
    spec: JobSpec, params: Json, payload: Json, index: int, learned: Json | None = None
) -> Order:
    """Describe a trial again, with the evaluation's seed `index`, judged on the test split.

    What a gradient training has learned is judged like any other density: fixed.
    """
    bare = _without_seed(payload)
    if isinstance(spec.task, FunctionTask):
        return _order(spec, params, bare, training_seed(spec, Phase.SEARCH))
    test = {**_exact(bare), "split": "test"}
    if learned is not None:
        found = {layer: d.phi.tolist() for layer, d in learned_densities(spec, learned).items()}
        test["phi"] = found.get(WHOLE, found)
        del test["gradient"]
    return _order(spec, params, test, training_seed(spec, Phase.EVALUATION, index))


def learned_params(spec: JobSpec, params: Json, learned: Json) -> Json:
    """Return a gradient trial's params with what it found, for people."""
    found = learned_densities(spec, learned)
    if WHOLE in found:
        return _density_params(found[WHOLE]) | {n: v for n, v in params.items() if n != "density"}
    return params | {layer: list(d.vector) for layer, d in found.items()}


def _optimizer(spec: JobSpec) -> str:
    return spec.training.optimizer if spec.training is not None else "sgd"


def _payload(spec: JobSpec, settings: Mapping[str, Value], *, phi: list[Any] | None) -> Json:
    if spec.training is None or spec.network is None:
        raise ValueError("this job trains nothing")
    training = spec.training.model_dump(mode="json")
    network = spec.network.model_dump(mode="json")
    for name, value in settings.items():
        (network if name in networks.SEARCHABLE else training)[name] = value
    payload: Json = {
        "task": _task(spec),
        "network": network,
        "training": training,
        "phi": phi,
        "split": "validation",
    }
    # A pack sums in another order: its results are not taken for those of single trainings.
    return payload | ({"packed": True} if _is_packed(spec) else {})


def _task(spec: JobSpec) -> Json:
    task: Json = spec.task.model_dump(mode="json")
    data = task.get("data")
    if data is not None and data["sha256"] is not None:
        # A stored set is known by its content: stored twice, it is trained on once.
        task["dataset"] = f"{STORED}:{data['sha256']}"
    return task


def _is_packed(spec: JobSpec) -> bool:
    width = spec.resources.pack_width
    return isinstance(width, int) and width > 1


def _exact(payload: Json) -> Json:
    """Let a training that decides run in full precision."""
    training = {**payload["training"], "precision": "float32"}
    return {**payload, "training": training}


def _short(spec: JobSpec, payload: Json) -> Json:
    """Cut a training to the part of its epochs that the search runs."""
    if spec.fidelity is None:
        return payload
    training = payload["training"]
    epochs = planning.short_epochs(training["epochs"], spec.fidelity.search_fraction)
    cut = {**training, "epochs": epochs}
    if spec.fidelity.schedule == "cut" and training["schedule"] != "constant":
        cut["schedule_epochs"] = training["epochs"]
    return {**payload, "training": cut}


def _phi(chosen: Density) -> list[Any] | None:
    phi: list[Any] = chosen.phi.tolist()
    return None if np.all(chosen.phi == 1.0) else phi


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
