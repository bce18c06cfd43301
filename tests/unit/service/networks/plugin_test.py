"""Whatever a package does, a spec that names it is refused in words, and lists stay whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.cli import installed_plugins
from service import networks
from service.errors import InvalidSpecError
from service.validation import parse
from tests.support.plugging import install, used

CODE = """
    from pydantic import Field, field_validator
    from densearch.plugins import Layer, OwnNetwork

    class Settings(OwnNetwork):
        depth: int = Field(default=2, ge=1, le=9)
        stages: list[int] = []

    class Network:
        title, tasks, n_dims, section = "A network", ("classification",), (2,), Settings
        found = (Layer("a", 3),)

        def __init__(self, **changes):
            vars(self).update(changes)

        def layers(self, section):
            return self.found

        def build(self, settings, shape, n_outputs):
            raise RuntimeError("built where nothing is trained")

    class Exiting(Network):
        def layers(self, section):
            raise SystemExit(3)

    class Growing(Network):
        # Its kernels grow with its depth.
        def layers(self, section):
            if section.depth > 6:
                raise RuntimeError("too deep for me")
            return [Layer(f"a.{place}", 2 * section.depth + 1) for place in range(section.depth)]

    class Staged(Network):
        def layers(self, section):
            stages = section.stages[: section.depth]
            return [Layer(f"a.{place}", 3, stage) for place, stage in enumerate(stages)]

    class Unreadable(OwnNetwork):
        @field_validator("kind")
        @classmethod
        def fail(cls, kind):
            raise RuntimeError("no settings today")

    class Indescribable(OwnNetwork):
        model_config = {"arbitrary_types_allowed": True}
        thing: type("Unknown", (), {}) = None

    class Demanding(OwnNetwork):
        depth: int

    right, exiting, growing, staged = Network(), Exiting(), Growing(), Staged()
    wordy = Network(tasks="classification")
    jobless = Network(tasks=("juggling",))
    dotted = Network(n_dims=(0, 2))
    nameless = Network(title=None)
    unreadable = Network(section=Unreadable)
    indescribable = Network(section=Indescribable)
    demanding = Network(section=Demanding)
    nothing = Network(found=None)
    texts = Network(found=("a", "b"))
    rooted = Network(found=(Layer("", 3),))
    broken_line = Network(found=(Layer("a" + chr(10) + "b", 3),))
    endless = Network(found=(Layer("a" * 201, 3),))
    quoted = Network(found=(Layer("a", "3"),))
    fractional = Network(found=(Layer("a", 3.0),))
    shaped = Network(found=(Layer("a", (3, 3)),))
    zeroth = Network(found=(Layer("a", 3, 0),))
