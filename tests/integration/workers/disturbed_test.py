"""Whatever happens to a dispatcher, and in whichever order: jobs end as undisturbed ones do.

What is random here is what a lost wake-up needs: when workers say something, when the dispatcher
looks at the database, when users pause and resume, and when the dispatcher dies.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from service.errors import IllegalTransitionError
from service.jobs import commands as use_cases
from service.orchestration.messages import Ended, Ending
from service.settings import Settings
from service.states import JobState
from service.storage.database import Database
from tests.support.jobs import run_whole, submit, training_job
from tests.support.pretended_cluster import PretendedCluster, job_of, turn_until_ended
from tests.support.simulation import counted_trials, forget
from workers.dispatcher import Dispatcher

BODY = training_job(
    samplers=["direct_l", "random"],
    controls=["uniform", "flat"],
    budget={"n_trials": 6},
    fidelity={"search_fraction": 0.5, "promote": 2},
    training={"epochs": 4},
)
N_DISTURBANCES = 80
SEEDS = [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 100))]


class Disturbance:
    """A dispatcher with two jobs, and all that may happen to it."""

    def __init__(self, database: Database, data_dir: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.database, self.data_dir = database, data_dir
        # The second wants the trainings of the first.
        self.job_ids = [submit(database, BODY | {"name": name}) for name in ("first", "twin")]
        self.looks = True
        self.restart()

    def restart(self) -> None:
        self.cluster = PretendedCluster()
        settings = Settings(data_dir=self.data_dir, poll_s=0.001, lease_s=60.0)
        self.dispatcher = Dispatcher(settings, self.database, self.cluster)

    def die(self) -> None:
        self.dispatcher.resign()
        self.restart()
        self.looks = True

    def look(self) -> None:
        self.looks = True

    def finish(self) -> None:
        if self.cluster.hand:
            self.cluster.finish(self.chance.choice(list(self.cluster.hand.values())))

    def lose(self) -> None:
        if self.cluster.hand:
            lost = self.chance.choice(list(self.cluster.hand.values()))
            ended = Ended(lost.attempt_id, lost.trial_id, Ending.LOST)
            self.cluster.messages.append((lost, (ended, None)))

    def pause(self) -> None:
        with suppress(IllegalTransitionError):
            use_cases.pause(self.database, self.chance.choice(self.job_ids))

    def resume(self) -> None:
        for job_id in self.job_ids:
            with suppress(IllegalTransitionError):
                use_cases.resume(self.database, job_id)

    def shake(self) -> None:
        kinds: list[Callable[[], None]] = [self.finish, self.look, self.pause, self.resume]
        kinds += [self.lose, self.die]
        for kind in self.chance.choices(kinds, [10, 4, 2, 3, 1, 1], k=N_DISTURBANCES):
            self.looks = False  # unless this is its turn to look
            kind()
            self.dispatcher.turn(looks=self.looks)


@pytest.mark.parametrize("seed", SEEDS)
def test_disturbed_jobs_end_as_undisturbed_ones_do(
    sqlite_database: Database, tmp_path: Path, seed: int
) -> None:
    undisturbed = run_whole(sqlite_database, BODY)
    expected = counted_trials(sqlite_database, undisturbed)
    forget(sqlite_database, undisturbed)
    disturbed = Disturbance(sqlite_database, tmp_path, seed)
    disturbed.shake()
    disturbed.resume()
    disturbed.look()
    for job_id in disturbed.job_ids:
        if not job_of(sqlite_database, job_id).state.is_final:
            turn_until_ended(disturbed.dispatcher, disturbed.cluster, sqlite_database, job_id)
        assert job_of(sqlite_database, job_id).state is JobState.SUCCEEDED
        assert counted_trials(sqlite_database, job_id) == expected
