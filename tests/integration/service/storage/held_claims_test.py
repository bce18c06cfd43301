"""An epoch is stored once, also where the same report comes twice at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from service.jobs import asks, trainers
from service.settings import Settings
from service.states import MessageKind
from service.storage import held_claims
from service.storage.database import Database
from service.storage.tables import MeasurementRow
from service.storage.trainer_tables import TrainerMessageRow
from service.trainer_errors import OtherReportError
from tests.support.external_jobs import claim, submit
from tests.support.pretended_cluster import PretendedCluster
from workers.dispatcher import Dispatcher


def test_a_measurement_that_is_there_stays(sqlite_database: Database, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, poll_s=0.001, lease_s=60.0)
    dispatcher = Dispatcher(settings, sqlite_database, PretendedCluster())
    job_id = submit(sqlite_database, samplers=["random"], controls=[])
    dispatcher.turn(looks=True)
    (one,) = claim(sqlite_database, job_id)
    digest = asks.digest_of_token(one.token)
    with sqlite_database.write() as session:
        held = held_claims.of_token(session, one.trial.id, digest)
        row = {"trial_id": held.trial_id, "attempt_id": held.attempt_id, "epoch": 1}
        about = {"elapsed_s": 1.0, "measured_at": held.at}
        assert held.n_epochs == 0
        assert held_claims.measure_once(session, {**row, **about, "metrics": {"mAP": 0.1}})
        assert not held_claims.measure_once(session, {**row, **about, "metrics": {"mAP": 0.2}})
        assert held_claims.of_token(session, one.trial.id, digest).n_epochs == 1
        assert held_claims.measured(session, held, 1) == {"mAP": 0.1}
        assert held_claims.measured(session, held, 2) is None
    dispatcher.resign()


def test_a_report_that_comes_while_its_twin_is_stored_is_stored_once(
    postgresql_database: Database, tmp_path: Path
) -> None:
    database = postgresql_database
    settings = Settings(data_dir=tmp_path, poll_s=0.001, lease_s=60.0)
    dispatcher = Dispatcher(settings, database, PretendedCluster())
    job_id = submit(database, samplers=["random"], controls=[])
    dispatcher.turn(looks=True)
    (one,) = claim(database, job_id)
    digest, trial_id = asks.digest_of_token(one.token), one.trial.id
    with ThreadPoolExecutor(2) as pool:
        with database.write(is_brief=True) as session:
            held = held_claims.of_token(session, trial_id, digest)
            first = {"trial_id": trial_id, "attempt_id": held.attempt_id, "epoch": 1}
            about = {"elapsed_s": 1.0, "measured_at": held.at, "metrics": {"mAP": 0.5}}
            held_claims.measure(session, {**first, **about})
            # Both wait for the claim, and have looked for epochs before this one is stored.
            twins = [
                pool.submit(trainers.report, database, trial_id, one.token, 1, value, {})
                for value in (0.5, 0.25)
            ]
            with pytest.raises(TimeoutError):
                twins[0].result(0.5)
        assert twins[0].result().stop is None
        with pytest.raises(OtherReportError):
            twins[1].result()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(MeasurementRow)) == 1
        said = select(TrainerMessageRow.kind).where(TrainerMessageRow.kind == MessageKind.REPORTED)
        assert not session.scalars(said).all()
    dispatcher.resign()
