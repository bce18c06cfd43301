"""Phantoms: generated volumes of ellipsoids, to be denoised.

They replace medical scans, which no wheel contains. They are computed by exactly rounded
operations alone, so that every machine generates the same volumes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE_PX = 32
N_VOLUMES = {"train": 24, "validation": 8, "test": 8}
_SEED = 20250524
_N_ELLIPSOIDS = 12
_SEMI_AXES_PX = (2.0, 9.0)
_BACKGROUND = (0.2, 0.5)

Volume = NDArray[np.float32]
Coordinates = NDArray[np.float64]


def load_phantoms() -> dict[str, list[Volume]]:
    """Return each split's volumes (32, 32, 32) in [0, 1]."""
    random = np.random.default_rng(_SEED)
    return {split: [_volume(random) for _ in range(n)] for split, n in N_VOLUMES.items()}


def _volume(random: np.random.Generator) -> Volume:
    """Lay ellipsoids of one intensity each over a background that rises along an axis."""
    coordinates: Coordinates = np.indices((SIDE_PX,) * 3).astype(np.float64) + 0.5
    low, high = _BACKGROUND
    volume: Coordinates = low + (high - low) * coordinates[random.integers(3)] / SIDE_PX
    for _ in range(_N_ELLIPSOIDS):
        covered = ellipsoid(coordinates, random)
        volume += covered * (random.random() - volume)
    return volume.astype(np.float32)


def ellipsoid(coordinates: Coordinates, random: np.random.Generator) -> Coordinates:
    """Return how much of each voxel is covered: the shortest axis ends within one voxel."""
    centre = random.uniform(0, SIDE_PX, 3)
    axes = random.uniform(*_SEMI_AXES_PX, 3)
    away = coordinates - centre[:, None, None, None]
    radius = np.zeros(coordinates.shape[1:])
    for direction, axis in zip(_directions(random), axes, strict=True):
        x, y, z = direction / axis
        radius += (x * away[0] + y * away[1] + z * away[2]) ** 2
    covered: Coordinates = np.clip(0.5 + (1 - np.sqrt(radius)) * axes.min(), 0.0, 1.0)
    return covered


def _directions(random: np.random.Generator) -> Coordinates:
    """Return three unit vectors at right angles, the rows, every rotation as likely.

    Source: K. Shoemake, "Uniform Random Rotations", Graphics Gems III, 1992: a normal quaternion.
    """
    w, x, y, z = random.standard_normal(4)
    norm = w * w + x * x + y * y + z * z
    rows = [
        [norm - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), norm - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), norm - 2 * (x * x + y * y)],
    ]
    directions: Coordinates = np.array(rows) / norm
    return directions
