"""A dispatcher without workers has room for nothing, and says so."""

from __future__ import annotations

import pytest

from workers.pulse import ClusterLostError
from workers.slots import WorkerShape
from workers.without_ray import WithoutRay

SHAPE = WorkerShape(1.0, 0.0)


def test_nothing_fits_and_nothing_runs() -> None:
    cluster = WithoutRay()
    cluster.check()
    assert cluster.resources() == {"cpus": 0.0, "gpus": 0.0}
    assert (cluster.capacity(SHAPE), cluster.n_free(SHAPE), cluster.n_withheld(SHAPE)) == (0, 0, 0)
    assert "task.kind is external" in cluster.lack_of(SHAPE)
    assert (cluster.in_hand(), list(cluster.poll(0.0)), cluster.measured()) == ({}, [], None)
    assert list(cluster.abandon(ClusterLostError("gone"))) == []
    with pytest.raises(ValueError, match="no worker"):
        cluster.place(SHAPE, [])
