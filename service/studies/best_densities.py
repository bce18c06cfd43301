"""The densities that a job's studies have found, as rows with their provenance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from densearch.density.families import Density
from service.networks import SEARCHABLE
from service.records import Study, Trial
from service.spec import JobSpec
from service.states import Role
from service.studies import gradient_settings
from service.studies.densities import Densities, densities_at, learned_densities, of_equal_scale
from service.studies.resolved import ResolvedSpec, TrainingJob
from service.studies.study_run import StudyRun, best_of

COLUMNS = ("family", "kernel_size", "n_dims", "vector", "alpha", "phi", "den")


def matching(resolved: ResolvedSpec, studies: Sequence[StudyRun]) -> Densities | None:
    """Return the best densities that the searches found, by group: `flat` has their scale."""
    found = [study.own for study in studies if study.record.role is Role.SEARCH]
    best = best_of(trial for trial in found if trial is not None)
    if best is None or not isinstance(resolved, TrainingJob):
        return None
    densities = densities_of(resolved, studies, best)
    return of_equal_scale(resolved, densities) if best.learned is not None else densities


def densities_of(
    resolved: ResolvedSpec, studies: Sequence[StudyRun], trial: Trial
) -> dict[str, Density]:
    """Return what a trial trained with, by group of layers; nothing for functions.

    Args:
        resolved: The job.
        studies: All of its studies.
        trial: Any of the job.
    """
    if not isinstance(resolved, TrainingJob):
        return {}
    if trial.learned is not None:
        return learned_densities(resolved, trial.learned)
    study = next(study for study in studies if study.record.id == trial.study_id)
    name = study.waits_for[0] if study.record.role is Role.SPECULATION else study.record.name
    needs_match = study.record.role is Role.CONTROL and bool(study.waits_for)
    vector, _ = study.space.split(trial.point)
    match = matching(resolved, studies) if needs_match else None
    return densities_at(resolved, name, vector, match)


def chosen_from(studies: Sequence[StudyRun], study: StudyRun, best: Trial) -> str | None:
    """Return the simpler arm whose training represents a study; None where it is its own."""
    if best.study_id == study.record.id or not study.contains:
        return None
    return next(other.record.name for other in studies if other.record.id == best.study_id)


def density_rows(
    resolved: ResolvedSpec, studies: Sequence[StudyRun], study: StudyRun, best: Trial
) -> list[dict[str, Any]]:
    """Return the columns of a study's best densities with their provenance; none for functions."""
    rows = []
    layers = layers_of(resolved, best)
    for group, found in densities_of(resolved, studies, best).items():
        values = found.to_dict()
        row = {name: values[name] for name in COLUMNS}
        row |= {"layer": group, "beta": values.get("beta"), "trial_id": best.id}
        row |= {"job_id": study.record.job_id, "study_id": study.record.id}
        origin = {**provenance(resolved.spec, study.record, best), "layers": layers[group]}
        if (source := chosen_from(studies, study, best)) is not None:
            origin["chosen_from"] = source
        rows.append(row | {"provenance": origin})
    return rows


def layers_of(resolved: ResolvedSpec, trial: Trial) -> dict[str, list[str]]:
    """Return the layers of each group of the network that a trial trained."""
    if not isinstance(resolved, TrainingJob):
        return {}
    if trial.learned is not None:
        return {g.name: list(g.layers) for g in gradient_settings.learned_groups(resolved)}
    searched = {name: trial.params[name] for name in SEARCHABLE if name in trial.params}
    network = resolved.network.model_copy(update=searched)
    return {group.name: list(group.layers) for group in resolved.groups_of(network)}


def provenance(spec: JobSpec, study: Study, best: Trial) -> dict[str, Any]:
    """Return the provenance of a density: all that is needed to compute it again."""
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
