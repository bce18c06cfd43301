"""Plug-ins are found by name; one that cannot be used says why, and breaks nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from api.cli import installed_plugins
from service import networks
from service.errors import InvalidSpecError
from service.extensions import entry_points
from service.extensions.entry_points import PluginError
from service.spec import lower_bound_of
from service.studies import payloads, planning
from service.validation import parse
from tests.support.plugging import forget, install, use

NETWORK = """
    from typing import Any
    from pydantic import Field
    from densearch.plugins import DataInfo
    from densearch.plugins import Layer, OwnNetwork
    from densearch.plugins import OwnTask

    class Settings(OwnNetwork):
        "Two convolutions."
        depth: int = Field(default=2, ge=1, le=9)
        kernel_size: int = 3
        stages: list[int] = []

    class Network:
        title, tasks, n_dims, section = "A network", ("classification",), (2,), Settings

        def layers(self, section):
            for place in range(section.depth):
                stage = section.stages[place] if place < len(section.stages) else None
                yield Layer(f"convolutions.{place}", section.kernel_size, stage)

        def build(self, settings, shape, n_outputs):
            raise RuntimeError("built where nothing is trained")

    class Failing(Network):
        def layers(self, section):
            raise RuntimeError("no layers today")

    class Empty(Network):
        def layers(self, section):
            return []

    class Twice(Network):
        def layers(self, section):
            return [Layer("a", 3), Layer("a", 3)]

    class Foreign(Network):
        section = dict

    class Set:
        title = "A set"
        info = {"classification": DataInfo(size_px=12, n_outputs=3)}

        def load(self, task):
            raise RuntimeError("loaded where nothing is trained")

    class Question(OwnTask):
        n_answers: int = Field(default=3, ge=1, le=7)

    class Objective:
        title, outputs, section = "A question", "classes", Question

        def data_of(self, section):
            return DataInfo(size_px=12, n_outputs=section.n_answers)

        def build(self, settings, device, training, data_dir):
            raise RuntimeError("built where nothing is trained")

    class Mute(Objective):
        outputs = "sound"

    class Untold(Objective):
        def data_of(self, section):
            return {"size_px": 12}

    class Misinformed(Set):
        info = {"classification": 3}

    network, failing, empty, twice, foreign = Network(), Failing(), Empty(), Twice(), Foreign()
    data, misinformed = Set(), Misinformed()
    objective, mute, untold = Objective(), Mute(), Untold()
