"""Fixtures of the tests that ask samplers in processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.support.root import ROOT
from workers.asking.child import AskLimits
from workers.asking.pool import AskingPool


@pytest.fixture(autouse=True)
def path_to_odd_samplers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (ROOT / "library", ROOT))))


@pytest.fixture
def open_pool() -> Iterator[Callable[[AskLimits], AskingPool]]:
    pools: list[AskingPool] = []

    def opened(limits: AskLimits, n_processes: int = 3) -> AskingPool:
        pools.append(AskingPool(n_processes, limits))
        return pools[-1]

    yield opened
    for pool in pools:
        pool.stop()
