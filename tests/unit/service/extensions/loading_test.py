"""A sampler is made from the path of its class, or by a function that is called with texts."""

from __future__ import annotations

import pytest

from densearch.sampler import StudyPlan
from service import samplers
from service.extensions import loading
from service.samplers.random_search import RandomPoints

STUDY = StudyPlan(2, 3, 0)


def made_by(first: str, second: str, study: StudyPlan) -> tuple[str, str, StudyPlan]:
    """Stands in for a function that makes a sampler."""
    return first, second, study


def test_a_class_is_called_with_the_study() -> None:
    made = loading.make(samplers.path_of("random", STUDY), STUDY)
    assert isinstance(made, RandomPoints)
    assert made.study == STUDY


def test_a_function_is_called_with_the_texts_behind_it_first() -> None:
    assert loading.make(f"{__name__}:made_by:own:own-package 1.0", STUDY) == (  # type: ignore[comparison-overlap]
        "own",
        "own-package 1.0",
        STUDY,
    )


@pytest.mark.parametrize(
    ("path", "error"), [("no_such_module:A", ImportError), ("json:NoSuch", AttributeError)]
)
def test_what_is_not_there_is_an_error(path: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        loading.make(path, STUDY)