"""
ENTRIES = {
    "densearch.networks": {
        name: name for name in ("network", "failing", "empty", "twice", "foreign")
    }
    | {"vgg": "network", "Capital": "network", "absent": "absent", "partial": "data"},
    "densearch.datasets": {"data": "data", "misinformed": "misinformed", "digits": "data"},
    "densearch.objectives": {"objective": "objective", "mute": "mute", "untold": "untold"},
}
JOB: dict[str, Any] = {
    "name": "own",
    "task": {"kind": "classification"},
    "samplers": ["direct_l"],
    "budget": {"n_trials": 3},
}


@pytest.fixture(autouse=True)
def _packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    install(tmp_path, "plugged-parts", NETWORK, ENTRIES)
    torch = {"densearch.networks": {"heavy": "network"}}
    # The server's machine, where torch is missing.
    install(tmp_path, "plugged-heavy", "raise ImportError('No torch', name='torch')", torch)
    use(tmp_path, monkeypatch)
    yield
    monkeypatch.undo()
    forget()


def refused(**sections: Any) -> tuple[str, str]:
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse({**JOB, **sections})
    (fault,) = caught.value.faults
    return fault.pointer, fault.detail


# Networks


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
        ({}, "/network/kind", "is required"),
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


def test_two_packages_with_one_name_are_refused(tmp_path: Path) -> None:
    entries = {"densearch.networks": {"network": "network"}}
    install(tmp_path, "plugged-again", NETWORK, entries)
    forget()
    _, detail = refused(network={"kind": "network"})
    assert "'network' of plugged-again 1.0 and plugged-parts 1.0" in detail
    assert "registered twice" in detail


# Data sets and tasks


def test_a_data_set_of_ones_own_tells_its_samples() -> None:
    spec = parse.parse({**JOB, "task": {"kind": "classification", "dataset": "data"}})
    moved = {"augmentation": {"crop_padding_px": 12}}
    at, detail = refused(task=spec.task.model_dump(mode="json"), training=moved)
    assert (at, "data are 12 px wide" in detail) == (
        "/training/augmentation/crop_padding_px",
        True,
    )


def test_a_task_of_ones_own_draws_its_batches_itself() -> None:
    at, detail = refused(task={"kind": "objective"}, training={"drop_last": True})
    assert (at, "objective draws its batches itself" in detail) == ("/training/drop_last", True)


@pytest.mark.parametrize(
    ("task", "pointer", "reason"),
    [
        ({"kind": "classification", "dataset": "cats"}, "/task/dataset", "waveforms, data, or"),
        ({"kind": "denoising", "dataset": "data"}, "/task/dataset", "fits classification, not"),
        ({"kind": "classification", "dataset": "misinformed"}, "/task/dataset", "DataInfo"),
        (
            {"kind": "juggling"},
            "/task/kind",
            "segmentation, function, objective, mute, untold, or",
        ),
        ({"kind": "objective", "n_answers": 9}, "/task/n_answers", "less than or equal to 7"),
        ({"kind": "objective", "dataset": "data"}, "/task/dataset", "there is no such field"),
        ({"kind": "mute"}, "/task/kind", "its outputs are 'sound', not classes or image"),
        ({"kind": "untold"}, "/task/kind", "its data_of gives no densearch.plugins.DataInfo"),
        ({}, "/task/kind", "is required"),
    ],
)
def test_data_and_tasks_that_cannot_be_used_are_refused(
    task: dict[str, Any], pointer: str, reason: str
) -> None:
    at, detail = refused(task=task)
    assert at == pointer
    assert reason in detail


def test_a_task_of_ones_own_takes_the_networks_of_what_it_resembles() -> None:
    spec = parse.parse({**JOB, "task": {"kind": "objective"}})
    assert spec.network is not None
    assert spec.network.kind == "small_cnn"
    assert lower_bound_of(spec) is None
    at, detail = refused(task={"kind": "objective"}, network={"kind": "dncnn"})
    assert (at, "does not fit objective: use small_cnn" in detail) == ("/network/kind", True)


# Payloads


def order_of(**sections: Any) -> payloads.Order:
    spec = parse.parse({**JOB, **sections})
    space = planning.space_of(spec)
    return payloads.searched(spec, space, "direct_l", [0.4] * space.dimension)


def test_a_payload_names_packages_and_the_layers_that_carry_a_density() -> None:
    payload = order_of(network={"kind": "network"}, task={"kind": "objective"}).payload
    assert payload["packages"] == {
        "densearch.networks": {"network": "plugged-parts 1.0"},
        "densearch.objectives": {"objective": "plugged-parts 1.0"},
    }
    assert list(payload["phi"]) == ["convolutions.0", "convolutions.1"]
    of_data = order_of(task={"kind": "classification", "dataset": "data"}).payload
    assert of_data["packages"] == {"densearch.datasets": {"data": "plugged-parts 1.0"}}
    assert "packages" not in order_of().payload


def test_another_version_is_another_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = order_of(network={"kind": "network"})
    newer = tmp_path / "newer"
    newer.mkdir()
    entries = {"densearch.networks": {"network": "network"}}
    install(newer, "plugged-parts", NETWORK, entries, version="2.0")
    (tmp_path / "plugged_parts-1.0.dist-info" / "entry_points.txt").write_text("")
    use(newer, monkeypatch)
    after = order_of(network={"kind": "network"})
    assert after.digest != before.digest
    entry_points.require(after.payload["packages"])
    with pytest.raises(PluginError, match=r"of plugged-parts 1.0 where .* of plugged-parts 2.0"):
        entry_points.require(before.payload["packages"])


# Lists


def test_every_plug_in_is_listed_with_what_is_wrong_with_it() -> None:
    found = {(one.what, one.name): one for one in installed_plugins.listed()}
    usable = {key for key, one in found.items() if one.error is None and not one.is_shadowed}
    assert usable - {("network", "timm")} == {
        ("network", "network"), ("data set", "data"), ("objective", "objective"),
    }  # fmt: skip
    assert {name for (_, name), one in found.items() if one.is_shadowed} == {"vgg", "digits"}
    assert "No torch" in str(found["network", "heavy"].error)
    named = {info.name: info for info in networks.own()}
    assert "network" in named
    assert not {"vgg", "heavy", "foreign", "partial", "failing", "empty"} & named.keys()
    told: dict[str, Any] = named["network"].to_dict()
    assert told["package"] == "plugged-parts 1.0"
    assert told["section"]["properties"]["kind"] == {"const": "network", "type": "string"}


def test_what_needs_an_extra_is_offered_where_that_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(package: str) -> str:
        raise PackageNotFoundError(package)

    for version, error in ((absent, "it needs timm, which is not installed here"), (str, None)):
        monkeypatch.setattr(entry_points, "version", version)
        forget()
        found = {(one.what, one.name): one for one in installed_plugins.listed()}
        assert found["network", "timm"].error == error
        assert ("timm" in [info.name for info in networks.own()]) == (error is None)


def test_nothing_is_imported_before_it_is_named() -> None:
    parse.parse({**JOB, "network": {"kind": "vgg"}})
    refused(network={"kind": "alexnet"})
    assert "plugged_parts" not in sys.modules
