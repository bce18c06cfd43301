"""Rounds of jobs, each on a new data directory, disturbed and compared with the reference."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from densearch.client.client import Client
from tests.chaos import disks, services
from tests.chaos.deployment import Deployment
from tests.chaos.faults.base import Fault, NothingToStrikeError
from tests.chaos.plan import Planned
from tests.chaos.results import Json, differences, results_of

# A round is abandoned when no trial ends for this long, s.
PATIENCE_S = 180.0
# How long processes of an ended server may take to die, s.
GOODBYE_S = 15.0
POLL_S = 0.1


@dataclass(frozen=True)
class Strike:
    """A fault that struck, and the recovery from it.

    Attributes:
        trial_s: From its end to that of a trial that began after it; None: the jobs were over.
        ready_s: From its end until the server was ready.
    """

    fault: Fault
    at: int
    struck: str
    trial_s: float | None
    ready_s: float

    @property
    def recovery_s(self) -> float:
        """The longer of the two, s."""
        return max(self.trial_s or 0.0, self.ready_s)


@dataclass
class Outcome:
    """The outcome of a round: which jobs are equal, and all differences and errors."""

    strikes: list[Strike] = field(default_factory=list)
    n_jobs: int = 0
    n_equal: int = 0
    wrong: list[str] = field(default_factory=list)


class StuckError(Exception):
    """The jobs make no progress any more."""


class Round:
    """One deployment with some jobs.

    Args:
        make: Makes the deployment in a folder.
        folder: For its data and logs.
        say: Prints a line.
        specs: Of the jobs, see `specs.JOBS`.
    """

    def __init__(
        self,
        make: Callable[[Path], Deployment],
        folder: Path,
        say: Callable[[str], None],
        specs: Sequence[Json],
    ) -> None:
        self._folder, self._say, self._specs = folder, say, specs
        self._at = make(folder)
        self._job_ids: list[int] = []
        self.strikes: list[Strike] = []

    def run(self, plan: Sequence[tuple[Planned, Fault]]) -> list[Json]:
        """Disturb the jobs by a plan and return their results.

        Raises:
            StuckError: No progress for three minutes.
        """
        self._at.start()
        with Client(self._at.url) as client:
            self._job_ids = [client.submit(spec)["id"] for spec in self._specs]
        for planned, fault in plan:
            if not self._wait_for(planned.at):
                break
            time.sleep(planned.delay_s)
            try:
                self.strikes.append(self._strike(planned, fault))
            except NothingToStrikeError as error:
                self._say(f"  not struck: {error}")
        self._wait_for_the_end()
        self._at.wait_until_ready()
        with Client(self._at.url) as client:
            return results_of(client, self._job_ids)

    def _strike(self, planned: Planned, fault: Fault) -> Strike:
        observer, rng = self._at.observer, Random(planned.seed)
        n_ended, before = observer.n_ended(), observer.last_attempt()
        struck = fault.strike(self._at, rng)
        began = time.monotonic()
        after = observer.last_attempt()
        since = (before or 0) if after is None else after
        trial_s, ready_s = self._recover(f"{fault.name} {struck}", began, since)
        strike = Strike(fault, n_ended or 0, struck, trial_s, ready_s)
        shown = "jobs over" if trial_s is None else f"{trial_s:5.1f} s"
        self._say(
            f"  after {strike.at:3} trials  {fault.name:16} trial {shown:>9}  "
            f"ready {ready_s:5.1f} s  {struck}"
        )
        return strike

    def _recover(self, struck: str, began: float, since: int) -> tuple[float | None, float]:
        """Wait for a trial that began after an attempt, and until the server is ready."""
        trial_s: float | None = None
        ready_s: float | None = None
        is_over = False
        while (trial_s is None and not is_over) or ready_s is None:
            if trial_s is None and self._at.observer.n_completed_since(since):
                trial_s = time.monotonic() - began
            is_over = self._at.observer.n_unfinished() == 0
            if ready_s is None and self._at.is_ready():
                ready_s = time.monotonic() - began
            if time.monotonic() - began > PATIENCE_S:
                raise StuckError(f"{struck}: trial {trial_s} s, ready {ready_s} s")
            time.sleep(POLL_S)
        return trial_s, ready_s

    def _wait_for(self, n_wanted: int) -> bool:
        """Wait until so many trials have ended; False if all jobs are over."""
        moved, n_last = time.monotonic(), -1
        while True:
            n_ended = self._at.observer.n_ended()
            if self._at.observer.n_unfinished() == 0:
                return False
            if n_ended is not None and n_ended >= n_wanted:
                return True
            if n_ended is not None and n_ended > n_last:
                moved, n_last = time.monotonic(), n_ended
            if time.monotonic() - moved > PATIENCE_S:
                raise StuckError(f"{n_last} trials have ended, and no more")
            time.sleep(POLL_S)

    def _wait_for_the_end(self) -> None:
        self._wait_for(1_000_000)

    def close(self) -> list[str]:
        """End the deployment and return the faults of its remaining data and processes."""
        wrong: list[str] = []
        try:
            if self._at.observer.n_unfinished() == 0:
                wrong += self._at.observer.contradictions()
                wrong += self._at.observer.broken_artifacts(self._at.data_dir)
        finally:
            self._at.stop()
        deadline = time.monotonic() + GOODBYE_S
        while (left := services.descendants()) and time.monotonic() < deadline:
            time.sleep(0.1)
        for process in left:
            wrong.append(f"process {process.pid} is left: {' '.join(process.cmdline())[:200]}")
            process.kill()
        disks.move_off(self._at.data_dir)
        return wrong


def undisturbed(
    make: Callable[[Path], Deployment],
    folder: Path,
    say: Callable[[str], None],
    specs: Sequence[Json],
) -> list[Json]:
    """Return the results of an undisturbed round."""
    calm = Round(make, folder, say, specs)
    try:
        results = calm.run([])
    finally:
        wrong = calm.close()
    if wrong:
        raise AssertionError("; ".join(wrong))
    (folder / "results.json").write_text(json.dumps(results, indent=1))
    return results


def disturbed(
    make: Callable[[Path], Deployment],
    folder: Path,
    say: Callable[[str], None],
    plan: Sequence[tuple[Planned, Fault]],
    expected: Sequence[Json],
    specs: Sequence[Json],
    *,
    is_timed: bool = True,
) -> Outcome:
    """Run a round by a plan, compare it with the undisturbed results and clean up.

    `is_timed` also checks the recoveries against their limits.
    """
    outcome = Outcome(n_jobs=len(expected))
    stormy = Round(make, folder, say, specs)
    try:
        found = stormy.run(plan)
        (folder / "results.json").write_text(json.dumps(found, indent=1))
        for ours, theirs in zip(expected, found, strict=True):
            lines = [f"{ours['name']}{line}" for line in differences(ours, theirs)]
            outcome.n_equal += not lines
            outcome.wrong += lines
    except (StuckError, TimeoutError, LookupError) as error:
        outcome.wrong.append(f"{type(error).__name__}: {error}")
    finally:
        outcome.strikes = stormy.strikes
        outcome.wrong += stormy.close()
    outcome.wrong += [
        f"{s.fault.name} after {s.at} trials: recovered in {s.recovery_s:.1f} s, "
        f"limit {s.fault.limit_s:g} s"
        for s in outcome.strikes
        if is_timed and s.recovery_s > s.fault.limit_s
    ]
    if not outcome.wrong:
        shutil.rmtree(folder)
    return outcome
