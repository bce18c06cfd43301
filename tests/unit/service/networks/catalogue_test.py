"""The catalogue of networks: what each says of itself."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import ValidationError

from service import networks
from service.networks import NetworkInfo
from service.networks.sections import Vgg

INFOS = networks.catalogue()


def schema_of(info: NetworkInfo) -> dict[str, Any]:
    schema = info.to_dict()["section"]
    assert isinstance(schema, dict)
    return schema


@pytest.mark.parametrize("info", INFOS, ids=lambda info: info.name)
def test_a_network_is_named_by_its_kind_and_told(info: NetworkInfo) -> None:
    assert get_args(info.section.model_fields["kind"].annotation) == (info.name,)
    told = info.to_dict()
    assert told["tasks"] == list(info.tasks)
    assert info.tasks
    assert all(told[name] for name in ("name", "title", "description"))


@pytest.mark.parametrize("info", INFOS, ids=lambda info: info.name)
def test_the_schema_accepts_what_the_section_accepts(info: NetworkInfo) -> None:
    schema = schema_of(info)
    Draft202012Validator.check_schema(schema)
    accepts = Draft202012Validator(schema)
    complete = info.section.model_validate({"kind": info.name}).model_dump()
    for given in ({"kind": info.name}, complete, {**complete, "kernel_size": 7, "width": 1}):
        assert accepts.is_valid(given)
        info.section.model_validate(given)
    for wrong in (
        {**complete, "kernel_size": 4},
        {**complete, "kernel_size": 1},
        {**complete, "width": 0},
        {**complete, "depth": 0},
        {**complete, "colour": 1},
        {**complete, "kind": "alexnet"},
    ):
        assert not accepts.is_valid(wrong)
        with pytest.raises(ValidationError):
            info.section.model_validate(wrong)


@pytest.mark.parametrize("info", INFOS, ids=lambda info: info.name)
def test_every_setting_is_described_in_the_schema(info: NetworkInfo) -> None:
    for name, setting in schema_of(info)["properties"].items():
        assert name == "kind" or setting["description"]


def test_even_kernels_are_refused_with_the_odd_ones_beside() -> None:
    with pytest.raises(ValidationError, match="use an odd size, 3 or 5"):
        Vgg.model_validate({"kind": "vgg", "kernel_size": 4})


@pytest.mark.parametrize(
    ("settings", "is_fine"),
    [
        ({"depth": 1}, False),  # the default has two stages
        ({"depth": 1, "n_stages": 1}, True),
        ({"depth": 3, "n_stages": 3}, True),
        ({"depth": 3, "n_stages": 4}, False),
    ],
)
def test_every_stage_of_a_vgg_has_a_convolution(settings: dict[str, int], is_fine: bool) -> None:
    given = {"kind": "vgg", **settings}
    if is_fine:
        Vgg.model_validate(given)
    else:
        with pytest.raises(ValidationError, match="raise depth") as caught:
            Vgg.model_validate(given)
        assert caught.value.errors()[0]["loc"] == ("n_stages",)


def test_stages_halve_the_image_once_less_than_they_are() -> None:
    halvings = {
        info.name: networks.n_halvings(info.section.model_validate({"kind": info.name}))
        for info in INFOS
    }
    assert halvings == {
        "small_cnn": 0, "vgg": 1, "resnet": 2, "dncnn": 0, "unet": 2, "nafnet": 2,
    }  # fmt: skip
