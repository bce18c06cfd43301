"""Packages that a job's trainings depend on: those of the plug-ins that its spec names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.studies.required_packages import packages_of
from tests.support import resolved_jobs
from tests.support.plugging import forget, install, used
from tests.support.report_records import BODY

NETWORK = """
    from densearch.plugins import Layer, OwnNetwork

    class Settings(OwnNetwork):
        kernel_size: int = 3

    class Network:
        title, tasks, n_dims, section = "A network", ("denoising",), (2,), Settings

        def layers(self, section):
            yield Layer("0", section.kernel_size)

        def build(self, settings, shape, n_outputs):
            raise NotImplementedError

    MINE = Network()
"""


@pytest.fixture
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with used(tmp_path, monkeypatch):
        yield tmp_path


def test_what_comes_with_the_product_needs_no_package() -> None:
    assert packages_of(resolved_jobs.training(BODY)) == {}


def test_a_plug_in_is_named_with_its_package_and_version(plugged: Path) -> None:
    install(plugged, "plugged-net", NETWORK, {"densearch.networks": {"mine": "MINE"}}, "2.1")
    forget()
    job = resolved_jobs.training({**BODY, "network": {"kind": "mine"}})
    assert packages_of(job) == {"densearch.networks": {"mine": "plugged-net 2.1"}}
