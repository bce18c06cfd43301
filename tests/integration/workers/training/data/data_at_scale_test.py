"""The benchmark of large data sets, small: images of varying size are made, stored, trained on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import data_at_scale
from workers.training.data import readers


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("N_ROUNDS", "N_STEPS", "N_BEFORE"):
        monkeypatch.setattr(data_at_scale, name, 1)
    monkeypatch.setattr(data_at_scale, "SIDE", 16)
    monkeypatch.setitem(data_at_scale.TRAINING, "batch_size", 8)
    yield
    readers.use_readers(0)
    readers.shared_readers(1).close()
    readers.shared_readers.cache_clear()


def test_images_are_made_stored_and_trained_on(tmp_path: Path) -> None:
    n_bytes = data_at_scale.make(tmp_path / "images", 60)
    stored = data_at_scale.store(tmp_path)
    (images,) = (tmp_path / "data" / "datasets").glob("*/images.bin")
    assert images.stat().st_size == n_bytes
    assert stored["peak_mb"]["server"] > 0
    # No true limit: it is this process's, in which other tests' servers have threads.
    found = data_at_scale.train_on(tmp_path, n_readers=1, limit_mb=100_000)
    assert set(found["peak_mb"]) == {"training", "reader 1"}
    assert 10 < found["peak_mb"]["reader 1"] < 100
    assert found["read_per_s"] > 0
    assert len(found["ratios"]) == len(found["waits"]) == 1
