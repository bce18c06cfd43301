"""Each search algorithm of Ray Tune names an extra that exists, and what to do without it."""

from __future__ import annotations

import tomllib

import pytest

from densearch.sampler import StudyPlan
from service import samplers
from service.samplers.catalogue import info as info_module
from service.samplers.catalogue.ray_tune import ENTRIES
from tests.support.root import ROOT

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


@pytest.mark.parametrize("info", ENTRIES, ids=lambda info: info.name)
def test_its_extra_is_one_of_the_distribution(info: samplers.SamplerInfo) -> None:
    assert info.capabilities.needs in EXTRAS
    assert info.requires
    assert f".[{info.capabilities.needs}]" in info.remedy


def test_one_that_is_not_installed_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(info_module, "find_spec", lambda _: None)
    for info in ENTRIES:
        with pytest.raises(ValueError, match="not installed here: pip install -e"):
            samplers.create(info.name, StudyPlan(2, 4, 0))
