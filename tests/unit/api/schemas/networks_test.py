"""A network is answered as the catalogue describes it."""

from __future__ import annotations

from api.schemas.networks import NetworkOut
from service import networks


def test_every_network_is_answered_whole() -> None:
    for info in networks.catalogue():
        described = info.to_dict()
        assert NetworkOut.model_validate(described).model_dump() == described
