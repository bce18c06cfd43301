"""What the catalogue says of the samplers for comparison is what they do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from densearch.sampler import Point, StudyPlan
from service import samplers
from service.samplers.catalogue.comparison import ENTRIES
from tests.support.sampler_behaviour import Objective, Simulation, bowl

# The Gaussian process stands under the contract of its own adapter: its trials take long.
INFOS = [info for info in ENTRIES if info.name != "gp"]


def points(info: samplers.SamplerInfo, objective: Objective, seed: int = 0) -> list[Point]:
    options = {"n_startup_trials": 4} if info.name == "tpe" else {}
    study = StudyPlan(2, 20, seed, options=options)
    return [entry.point for entry in Simulation(info.name, study, objective).run(1)]


@pytest.mark.parametrize("info", INFOS, ids=lambda info: info.name)
def test_its_points_depend_on_values_and_seed_as_its_capabilities_say(
    info: samplers.SamplerInfo,
) -> None:
    found = points(info, bowl)
    assert (found != points(info, lambda point: -bowl(point))) is info.capabilities.adaptive
    assert (found != points(info, bowl, seed=1)) is info.capabilities.seeded


@pytest.mark.parametrize("info", INFOS, ids=lambda info: info.name)
@pytest.mark.parametrize("batch_size", [1, 3, 9])
def test_its_first_proposals_are_a_round_or_all(
    info: samplers.SamplerInfo, batch_size: int
) -> None:
    study = replace(StudyPlan(2, 20, 0), batch_size=batch_size)
    n_first = len(samplers.create(info.name, study).plan([]).proposals)
    assert n_first == (info.round_size(study) if info.capabilities.in_rounds else 20)
