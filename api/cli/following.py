"""What is known of a job that is being watched: a plain value fed by events and by polling."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from api.client import FINAL_STATES, Event, Json


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of progress: so many of `n_total` are done; `best` is the least value so far."""

    name: str
    n_done: int
    n_total: int
    n_cached: int
    best: float | None


@dataclass
class Watched:
    """See the module. Thread safety: none.

    Attributes:
        job: The job as last polled.
        studies: Its arms as last polled, by id.
        trials: The last event of every trial, by its id.
        epochs: The last measurement event of every running trial, by its id.
        is_stale: Whether job or studies have changed since they were polled.
    """

    job: Json
    studies: dict[int, Json] = field(default_factory=dict)
    trials: dict[int, Json] = field(default_factory=dict)
    epochs: dict[int, Json] = field(default_factory=dict)
    is_stale: bool = False

    @property
    def is_over(self) -> bool:
        """Whether the job's state is final."""
        return self.job["state"] in FINAL_STATES

    @property
    def n_epochs(self) -> int | None:
        """Epochs of a training, None where nothing is trained."""
        training = (self.job.get("spec") or {}).get("training")
        return training["epochs"] if training else None

    def poll(self, job: Json, studies: Iterable[Json]) -> None:
        """Take in what the server says now."""
        self.job, self.is_stale = job, False
        self.studies = {study["id"]: study for study in studies}

    def take(self, event: Event) -> None:
        """Take in one event; kinds that are not known are passed over.

        The stream begins with what is long past, so the states of job and studies are never
        taken from it: such an event says that it is time to poll.
        """
        data = event.data
        if event.kind in ("job", "study"):
            self.is_stale = True
        elif event.kind == "trial":
            self.trials[data["id"]] = data
            if data["state"] != "RUNNING":
                self.epochs.pop(data["id"], None)
        elif event.kind == "measurement":
            self.epochs[data["trial_id"]] = data

    def bars(self) -> list[Bar]:
        """Return a bar for each arm, and one for the evaluation once it has begun."""
        bars = [self._study_bar(study) for study in self.studies.values()]
        progress = self.job.get("progress") or {}
        if progress.get("n_evaluations"):
            n_done, n_total = progress["n_evaluations_finished"], progress["n_evaluations"]
            bars.append(Bar("evaluation", n_done, n_total, self._n_cached("evaluation"), None))
        return bars

    def _study_bar(self, study: Json) -> Bar:
        total = study["n_trials"]
        # Trials run ahead of need (speculation) do not count towards the budget.
        n_done = total if study["is_finished"] else min(study["n_finished"], total)
        n_cached = min(self._n_cached("search", study["id"]), n_done)
        return Bar(study["name"], n_done, total, n_cached, study["best_value"])

    def _n_cached(self, phase: str, study_id: int | None = None) -> int:
        """Count the trials that took an earlier result instead of training."""
        return sum(
            t["phase"] == phase and t["cached"] and study_id in (None, t["study_id"])
            for t in self.trials.values()
        )

    def running(self) -> list[str]:
        """Return a line for each running trial: its arm, its epoch, its metrics."""
        return [self._running_line(t) for t in self.trials.values() if t["state"] == "RUNNING"]

    def _running_line(self, trial: Json) -> str:
        arm = self.studies.get(trial["study_id"], {}).get("name", "?")
        line = f"trial {trial['id']} ({arm})"
        measured = self.epochs.get(trial["id"])
        if measured is None:
            return line
        shown = ", ".join(f"{name} {value:.4g}" for name, value in measured["metrics"].items())
        of = f"/{self.n_epochs}" if self.n_epochs else ""
        return f"{line} epoch {measured['epoch']}{of}: {shown}"
