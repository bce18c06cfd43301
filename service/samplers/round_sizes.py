"""How many trials samplers issue before they need the value of any."""

from __future__ import annotations

import math

from densearch.sampler import StudyPlan


def of_batch(study: StudyPlan) -> int:
    """Return the batch that the spec asks for."""
    return study.batch_size


def of_one(study: StudyPlan) -> int:
    """Return 1: each trial is proposed by the value of the one before."""
    del study
    return 1


def of_generation(study: StudyPlan) -> int:
    """Return the size of a generation of CMA-ES: Hansen's default (eq. 48), or a larger batch."""
    return max(study.batch_size, 4 + math.floor(3 * math.log(study.dimension)))
