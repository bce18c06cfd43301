"""A sampler is answered as the catalogue describes it."""

from __future__ import annotations

from api.schemas.samplers import SamplerOut
from service import samplers


def test_every_sampler_is_answered_whole() -> None:
    for info in samplers.catalogue():
        described = info.to_dict()
        assert SamplerOut.model_validate(described).model_dump() == described
