"""The section of a network is found by its kind, and holds its settings to their ranges."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from densearch.plugins.sections import OwnNetwork
from service import networks
from service.networks.plugin import BUILT_IN
from service.networks.sections import SEARCHABLE, AnyNetwork, Network, Vgg

NETWORK: TypeAdapter[AnyNetwork] = TypeAdapter(Network)
BUILT_IN_SECTIONS = [kind for kind in get_args(AnyNetwork) if kind is not OwnNetwork]


@pytest.mark.parametrize("kind", BUILT_IN)
def test_a_kind_alone_is_a_whole_section_that_reads_itself(kind: str) -> None:
    section = NETWORK.validate_python({"kind": kind})
    assert section.kind == kind
    assert NETWORK.validate_python(section.model_dump(mode="json")) == section
    assert NETWORK.validate_python(section) is section


def test_the_names_that_plug_ins_may_not_take_are_those_of_the_sections() -> None:
    of_sections = [get_args(kind.model_fields["kind"].annotation) for kind in BUILT_IN_SECTIONS]
    assert of_sections == [(name,) for name in BUILT_IN]
    assert [info.name for info in networks.catalogue()] == list(BUILT_IN)


@pytest.mark.parametrize("section", BUILT_IN_SECTIONS, ids=lambda kind: kind.__name__)
def test_what_may_be_searched_is_a_whole_number_of_every_network(section: type[Any]) -> None:
    for name in SEARCHABLE:
        assert section.model_fields[name].annotation is int


@pytest.mark.parametrize(
    ("given", "at", "words"),
    [
        ({"kind": "vgg", "depth": 0}, "depth", "greater than or equal to 1"),
        ({"kind": "vgg", "depth": 2, "n_stages": 3}, "n_stages", "raise depth from 2"),
        ({"kind": "vgg", "depth": 1}, "n_stages", "raise depth from 1"),  # of the default too
        ({"kind": "vgg", "width": 257}, "width", "less than or equal to 256"),
        ({"kind": "unet", "n_stages": 7}, "n_stages", "less than or equal to 6"),
        ({"kind": "dncnn", "depth": 1}, "depth", "greater than or equal to 2"),
        ({"kind": "dncnn", "n_stages": 2}, "n_stages", "Extra inputs"),
        ({"kind": "resnet", "depth": "2"}, "depth", "valid integer"),
        ({"kind": "alexnet"}, "kind", "unknown kind 'alexnet': choose small_cnn"),
        ({}, "kind", "required"),
    ],
)
def test_a_wrong_setting_is_named(given: dict[str, Any], at: str, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        NETWORK.validate_python(given)
    (error,) = caught.value.errors(include_url=False)
    assert error["loc"][-1] == at
    assert words in error["msg"]


def test_a_section_is_never_changed() -> None:
    section = Vgg(kind="vgg")
    with pytest.raises(ValidationError, match="frozen"):
        section.depth = 9  # type: ignore[misc]
