"""An epoch is stored once, also where the same report comes twice at once."""

from __future__ import annotations

from pathlib import Path

from service.jobs import asks
from service.settings import Settings
from service.storage import held_claims
from service.storage.database import Database
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
        assert held_claims.measure(session, {**row, **about, "metrics": {"mAP": 0.1}})
        assert not held_claims.measure(session, {**row, **about, "metrics": {"mAP": 0.2}})
        assert held_claims.of_token(session, one.trial.id, digest).n_epochs == 1
        assert held_claims.measured(session, held, 1) == {"mAP": 0.1}
        assert held_claims.measured(session, held, 2) is None
    dispatcher.resign()
