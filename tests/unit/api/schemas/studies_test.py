"""A study is answered with all that is stored of it and its counts."""

from __future__ import annotations

from api.schemas.studies import StudyOut
from service.jobs.progress import StudyProgress
from service.records import Study
from tests.support.schemas import answered, known


def test_all_of_a_study_is_answered_but_its_order_and_its_rules() -> None:
    counts = known(StudyProgress) | {"hit_rate"}
    assert answered(StudyOut) == known(Study) - {"place", "search_version"} | counts
