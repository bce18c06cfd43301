"""Which network fits which task."""

from __future__ import annotations

from typing import Any

import pytest

from service import networks
from service.errors import Fault, InvalidSpecError
from service.studies import payloads
from service.validation import parse
from tests.support import resolved_jobs

PHOTOS = {"kind": "denoising"}
DIGITS = {"kind": "classification"}
TEXTURES = {"kind": "classification", "dataset": "textures"}


def body(task: dict[str, Any], network: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = {"name": "n", "task": task, "network": network, "budget": {"n_trials": 3}}
    return {**given, "samplers": ["random"], **more}


def faults(given: dict[str, Any]) -> tuple[Fault, ...]:
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse(given)
    return tuple(caught.value.faults)


@pytest.mark.parametrize("task", [PHOTOS, DIGITS, TEXTURES], ids=str)
@pytest.mark.parametrize("info", networks.catalogue(), ids=lambda info: info.name)
def test_a_network_fits_its_tasks_by_default_and_no_other(
    info: networks.NetworkInfo, task: dict[str, Any]
) -> None:
    given = body(task, {"kind": info.name})
    if task["kind"] in info.tasks:
        spec = parse.parse(given)
        assert parse.parse(spec.model_dump(mode="json")) == spec
        return
    (fault,) = faults(given)
    assert fault.pointer == "/network/kind"
    assert all(fit.name in fault.detail for fit in networks.fitting(task["kind"]))


@pytest.mark.parametrize(("task", "kind"), [(PHOTOS, "dncnn"), (DIGITS, "small_cnn")])
def test_what_is_trained_without_a_word_stays_what_it_was(task: dict[str, Any], kind: str) -> None:
    given = {"name": "n", "task": task, "budget": {"n_trials": 3}}
    spec = parse.parse(given)
    assert spec.network is not None
    assert spec.network.model_dump().keys() == {"kind", "depth", "width", "kernel_size"}
    assert spec.network.kind == kind


@pytest.mark.parametrize(
    ("task", "kind", "most"),
    [
        # Sides of 8, 32, 16, 40 and 128 px, halved until 2 px are left.
        (DIGITS, "vgg", 3),
        (DIGITS, "resnet", 3),
        (TEXTURES, "vgg", 5),
        (TEXTURES, "resnet", 5),
        ({**PHOTOS, "patch_px": 16}, "unet", 4),
        ({**PHOTOS, "patch_px": 40}, "unet", 5),
        ({**PHOTOS, "patch_px": 40}, "nafnet", 5),
        ({**PHOTOS, "patch_px": 128}, "nafnet", 6),
    ],
)
def test_more_stages_than_the_image_can_be_halved_are_refused(
    task: dict[str, Any], kind: str, most: int
) -> None:
    network = {"kind": kind, "depth": 6}
    parse.parse(body(task, {**network, "n_stages": most}))
    (fault,) = faults(body(task, {**network, "n_stages": most + 1}))
    assert fault.pointer == "/network/n_stages"
    if most < 6:  # beyond, the field's own limit speaks
        assert f"use at most {most}" in fault.detail


def test_patches_can_be_made_larger_instead() -> None:
    network = {"kind": "unet", "n_stages": 6}
    (fault,) = faults(body({**PHOTOS, "patch_px": 40}, network))
    assert fault.detail.endswith("patches have 40; use at most 5, or patch_px of at least 64")
    parse.parse(body({**PHOTOS, "patch_px": 64}, network))
    (of_digits,) = faults(body(DIGITS, {"kind": "resnet", "n_stages": 4}))
    assert of_digits.detail.endswith("digits have 8; use at most 3")


def test_stages_without_convolutions_are_refused_at_the_field() -> None:
    (fault,) = faults(body(TEXTURES, {"kind": "vgg", "depth": 2, "n_stages": 3}))
    assert fault.pointer == "/network/n_stages"
    assert fault.detail == (
        "3 stages need as many convolutions: raise depth from 2, or use fewer stages"
    )


def test_an_even_kernel_is_refused() -> None:
    (fault,) = faults(body(PHOTOS, {"kind": "nafnet", "kernel_size": 4}))
    assert (fault.pointer, "use an odd size, 3 or 5" in fault.detail) == (
        "/network/kernel_size",
        True,
    )


def test_depth_and_width_are_searched_within_the_networks_ranges() -> None:
    search = {
        "depth": {"low": 1, "high": 4, "integer": True},
        "width": {"low": 4, "high": 64, "log": True, "integer": True},
    }
    job = resolved_jobs.resolved(body(PHOTOS, {"kind": "unet"}, search=search))
    order = payloads.searched(job, "random", [0.5, 0.999, 0.0])
    assert order.payload["network"] == {
        "kind": "unet", "depth": 4, "n_stages": 3, "width": 4, "kernel_size": 3,
    }  # fmt: skip
    assert "depth" not in order.payload["training"]
    (real,) = faults(body(PHOTOS, {"kind": "unet"}, search={"depth": {"low": 1, "high": 2}}))
    assert real.detail == 'is a whole number: add "integer": true'
    (wide,) = faults(
        body(PHOTOS, {"kind": "nafnet"}, search={"width": {**search["width"], "high": 512}})
    )
    assert wide.pointer == "/search/width/high"


def test_a_searched_depth_may_not_leave_a_stage_empty() -> None:
    network = {"kind": "vgg", "depth": 4, "n_stages": 3}
    search = {"depth": {"low": 2, "high": 6, "integer": True}}
    (fault,) = faults(body(TEXTURES, network, search=search))
    assert fault.pointer == "/search/depth/low"
    assert fault.detail.startswith("3 stages need as many convolutions")
    choices = {"depth": {"choices": [3, 2]}}
    (fault,) = faults(body(TEXTURES, network, search=choices))
    assert fault.pointer == "/search/depth/choices/1"


VOLUMES = {"n_dims": 3, "size_px": 64, "sha256": "0" * 64, "n_outputs": 2}


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        (PHOTOS, "dncnn"),
        (DIGITS, "small_cnn"),
        ({"kind": "segmentation"}, "unet"),
        ({"kind": "segmentation", "dataset": "stored:1", "data": VOLUMES}, "dncnn"),
    ],
    ids=str,
)
def test_a_network_without_a_kind_is_the_tasks_own(task: dict[str, Any], kind: str) -> None:
    given = body(task, {"width": 4})
    assert parse.parse(given) == parse.parse(body(task, {"kind": kind, "width": 4}))
    assert given["network"] == {"width": 4}  # the caller's body stays as it is


@pytest.mark.parametrize("task", [[], {"kind": []}, {}, {"kind": "function", "name": "branin"}])
def test_where_a_task_has_no_network_of_its_own_the_kind_is_asked_for(task: Any) -> None:  # noqa: ANN401 - JSON
    assert "/network/kind" in [fault.pointer for fault in faults(body(task, {"width": 4}))]
