"""Every kind of plug-in is examined where it would be used, and its fault is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli.installed_plugins import Listed, listed
from tests.support.plugging import install, used

BROKEN = """
class Sampler:
    pass

absent = None
"""
ENTRIES = {
    "densearch.networks": {"vgg": "absent", "hollow": "absent", "gone": "missing"},
    "densearch.datasets": {"digits": "absent"},
    "densearch.objectives": {"denoising": "absent"},
    "densearch.samplers": {"tpe": "Sampler", "lucky": "Sampler"},
}


@pytest.fixture
def found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[tuple[str, str], Listed]]:
    """What a package brings that has something wrong with each of its plug-ins."""
    install(tmp_path, "plugged-faults", BROKEN, ENTRIES)
    with used(tmp_path, monkeypatch):
        yield {(one.what, one.name): one for one in listed() if one.package.startswith("plugged")}


def test_a_name_of_something_built_in_is_never_used_whatever_its_kind(
    found: dict[tuple[str, str], Listed],
) -> None:
    shadowed = {key for key, one in found.items() if one.is_shadowed}
    assert shadowed == {
        *(("network", "vgg"), ("data set", "digits")),
        *(("objective", "denoising"), ("sampler", "tpe")),
    }


def test_what_cannot_be_used_says_why_and_hides_nothing_else(
    found: dict[tuple[str, str], Listed],
) -> None:
    assert len(found) == sum(map(len, ENTRIES.values()))
    assert "missing" in str(found["network", "gone"].error)
    assert found["network", "hollow"].error
    assert found["sampler", "lucky"].error
    assert {one.package for one in found.values()} == {"plugged-faults 1.0"}
