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
from service.extensions import entry_points
from service.extensions.entry_points import PluginError
from service.studies import payloads
from service.validation import parse
from tests.support import resolved_jobs
from tests.support.plugged_kinds import CODE, JOB, plugins_installed, refused
from tests.support.plugging import forget, install, use


@pytest.fixture(autouse=True)
def _packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with plugins_installed(tmp_path, monkeypatch):
        yield


def test_two_packages_with_one_name_are_refused(tmp_path: Path) -> None:
    entries = {"densearch.networks": {"network": "network"}}
    install(tmp_path, "plugged-again", CODE, entries)
    forget()
    _, detail = refused(network={"kind": "network"})
    assert "'network' of plugged-again 1.0 and plugged-parts 1.0" in detail
    assert "registered twice" in detail


def order_of(**sections: Any) -> payloads.Order:
    job = resolved_jobs.resolved({**JOB, **sections})
    return payloads.searched(job, "direct_l", [0.4] * job.spaces.searches.dimension)


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
    install(newer, "plugged-parts", CODE, entries, version="2.0")
    (tmp_path / "plugged_parts-1.0.dist-info" / "entry_points.txt").write_text("")
    use(newer, monkeypatch)
    after = order_of(network={"kind": "network"})
    assert after.digest != before.digest
    entry_points.require(after.payload["packages"])
    with pytest.raises(PluginError, match=r"of plugged-parts 1.0 where .* of plugged-parts 2.0"):
        entry_points.require(before.payload["packages"])


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
