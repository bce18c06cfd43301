"""Gradient descent: one training, asked in the dispatcher's loop."""

from __future__ import annotations

import pytest

from densearch.sampler import StudyPlan
from service import samplers
from service.samplers.catalogue.gradient import ENTRIES


@pytest.mark.parametrize("info", ENTRIES, ids=lambda info: info.name)
@pytest.mark.parametrize("seed", [0, 1])
def test_it_proposes_the_centre_whatever_the_seed(info: samplers.SamplerInfo, seed: int) -> None:
    study = StudyPlan(3, 1, seed, batch_size=8)
    (proposal,) = samplers.create(info.name, study).plan([]).proposals
    assert proposal.point == (0.5,) * 3
    assert info.is_learned
    assert info.round_size(study) == 1
    assert info.effort(study).is_cheap
