"""From a point of a study's space to what a worker needs: the trial's params and its payload.

A payload is all that determines a trial's result (apart from device and versions); its digest is
the training's name (`service.digest`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from densearch import seeds
from densearch.plugins.sections import OwnTask
from service import networks, samplers
from service.digest import digest_of, training_digest
from service.errors import OtherVersionError
from service.networks import AnyNetwork, OwnNetwork
from service.records import STORED, Json, Trial
from service.spec import JobSpec
from service.states import Phase
from service.studies import gradient_settings, planning
from service.studies.densities import Densities, densities_at, learned_densities, params_of, phi_of
from service.studies.external import is_external
from service.studies.layer_groups import Group
from service.studies.pack_key import is_fusible
from service.studies.required_packages import packages_of
from service.studies.resolved import FunctionJob, ResolvedSpec, TrainingJob
from service.studies.search_space import Space, Value
from service.studies.training_payload import (
    FunctionPayload,
    Payload,
    Phi,
    TrainingPayload,
)
from service.tasks.sections import TrainingTask, data_of, n_train_of


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


def threads_of(spec: JobSpec) -> int:
    """Return how many threads a training computes with on a CPU; on a GPU one serves it.

    Their number changes the order of sums, and with it the last bits of a result.
    """
    return max(1, int(spec.resources.cpus_per_trial)) if device_of(spec) == "cpu" else 1


# Orders


def searched(
    resolved: ResolvedSpec,
    arm: str,
    point: Sequence[float],
    matching: Densities | None = None,
    *,
    space: Space | None = None,
    is_full: bool = False,
    seed_index: int = 0,
) -> Order:
    """Describe the trial of an arm's point on the validation split.

    Args:
        resolved: The job.
        arm: Name of the study.
        point: Shape (dimension of its space,), in the unit cube.
        matching: See `service.studies.densities.densities_at`.
        space: What the point stands for, where that depends on what other arms found.
        is_full: Whether to train all epochs, where the search trains short.
        seed_index: Which of the validation seeds it is trained with; the search's is the first.
    """
    vector, settings = (space or resolved.spaces.of(arm)).split(point)
    spec = resolved.spec.model_copy(update={"seed": planning.seed_of(resolved.spec, arm)})
    resolved = replace(resolved, spec=spec)
    seed = training_seed(spec, Phase.SEARCH, seed_index)
    if isinstance(resolved, FunctionJob):
        task = resolved.task
        called = FunctionPayload(task.name, task.dimension, task.sleep_s, vector, seed)
        return _order(spec, {"x": list(vector)}, called)
    if resolved.is_external:
        return _external(resolved, arm, vector, settings, seed, matching, is_full=is_full)
    if samplers.is_learned(arm):
        learning = gradient_settings.learning_of(resolved).to_json()
        payload = replace(_payload(resolved, {}, None, seed), gradient=learning)
        params: Json = {"density": "learned", "lr": payload.training["lr"]}
    else:
        chosen = densities_at(resolved, arm, vector, matching)
        groups = resolved.groups_of(_network(resolved, settings))
        payload = _payload(resolved, settings, _phi_of(resolved, groups, chosen), seed)
        params = {**params_of(chosen), "lr": payload.training["lr"], **settings}
    if arm == "default_init_tuned":
        payload = _with(payload, initialisation="framework")
    return _order(spec, params, _exact(payload) if is_full else _short(spec, payload))


def evaluated(
    resolved: ResolvedSpec, params: Json, payload: Json, index: int, learned: Json | None = None
) -> Order:
    """Describe a trial again, with the evaluation's seed `index`, judged on the test split.

    What a gradient training has learned is judged like any other density: fixed.
    """
    spec = resolved.spec
    if isinstance(resolved, FunctionJob):
        called = FunctionPayload.from_json(payload)
        return _order(spec, params, replace(called, seed=training_seed(spec, Phase.SEARCH)))
    own = TrainingPayload.from_json(payload)
    seed = training_seed(spec, Phase.EVALUATION, index)
    if resolved.is_external:
        return _order(spec, params, replace(own, split="test", seed=seed))
    test = replace(_exact(own), split="test", seed=seed)
    if learned is not None:
        groups = gradient_settings.learned_groups(resolved)
        phi = _phi_of(resolved, groups, learned_densities(resolved, learned))
        test = replace(test, phi=phi, gradient=None)
    return _order(spec, params, test)


def _external(
    resolved: TrainingJob,
    arm: str,
    vector: Sequence[float],
    settings: Mapping[str, Value],
    seed: int,
    matching: Densities | None,
    *,
    is_full: bool,
) -> Order:
    """Describe the trial of a trainer outside, which its params alone determine."""
    chosen = densities_at(resolved, arm, vector, matching)
    epochs, short = resolved.training.epochs, resolved.spec.fidelity
    if short is not None and not is_full:
        epochs = planning.short_epochs(epochs, short.search_fraction)
    payload = TrainingPayload(
        task=resolved.spec.task.model_dump(mode="json", include={"kind", "metric", "direction"}),
        network={"kind": resolved.network.kind, "densities": _described(resolved, chosen)},
        training={"epochs": epochs, **settings},
        phi=_phi_of(resolved, resolved.groups, chosen),
        seed=seed,
    )
    return _order(resolved.spec, {**params_of(chosen), **settings}, payload)


def _described(resolved: TrainingJob, densities: Densities) -> Json:
    """Return each group's density with its layers: what a trainer outside needs."""
    return {
        group.name: {"layers": list(group.layers), **densities[group.name].to_dict()}
        for group in resolved.groups
    }


