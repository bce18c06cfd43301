"""What a trainer sends is taken once, and wrong tokens, values and orders are refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.jobs import commands, trainers
from service.settings import Settings
from service.states import AttemptState, MessageKind, TrialState
from service.storage import trials
from service.storage.database import Database
from service.trainer_errors import EpochOrderError, OtherReportError, UnknownTokenError
from tests.support.external_jobs import claim, end, submit
from tests.support.pretended_cluster import PretendedCluster
from workers.dispatcher import Dispatcher


@pytest.fixture
def offered(database: Database, tmp_path: Path) -> Iterator[int]:
    """A job whose trials are offered, on each kind of database."""
    settings = Settings(data_dir=tmp_path, poll_s=0.001, lease_s=60.0)
    dispatcher = Dispatcher(settings, database, PretendedCluster())
    job_id = submit(database, samplers=["random"], budget={"n_trials": 40})
    dispatcher.turn(looks=True)
    yield job_id
    dispatcher.resign()


def test_a_value_is_taken_once(database: Database, offered: int) -> None:
    one, other = claim(database, offered, 2)
    assert end(database, one, value=0.5) == "taken"
    assert end(database, one, value=0.5) == "taken"
    with pytest.raises(OtherReportError, match=r"value, 0\.5; that stays"):
        end(database, one, value=0.6)
    with pytest.raises(OtherReportError):
        trainers.release(database, one.trial.id, one.token)
    with pytest.raises(UnknownTokenError):
        trainers.tell(database, one.trial.id, other.token, {"kind": MessageKind.RELEASED})
    with pytest.raises(UnknownTokenError):
        trainers.heartbeat(database, one.trial.id, "made up")


def test_epochs_come_in_order_and_once(database: Database, offered: int) -> None:
    (one,) = claim(database, offered)

    def report(epoch: int, value: float) -> str | None:
        return trainers.report(database, one.trial.id, one.token, epoch, value, {"p": 1.0}).stop

    with pytest.raises(EpochOrderError, match="epoch 1 comes next"):
        report(2, 0.2)
    assert report(1, 0.1) is None
    assert report(1, 0.1) is None
    with pytest.raises(OtherReportError, match="epoch 1"):
        report(1, 0.2)
    assert [report(epoch, 0.1) for epoch in (2, 3, 4)] == [None, None, "complete"]


def test_a_value_that_no_step_has_heard_of_outlives_a_cancellation(
    database: Database, offered: int
) -> None:
    one, other = claim(database, offered, 2)
    assert end(database, one, value=0.5, metrics={"recall": 0.7}) == "taken"
    commands.cancel(database, offered)
    with database.read() as session:
        (kept,), (none,) = (trials.attempts(session, c.trial.id) for c in (one, other))
        trial = trials.get(session, one.trial.id)
    assert (kept.state, kept.value, kept.is_late) == (AttemptState.CANCELLED, -0.5, True)
    assert kept.metrics == {"mAP": 0.5, "recall": 0.7}
    assert (none.value, none.is_late) == (None, False)
    assert (trial.state, trial.value) == (TrialState.CANCELLED, None)
    assert end(database, one, value=0.5, metrics={"recall": 0.7}) == "late"