"""
USABLE = ("right", "growing")
# By name, the place and the words of the refusal.
REFUSALS = {
    "gone": ("/network/kind", "cannot be used: SystemExit: 3"),
    "cut": ("/network/kind", "of a nameless package cannot be used: its METADATA is missing"),
    "exiting": ("/network/kind", "fails at listing its layers: SystemExit: 3"),
    "staged": ("/network/kind", "no convolution with an odd kernel above 1"),
    "wordy": ("/network/kind", "its tasks are not a tuple of some of denoising, image_to_image"),
    "jobless": ("/network/kind", "its tasks are not a tuple of some of denoising, image_to_image"),
    "dotted": ("/network/kind", "its n_dims are not a tuple of some of 1, 2, 3"),
    "nameless": ("/network/kind", "its title is no text"),
    "unreadable": ("/network/kind", "fails at reading its settings: RuntimeError: no settings"),
    "demanding": ("/network/depth", "is required"),
    "nothing": ("/network/kind", "fails at listing its layers: TypeError"),
    "texts": ("/network/kind", "it lists 'a', which is no densearch.plugins.Layer"),
    "rooted": ("/network/kind", "a convolution needs a module around it"),
    "broken_line": ("/network/kind", "letters, digits, _ and - with dots between them"),
    "endless": ("/network/kind", "at most 200"),
    "quoted": ("/network/kind", "has the kernel size '3': a density needs an odd one"),
    "fractional": ("/network/kind", "has the kernel size 3.0: a density needs an odd one"),
    "shaped": ("/network/kind", "has the kernel size (3, 3): a density needs an odd one"),
    "zeroth": ("/network/kind", "has the stage 0: number stages from 1"),
}


@pytest.fixture(autouse=True)
def _packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    named = [*USABLE, "indescribable", *(REFUSALS.keys() - {"gone", "cut"})]
    install(tmp_path, "plugged-faults", CODE, {"densearch.networks": {n: n for n in named}})
    gone = {"densearch.networks": {"gone": "network"}}
    install(tmp_path, "plugged-gone", "import sys; sys.exit(3)", gone)
    cut = {"densearch.networks": {"cut": "right"}}
    install(tmp_path, "plugged-cut", CODE, cut)  # as by an installation that was cut short
    (tmp_path / "plugged_cut-1.0.dist-info" / "METADATA").unlink()
    with used(tmp_path, monkeypatch):
        yield


def body(**sections: Any) -> dict[str, Any]:
    job = {"name": "own", "task": {"kind": "classification"}, "samplers": ["random"]}
    return {**job, "budget": {"n_trials": 3}, **sections}


def refused(**sections: Any) -> tuple[str, str]:
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse(body(**sections))
    (fault,) = caught.value.faults
    return fault.pointer, fault.detail


@pytest.mark.parametrize("name", REFUSALS)
def test_a_malformed_network_is_refused_in_words(name: str) -> None:
    pointer, reason = REFUSALS[name]
    at, detail = refused(network={"kind": name})
    assert at == pointer
    assert reason in detail


def test_malformed_networks_are_told_by_the_doctor_and_offered_to_nobody() -> None:
    errors = {one.name: one.error for one in installed_plugins.listed() if one.what == "network"}
    assert {name for name, error in errors.items() if error is None} - {"timm"} == {*USABLE}
    assert "no valid defaults: depth: Field required" in str(errors["demanding"])
    assert "fails at describing its settings" in str(errors["indescribable"])
    offered = {info.name: info.to_dict() for info in networks.own()}
    assert offered.keys() - {"timm"} == {*USABLE}
    assert (
        offered["right"]["description"] == ""
    )  # its settings have no docstring: none is invented


@pytest.mark.parametrize(
    ("network", "scope", "choices"),
    [
        ({"kind": "growing"}, "network", [2]),
        ({"kind": "staged", "stages": [1, 1, 2]}, "stage", [3]),
        ({"kind": "staged", "stages": [1, 1, 1]}, "stage", [1, 3]),
    ],
)
def test_a_setting_may_be_searched_that_keeps_the_groups_of_layers(
    network: dict[str, Any], scope: str, choices: list[int]
) -> None:
    search = {"depth": {"choices": choices}}
    fixed = {**network, "depth": max(choices)}
    assert parse.parse(body(network=fixed, density={"scope": scope}, search=search)).search


@pytest.mark.parametrize(
    ("network", "scope", "wanted"),
    [
        ({"kind": "staged", "stages": [1, 1, 2]}, "stage", {"choices": [3, 2]}),
        (
            {"kind": "staged", "stages": [1, 1, 2]},
            "stage",
            {"low": 2, "high": 3, "integer": True},
        ),
        ({"kind": "growing"}, "network", {"choices": [3, 2]}),
    ],
)
def test_a_searched_setting_that_changes_the_groups_is_refused(
    network: dict[str, Any], scope: str, wanted: dict[str, Any]
) -> None:
    """Else a point would have too many values for its trial's network, or too few."""
    fixed = {**network, "depth": 3}
    at, detail = refused(network=fixed, density={"scope": scope}, search={"depth": wanted})
    assert at == "/search/depth"
    assert "depth 2 changes which groups of layers there are: leave it out" in detail


def test_a_searched_setting_at_which_the_network_fails_is_refused() -> None:
    search = {"depth": {"low": 2, "high": 8, "integer": True}}
    at, detail = refused(network={"kind": "growing"}, search=search)
    assert at == "/search/depth"
    assert "depth 8: 'growing' of plugged-faults 1.0 fails at listing its layers" in detail
