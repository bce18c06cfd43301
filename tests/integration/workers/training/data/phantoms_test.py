"""Phantoms: ellipsoids of known volume, and volumes that all differ."""

from __future__ import annotations

import numpy as np
import pytest

from workers.training.data import phantoms


def test_an_ellipsoid_has_the_volume_of_its_formula() -> None:
    coordinates = np.indices((phantoms.SIDE_PX,) * 3) + 0.5
    # Large and in the middle: nothing of it is cut off.
    drawn = iter([np.full(3, 16.0), np.array([6.0, 7.0, 8.0])])

    class Fixed:
        uniform = staticmethod(lambda *_: next(drawn))
        standard_normal = staticmethod(np.random.default_rng(0).standard_normal)

    covered = phantoms.ellipsoid(coordinates, Fixed())  # type: ignore[arg-type]
    assert covered.sum() == pytest.approx(4 / 3 * np.pi * 6 * 7 * 8, rel=0.03)
    # Its second moments are those of semi-axes 6, 7 and 8, however it is turned.
    away = (coordinates - 16.0).reshape(3, -1)
    moments = (away * covered.ravel()) @ away.T / covered.sum()
    found = np.sqrt(5 * np.linalg.eigvalsh(moments))
    np.testing.assert_allclose(found, [6, 7, 8], rtol=0.03)


def test_phantoms_are_volumes_between_0_and_1_and_all_different() -> None:
    volumes = [v for split in phantoms.load_phantoms().values() for v in split]
    assert len({volume.tobytes() for volume in volumes}) == 40
    assert all(v.shape == (32, 32, 32) and v.min() >= 0 and v.max() <= 1 for v in volumes)
    assert min(volume.std() for volume in volumes) > 0.05
