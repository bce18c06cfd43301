"""What a server offers against the values that it is made of."""

from __future__ import annotations

from dataclasses import fields
from typing import get_type_hints

from densearch.answers import server
from densearch.sampler import Capabilities


def test_a_sampler_can_what_its_capabilities_say() -> None:
    assert get_type_hints(server.CapabilitiesAnswer) == {
        own.name: get_type_hints(Capabilities)[own.name] for own in fields(Capabilities)
    }
