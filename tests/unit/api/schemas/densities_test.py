"""A density is answered with all that is stored of it, the figures of its shape and its origin."""

from __future__ import annotations

from api.schemas.densities import DensityOut
from service.jobs.density_files import Shape
from service.records import DensityRecord
from tests.support.schemas import answered, known


def test_all_of_a_density_and_of_its_shape_is_answered() -> None:
    assert answered(DensityOut) == known(DensityRecord) | known(Shape) | {
        *("gamma", "study", "layers")
    }
