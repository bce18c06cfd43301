"""The densities that a job's arms have found, as rows with their provenance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service import payloads
from service.arms import Arm, best_of
from service.density import Density
from service.payloads import WHOLE
from service.records import Study, Trial
from service.spec import JobSpec
from service.states import Role

COLUMNS = ("family", "kernel_size", "n_dims", "vector", "alpha", "phi", "den")


def matching(spec: JobSpec, arms: Sequence[Arm]) -> Density | None:
    """Return the best density of the searches, which the flat control matches in scale.

    Of one that was learned by layer, that of the first layer.
    """
    found = {arm.study.id: arm.final for arm in arms if arm.study.role is Role.SEARCH}
    best = best_of(trial for trial in found.values() if trial is not None)
    if best is None:
        return None
    owner = next(arm for arm in arms if arm.study.id == best.study_id)
    return next(iter(densities_of(spec, arms, owner, best).values()))


def densities_of(spec: JobSpec, arms: Sequence[Arm], arm: Arm, trial: Trial) -> dict[str, Density]:
    """Return what a trial of an arm trained with, by layer; `WHOLE` is the whole network."""
    if spec.density is None:
        return {}
    if trial.learned is not None:
        return payloads.learned_densities(spec, trial.learned)
    name = arm.waits_for[0] if arm.study.role is Role.SPECULATION else arm.study.name
    needs_match = arm.study.role is Role.CONTROL and bool(arm.waits_for)
    vector, _ = arm.space.split(trial.point)
    found = payloads.density_at(spec, name, vector, matching(spec, arms) if needs_match else None)
    return {WHOLE: found}


def density_rows(
    spec: JobSpec, arms: Sequence[Arm], arm: Arm, best: Trial
) -> list[dict[str, Any]]:
    """Return the columns of an arm's best densities with their provenance; none for functions."""
    rows = []
    for layer, found in densities_of(spec, arms, arm, best).items():
        values = found.to_dict()
        row = {name: values[name] for name in COLUMNS}
        row |= {"layer": layer, "beta": values.get("beta"), "trial_id": best.id}
        row |= {"job_id": arm.study.job_id, "study_id": arm.study.id}
        rows.append(row | {"provenance": provenance(spec, arm.study, best)})
    return rows


def provenance(spec: JobSpec, study: Study, best: Trial) -> dict[str, Any]:
    """Say where a density comes from: all that is needed to find it again."""
    return {
        "job": spec.name,
        "job_seed": spec.seed,
        "study": study.name,
        "role": study.role,
        "trial_id": best.id,
        "trial_number": best.number,
        "digest": best.digest,
        "validation_loss": best.value,
        "params": best.params,
        "task": spec.task.model_dump(mode="json"),
        "network": spec.network.model_dump(mode="json") if spec.network else None,
    }