def learned_params(resolved: TrainingJob, params: Json, learned: Json) -> Json:
    """Return a gradient trial's params with what it found, for people."""
    kept = {name: value for name, value in params.items() if name != "density"}
    return params_of(learned_densities(resolved, learned)) | kept


def _network(resolved: TrainingJob, settings: Mapping[str, Value]) -> AnyNetwork:
    """Return the network of one trial, with those of its settings that are searched."""
    own = {name: value for name, value in settings.items() if name in networks.SEARCHABLE}
    return resolved.network.model_copy(update=own)


def _payload(
    resolved: TrainingJob, settings: Mapping[str, Value], phi: Phi | None, seed: int
) -> TrainingPayload:
    training = resolved.training.model_dump(mode="json")
    training |= {n: value for n, value in settings.items() if n not in networks.SEARCHABLE}
    if not training["drop_last"]:
        del training["drop_last"]  # trainings were named without it before there was one
    network = _network(resolved, settings).model_dump(mode="json")
    return TrainingPayload(
        task=_task(resolved.spec, resolved.task),
        network=network,
        training=training,
        phi=phi,
        seed=seed,
        packages=packages_of(resolved),
        threads=threads_of(resolved.spec),
        # A pack sums in another order: its results are not taken for those of single trainings.
        is_packed=_is_packed(resolved.spec, network),
    )


def _phi_of(resolved: TrainingJob, groups: Sequence[Group], densities: Densities) -> Phi | None:
    """Name the layers of a plug-in network: some of its convolutions may stay plain."""
    return phi_of(groups, densities, is_partial=isinstance(resolved.network, OwnNetwork))


def _task(spec: JobSpec, section: TrainingTask) -> Json:
    task: Json = section.model_dump(mode="json")
    if isinstance(section, OwnTask):
        return task
    task |= _subset(spec, section, task.pop("n_train", None))
    if task.get("size_px", 0) is None:
        del task["size_px"]  # a digest of earlier versions has none
    data = section.data
    if data is not None:
        task["data"].pop("least_n_train", None)  # for validation
    if data is not None and not data.is_encoded:
        del task["data"]["is_encoded"]  # likewise
    if data is not None and data.sha256 is not None:
        # A stored set is known by its content: stored twice, it is trained on once.
        task["dataset"] = f"{STORED}:{data.sha256}"
        del task["data"]["least_px"]  # for people: sets of earlier versions have none
    return task


def _subset(spec: JobSpec, section: TrainingTask, n_train: object) -> Json:
    """Name the subset that is trained on: by its size and what draws it, however it was asked for.

    It is the same for all trials of a job, and for other jobs of its seed; all samples are none.
    """
    n, info = n_train_of(section), data_of(section)
    if n_train is None or n is None or (info is not None and n == info.n_training):
        return {}
    return {"n_train": n, "subset_seed": seeds.derive(spec.seed, "subset")}


def _is_packed(spec: JobSpec, network: Mapping[str, Any]) -> bool:
    width = spec.resources.pack_width
    return isinstance(width, int) and width > 1 and is_fusible(network)


def _with(payload: TrainingPayload, **settings: Value) -> TrainingPayload:
    """Return a payload with other training settings."""
    return replace(payload, training={**payload.training, **settings})


def _exact(payload: TrainingPayload) -> TrainingPayload:
    """Let a training that decides run in full precision."""
    return _with(payload, precision="float32")


def _short(spec: JobSpec, payload: TrainingPayload) -> TrainingPayload:
    """Cut a training to the part of its epochs that the search runs."""
    if spec.fidelity is None:
        return payload
    whole = payload.settings
    epochs = planning.short_epochs(whole.epochs, spec.fidelity.search_fraction)
    cut = _with(payload, epochs=epochs)
    if spec.fidelity.schedule == "cut" and whole.schedule != "constant":
        return _with(cut, schedule_epochs=whole.epochs)
    return cut


def require_same_code(resolved: ResolvedSpec, trial: Trial | None) -> None:
    """Check, by the digest of a job's first trial, that the training code is unchanged.

    Raises:
        OtherVersionError: Another version would train it now.
    """
    if trial is None or isinstance(resolved, FunctionJob) or resolved.is_external:
        return
    if training_digest(trial.payload, device=device_of(resolved.spec)) != trial.digest:
        raise OtherVersionError(trial.job_id)


def _order(spec: JobSpec, params: Json, payload: Payload) -> Order:
    stored = payload.to_json()
    if is_external(spec):
        # Versions that are here do not train; and Phi is all that a density does.
        return Order(params, stored, payload.seed, digest_of({**stored, "network": {}}))
    digest = training_digest(stored, device=device_of(spec))
    return Order(params, stored, payload.seed, digest)
