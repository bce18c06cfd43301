"""Has a worker time what a training costs, between trials: one measurement at a time."""

from __future__ import annotations

import time
from typing import Any

import structlog

from service.costs import calibrations
from service.costs.training_cost import TrainingCost
from service.records import Calibration, RegisteredDispatcher
from service.settings import Settings
from service.storage.database import Database
from workers.cluster import Cluster
from workers.deaths import DIED
from workers.pulse import ClusterLostError
from workers.slots import WorkerShape

LOG = structlog.get_logger(__name__)
# A measurement that takes longer is given up, s: it would keep the others waiting for ever.
LIMIT_S = 600.0


class Calibrator:
    """See the module. Thread safety: none.

    While a measurement waits for room, its share of the cluster is held back from trials, so that
    jobs cannot starve it. After one has ended, and while trials wait, the next is put off for as
    long as the last one took, so that it takes no more than half of one place from the jobs. What
    does not fit the cluster keeps nobody waiting. One whose worker died is tried again, as often
    as a trial would be.

    Args:
        settings: The lease time and the number of tries are taken from it.
        database: Where measurements wait.
        cluster: Where they run.
        me: The dispatcher.
    """

    def __init__(
        self, settings: Settings, database: Database, cluster: Cluster, me: RegisteredDispatcher
    ) -> None:
        self._lease_s = settings.lease_s
        self._max_tries = settings.max_attempts
        self._database = database
        self._cluster = cluster
        self._me = me
        self._latest: object = None
        self._waiting: Calibration | None = None
        self._running: Calibration | None = None
        self._is_to_restart = False
        self._n_tries = 0
        self._started_at = 0.0
        self._rests_until = 0.0
        self._said: tuple[int, TrainingCost | str] | None = None

    @property
    def held(self) -> WorkerShape:
        """The share that trials must leave free for the next measurement."""
        if self._running is not None and self._is_to_restart:
            return _shape_of(self._running)
        if self._waiting is None or time.monotonic() < self._rests_until:
            return WorkerShape(0.0, 0.0)
        return _shape_of(self._waiting)

    def look(self) -> bool:
        """See whether somebody asks for a measurement; answer whether one has ended, anywhere."""
        if self._waiting is None and self._running is None:
            self._waiting = calibrations.next_open(self._database, self._fits)
        before, self._latest = self._latest, calibrations.latest(self._database)
        return self._latest != before

    def _fits(self, calibration: Calibration) -> bool:
        return self._cluster.capacity(_shape_of(calibration)) > 0

    def turn(self, *, trials_wait: bool) -> None:
        """Take in what was measured, start what waits."""
        self._take_in(trials_wait=trials_wait)
        if self._running is not None and self._is_to_restart:
            self._restart(self._running)
        if self._waiting is not None and self._running is None:
            self._start(self._waiting)

    def _take_in(self, *, trials_wait: bool) -> None:
        self._said = self._said or self._heard()
        if self._said is None:
            return
        calibrations.settle(self._database, self._said[0], self._me, self._said[1])
        if isinstance(self._said[1], str):
            LOG.warning("a measurement failed", id=self._said[0], error=self._said[1])
        self._said, self._running, self._is_to_restart = None, None, False
        took_s = time.monotonic() - self._started_at
        self._rests_until = time.monotonic() + (took_s if trials_wait else 0.0)

    def abandon(self, lost: ClusterLostError) -> None:
        """Give up the measurement at work when the node died: that may have been its doing."""
        if self._running is not None and lost.has_node_died:
            calibrations.settle(
                self._database, self._running.id, self._me, f"{DIED} with Ray: {lost}"
            )
            self._running, self._is_to_restart = None, False

    def _heard(self) -> tuple[int, TrainingCost | str] | None:
        found = self._cluster.measured()
        if found is not None and self._is_tried_again(found[1]):
            return None
        if found is not None:
            return found[0], _read(found[1])
        if self._running is None or time.monotonic() - self._started_at < LIMIT_S:
            return None
        self._cluster.stop_measuring()
        return self._running.id, f"it took more than {LIMIT_S:g} s"

    def _is_tried_again(self, result: dict[str, Any] | str) -> bool:
        """Have another worker measure where one died, unless that was the last try."""
        if self._running is None or not isinstance(result, str) or not result.startswith(DIED):
            return False
        self._n_tries += 1
        self._is_to_restart = self._n_tries < self._max_tries
        if self._is_to_restart:
            LOG.warning("a measurement is tried again", id=self._running.id, error=result)
        return self._is_to_restart

    def _restart(self, running: Calibration) -> None:
        """Measure again as soon as there is room."""
        shape = _shape_of(running)
        if self._cluster.n_free(shape):
            self._is_to_restart = False
            self._cluster.measure(shape, running)

    def _start(self, waiting: Calibration) -> None:
        if not self._fits(waiting):
            self._waiting = None  # what it would have run on has left the cluster
            return
        shape = _shape_of(waiting)
        if time.monotonic() < self._rests_until or not self._cluster.n_free(shape):
            return
        self._waiting = None
        if not calibrations.take(self._database, waiting, self._me, self._lease_s):
            return
        self._running, self._n_tries, self._started_at = waiting, 0, time.monotonic()
        self._cluster.measure(shape, waiting)


def _shape_of(calibration: Calibration) -> WorkerShape:
    return WorkerShape(calibration.cpus, calibration.gpus)


def _read(result: dict[str, Any] | str) -> TrainingCost | str:
    """Read what a worker measured (`workers.training.calibration.MeasuredCost`)."""
    if isinstance(result, str):
        return result
    return TrainingCost(
        start_s=result["start_s"],
        epoch_s=tuple(result["epoch_s"]),
        final_s=result["final_s"],
        test_s=result["test_s"],
        n=0,
        device=result["device"],
        peak_memory_bytes=result["peak_memory_bytes"] or None,
        pack_epoch_s=result["pack_epoch_s"],
        pack_width=result["pack_width"],
        load_s=result["load_s"],
    )
