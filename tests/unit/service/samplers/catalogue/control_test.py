"""A control has a sampler that costs nothing and takes nothing."""

from __future__ import annotations

from densearch.sampler import StudyPlan
from service.samplers.catalogue.control import CONTROL

STUDY = StudyPlan(0, 1, 0, batch_size=7)


def test_asking_a_control_is_free_and_has_no_rounds() -> None:
    effort = CONTROL.effort(STUDY)
    assert effort.is_cheap
    assert (effort.work, effort.memory_bytes) == (0.0, 0.0)
    assert CONTROL.round_size(STUDY) == 1


def test_a_control_takes_no_option() -> None:
    ((option, fault),) = CONTROL.option_faults({"step": 1})
    assert (option, fault) == ("step", "fixed has no such option; it has none")
