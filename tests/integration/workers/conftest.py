"""Fixtures of the dispatcher's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.settings import Settings
from service.storage.database import Database
from tests.support.pretended_cluster import PretendedCluster
from workers.dispatcher import Dispatcher


@pytest.fixture
def cluster() -> PretendedCluster:
    return PretendedCluster()


@pytest.fixture
def dispatcher(sqlite_database: Database, tmp_path: Path, cluster: PretendedCluster) -> Dispatcher:
    settings = Settings(data_dir=tmp_path, poll_s=0.001, lease_s=60.0)
    return Dispatcher(settings, sqlite_database, cluster)
