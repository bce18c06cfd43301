"""The undisturbed results without Ray: jobs that are trained in this process, in wide packs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from densearch.client.client import Client
from service.orchestration.messages import packs_of
from service.settings import Settings
from service.storage import schema
from service.storage.database import Database
from tests.chaos.results import Json, results_of
from tests.support.live_server import Server
from tests.support.pretended_cluster import PretendedCluster
from workers.dispatcher import Dispatcher
from workers.worker import Worker

# Of the packs: wider than those of `specs.JOBS`, since no width changes a result.
WIDTH = 8
PATIENCE_S = 180.0
PAUSE_S = 0.02
# Of the worker: devices are named with the workers that had them.
NAME = "here"


def trained_here(folder: Path, specs: Sequence[dict[str, Any]]) -> list[Json]:
    """Return the results of jobs that one worker of this process trains.

    Raises:
        TimeoutError: The jobs have not ended after three minutes.
    """
    folder.mkdir(parents=True)
    database = Database(f"sqlite:///{folder / 'densearch.sqlite3'}")
    schema.upgrade(database)
    server = Server(database, folder)
    server.start()
    try:
        with Client(server.url) as client:
            job_ids = [client.submit(in_wide_packs(spec))["id"] for spec in specs]
            _work(Settings(data_dir=folder), database, client, job_ids)
            return results_of(client, job_ids)
    finally:
        server.stop()
        database.close()


def in_wide_packs(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a spec whose packs, if it has any, have another width."""
    if "pack_width" not in spec.get("resources", {}):
        return spec
    return {**spec, "resources": {**spec["resources"], "pack_width": WIDTH}}


def _work(settings: Settings, database: Database, client: Client, job_ids: Sequence[int]) -> None:
    cluster = PretendedCluster()
    dispatcher = Dispatcher(settings, database, cluster)
    worker = Worker(str(settings.data_dir))
    deadline = time.monotonic() + PATIENCE_S
    while not all(client.job(job_id)["state"] == "SUCCEEDED" for job_id in job_ids):
        if time.monotonic() > deadline:
            raise TimeoutError(str([client.job(job_id)["state"] for job_id in job_ids]))
        dispatcher.turn()
        _train(worker, cluster)
    dispatcher.resign()


def _train(worker: Worker, cluster: PretendedCluster) -> None:
    """Train all that is in hand; pause where there is nothing: a sampler is being asked."""
    packs = packs_of(list(cluster.in_hand().values()))
    for pack in packs:
        by_id = {assignment.attempt_id: assignment for assignment in pack}
        for message in worker.run(pack):
            if isinstance(message, tuple):
                end = replace(message[0], worker=NAME)
                cluster.messages.append((by_id[end.attempt_id], (end, message[1])))
    if not packs:
        time.sleep(PAUSE_S)
