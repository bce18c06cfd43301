"""Bodies of campaigns for tests."""

from __future__ import annotations

from typing import Any

from service.campaigns.request import CampaignSpec
from tests.support.specs import PHOTOS, SPHERE

# Four jobs that call a function.
SPHERES: dict[str, Any] = {
    "name": "spheres",
    "base": {name: part for name, part in SPHERE.items() if name != "name"},
    "matrix": {"task.dimension": [2, 3], "seed": [0, 1]},
}
# Two jobs that train, by the simulation of tests.support.simulation.
TWO_PHOTOS: dict[str, Any] = {
    "name": "two photos",
    "base": {name: part for name, part in PHOTOS.items() if name != "name"},
    "matrix": {"network.width": [8, 16]},
}


def wanted(body: dict[str, Any] = SPHERES, **changes: Any) -> CampaignSpec:
    """A campaign as a user sends it."""
    return CampaignSpec.model_validate(body | changes)
