"""Arms and trials made by hand, as a run would hold them at its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from service.records import Study, Trial
from service.spec import JobSpec
from service.states import Phase, TrialState
from service.studies.study_run import StudyRun, open_studies
from service.validation import parse
from service.validation.resolve import resolve

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BODY: dict[str, Any] = {
    "name": "photos",
    "task": {"kind": "denoising"},
    "density": {"bounds": [[0.0, 2.0]]},
    "samplers": ["random"],
    "controls": ["uniform", {"name": "flat", "factor": 0.5}],
    "budget": {"n_trials": 1},
    "evaluation": {"n_seeds": 2},
}


def spec_of(**changes: Any) -> JobSpec:
    """A spec of a training job."""
    return parse.parse(BODY | changes)


class Log:
    """The trials of a job, with ids in the order in which they are made."""

    def __init__(self, spec: JobSpec) -> None:
        self.resolved = resolve(spec)
        self.trials: list[Trial] = []
        self.studies = {
            found.name: Study(
                id=place + 1,
                job_id=1,
                place=place,
                name=found.name,
                role=found.role,
                sampler=found.sampler,
                repeat=found.repeat,
                n_trials=found.n_trials,
                seed=found.seed,
                is_finished=True,
                stopped_at=None,
                best_trial_id=None,
                best_value=None,
            )
            for place, found in enumerate(self.resolved.studies)
        }
        self.best: dict[str, Trial] = {}

    def trial(
        self, study: str, number: int | None, value: float | None = 1.0, **changes: Any
    ) -> Trial:
        """A trial that ended well; its digest is its own unless it is given."""
        values: dict[str, Any] = {
            "id": len(self.trials) + 1,
            "job_id": 1,
            "study_id": self.studies[study].id,
            "phase": Phase.SEARCH,
            "number": number,
            "state": TrialState.COMPLETED,
            "certainty": "certain",
            "point": [0.25] * self.resolved.spaces.of(study).dimension,
            "params": {},
            "digest": f"d{len(self.trials) + 1}",
            "payload": {"training": {"epochs": 4}, "network": {}},
            "seed": 0,
            "value": value,
            "is_diverged": False,
            "metrics": {"loss": value},
            "curve": None,
            "learned": None,
            "training_s": 2.0,
            "cached_from": None,
            "n_attempts": 1,
            "error": None,
            "queued_at": NOW,
            "started_at": NOW,
            "finished_at": NOW,
        }
        made = Trial(**values | changes)
        self.trials.append(made)
        return made

    def tests(self, study: str, *losses: float | None, **changes: Any) -> None:
        """The final trainings of an arm, one a seed; None is one that diverged."""
        for seed, loss in enumerate(losses):
            self.tests_one(study, seed, loss, **changes)

    def tests_one(
        self,
        study: str,
        seed: int,
        loss: float | None,
        metrics: dict[str, float] | None = None,
        **changes: Any,
    ) -> None:
        """A final training with one seed; its metrics are added to its loss."""
        if loss is None:
            known: dict[str, Any] = {"value": 1000.0, "is_diverged": True, "metrics": {}}
        else:
            known = {"value": loss, "metrics": {"loss": loss, **(metrics or {})}}
        self.trial(study, seed, phase=Phase.EVALUATION, **known | changes)

    def judge(self, study: str, value: float, *losses: float | None, **changes: Any) -> None:
        """An arm with one search trial, its best, and its final trainings."""
        self.best[study] = self.trial(study, 0, value, **changes)
        self.tests(study, *losses)

    def arms(self) -> list[StudyRun]:
        """The studies of the spec, each with its best."""
        return open_studies(self.resolved, list(map(self._with_best, self.studies.values())))

    def _with_best(self, study: Study) -> Study:
        best = self.best.get(study.name)
        values = {name: getattr(study, name) for name in Study.__slots__}
        if best is not None:
            values |= {"best_trial_id": best.id, "best_value": best.value}
        return Study(**values)
