"""The state of a watched job: a plain value, updated by events and by polling."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

from densearch.answers import TrialEvent
from densearch.client.client import FINAL_STATES, Event, Json

# What a search's bar says where it stopped early, by the reason.
STOPS = {
    "noise": "stopped below the noise",
    "wall_clock": "stopped: the budget's time is spent",
    "cost": "stopped: the budget's money is spent",
    "asking": "stopped: its sampler failed",
}
# Bars of what follows the searches: name, its count, phases of its trials.
AFTERWARDS = (
    ("finalists", "n_promotions", ("promotion", "confirmation")),
    ("evaluation", "n_evaluations", ("evaluation",)),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of progress: so many of `n_total` are done; `best` is the least value so far.

    Attributes:
        n_ahead: Ended trials that were run ahead and that the sequence has not asked for.
        hit_rate: The part of those run ahead that was needed; None where nothing was.
        note: A remark, such as why the search stopped.
    """

    name: str
    n_done: int
    n_total: int
    n_cached: int
    best: float | None
    n_ahead: int = 0
    hit_rate: float | None = None
    note: str = ""


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
    trials: dict[int, TrialEvent] = field(default_factory=dict)
    epochs: dict[int, Json] = field(default_factory=dict)
    is_stale: bool = False

    @property
    def is_over(self) -> bool:
        """Whether the job's state is final."""
        return self.job["state"] in FINAL_STATES

    @property
    def n_epochs(self) -> int | None:
        """Epochs of every training; None where nothing is trained, or not all as long."""
        spec = self.job.get("spec") or {}
        training = spec.get("training")
        if not training or spec.get("fidelity") or "epochs" in (spec.get("search") or {}):
            return None
        epochs: int = training["epochs"]
        return epochs

    def poll(self, job: Json, studies: Iterable[Json]) -> None:
        """Update the job and its studies from an answer of the server."""
        self.job, self.is_stale = job, False
        self.studies = {study["id"]: study for study in studies}

    def take(self, event: Event) -> None:
        """Update from one event; unknown kinds are ignored.

        The stream begins with old events, so the states of the job and its studies are never
        taken from it: such an event only means that it is time to poll.
        """
        data = event.data
        if event.kind in ("job", "study"):
            self.is_stale = True
            if data.get("state") == "QUEUED":
                self._begin_again()
        elif event.kind == "trial":
            self.trials[data["id"]] = cast("TrialEvent", data)
            if data["state"] != "RUNNING":
                self.epochs.pop(data["id"], None)
        elif event.kind == "measurement":
            self.epochs[data["trial_id"]] = data

    def _begin_again(self) -> None:
        """Forget the trials that an extended or retried job selects again."""
        self.trials = {i: t for i, t in self.trials.items() if t["phase"] == "search"}

    def bars(self) -> list[Bar]:
        """Return a bar for each search and control, and for the phases that follow once begun."""
        # The arm of a better speculation searches nothing.
        arms = [study for study in self.studies.values() if study["n_trials"]]
        bars = [self._study_bar(study) for study in arms]
        progress = self.job.get("progress") or {}
        for name, key, phases in AFTERWARDS:
            total = progress.get(key)
            if total:
                n_done = progress[f"{key}_finished"]
                bars.append(Bar(name, n_done, total, min(self._n_cached(*phases), n_done), None))
        return bars

    def _study_bar(self, study: Json) -> Bar:
        stopped_at = study.get("stopped_at")
        total = study["n_trials"] if stopped_at is None else stopped_at
        # Trials run ahead of need (speculation) do not count towards the budget.
        n_done = total if study["is_finished"] else min(study["n_finished"], total)
        n_ahead = max(study.get("n_evaluated", 0) - study["n_finished"], 0)
        has_guessed = n_ahead > 0 or study.get("n_hits", 0) > 0
        # Events arrive before polling; those of an old job may have been removed.
        n_cached = max(self._n_cached("search", study_id=study["id"]), study.get("n_cached", 0))
        return Bar(
            name=study["name"],
            n_done=n_done,
            n_total=total,
            n_cached=min(n_cached, n_done),
            best=study["best_value"],
            n_ahead=n_ahead,
            # Guesses that are still in training have neither hit nor missed.
            hit_rate=study.get("hit_rate") if has_guessed else None,
            note="" if stopped_at is None else STOPS[study["stopped_by"]],
        )

    def _n_cached(self, *phases: str, study_id: int | None = None) -> int:
        """Count the trials that took an earlier result instead of training."""
        return sum(
            t["phase"] in phases and t["cached"] and study_id in (None, t["study_id"])
            for t in self.trials.values()
        )

    def running(self) -> list[str]:
        """Return a line for each running trial: its arm, its epoch, its metrics."""
        return [self._running_line(t) for t in self.trials.values() if t["state"] == "RUNNING"]

    def _running_line(self, trial: TrialEvent) -> str:
        arm = self.studies.get(trial["study_id"], {}).get("name", "?")
        phase = "" if trial["phase"] == "search" else f", {trial['phase']}"
        line = f"trial {trial['id']} ({arm}{phase})"
        measured = self.epochs.get(trial["id"])
        if measured is None:
            return line
        shown = ", ".join(f"{name} {value:.4g}" for name, value in measured["metrics"].items())
        of = f"/{self.n_epochs}" if self.n_epochs else ""
        return f"{line} epoch {measured['epoch']}{of}: {shown}"
