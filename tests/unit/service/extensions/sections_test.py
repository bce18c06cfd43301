"""Sections whose settings a package defines are read by that package's settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service import networks
from service.validation import parse
from tests.support.plugged_kinds import JOB, plugins_installed, refused


@pytest.fixture(autouse=True)
def _packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with plugins_installed(tmp_path, monkeypatch):
        yield


def test_a_network_of_ones_own_is_read_by_its_own_settings() -> None:
    spec = parse.parse({**JOB, "network": {"kind": "network", "depth": 4}})
    assert isinstance(spec.network, networks.OwnNetwork)
    assert spec.model_dump(mode="json")["network"] == {
        "kind": "network", "depth": 4, "kernel_size": 3, "stages": [],
    }  # fmt: skip
    assert parse.parse(spec.model_dump(mode="json")) == spec
    assert [layer.name for layer in networks.layers_of(spec.network)] == [
        f"convolutions.{place}" for place in range(4)
    ]


@pytest.mark.parametrize(
    ("network", "pointer", "reason"),
    [
        ({"kind": "alexnet"}, "/network/kind", "unknown kind 'alexnet': choose small_cnn, vgg"),
        ({"kind": "vgg:a"}, "/network/kind", "unknown kind 'vgg:a'"),
        ({"kind": 3}, "/network/kind", "string"),
        ("network", "/network", "must be an object"),
        ({"kind": "network:a"}, "/network/kind", "network stands alone: leave ':a' out"),
        ({"kind": "timm"}, "/network/kind", 'say which timm: "timm:NAME"'),
        ({"kind": "timm:a b"}, "/network/kind", "behind the colon stand letters, digits"),
        ({"kind": "network", "depth": 0}, "/network/depth", "greater than or equal to 1"),
        ({"kind": "network", "depth": "2"}, "/network/depth", "integer"),
        ({"kind": "network", "colour": 1}, "/network/colour", "there is no such field"),
        ({"kind": "network", "kernel_size": 4}, "/network/kind", "needs an odd one, from 3"),
        ({"kind": "network", "kernel_size": 1}, "/network/kind", "needs an odd one, from 3"),
        ({"kind": "network", "stages": [1]}, "/network/kind", "all of its layers have a stage"),
        ({"kind": "empty"}, "/network/kind", "no convolution with an odd kernel above 1"),
        ({"kind": "twice"}, "/network/kind", "it lists a layer twice"),
        ({"kind": "failing"}, "/network/kind", "RuntimeError: no layers today"),
        ({"kind": "foreign"}, "/network/kind", "does not inherit densearch.plugins."),
        ({"kind": "partial"}, "/network/kind", "has no tasks, n_dims, section, layers, build"),
        ({"kind": "absent"}, "/network/kind", "AttributeError"),
        ({"kind": "heavy"}, "/network/kind", "the server has no torch: import it where"),
        ({"kind": "Capital"}, "/network/kind", "small letters"),
    ],
)
def test_a_network_that_cannot_be_used_is_refused_with_the_reason(
    network: object, pointer: str, reason: str
) -> None:
    at, detail = refused(network=network)
    assert at == pointer
    assert reason in detail


def test_a_network_fits_its_tasks_and_axes_alone() -> None:
    at, detail = refused(network={"kind": "network"}, task={"kind": "denoising"})
    assert (at, "does not fit denoising: use dncnn" in detail) == ("/network/kind", True)
    data = {"kind": "classification", "dataset": "waveforms"}
    at, detail = refused(network={"kind": "network"}, task=data)
    assert (at, "does not fit signals such as waveforms" in detail) == ("/network/kind", True)


def test_settings_of_ones_own_are_searched_within_their_ranges() -> None:
    search = {"depth": {"low": 1, "high": 12, "integer": True}}
    at, detail = refused(network={"kind": "network"}, search=search)
    assert (at, "less than or equal to 9" in detail) == ("/search/depth/high", True)


def test_a_setting_that_it_does_not_have_is_not_searched() -> None:
    search = {"width": {"low": 1, "high": 12, "integer": True}}
    at, detail = refused(network={"kind": "network"}, search=search)
    assert (at, detail) == ("/search/width", "network has no width: leave it out of search")


def test_what_is_built_in_keeps_its_name() -> None:
    spec = parse.parse({**JOB, "network": {"kind": "vgg"}})
    assert not isinstance(spec.network, networks.OwnNetwork)
