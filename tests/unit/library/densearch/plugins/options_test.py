"""The options of a sampler: each may be left out, none may be null."""

from __future__ import annotations

import pytest
from pydantic import Field, ValidationError

from densearch.plugins import SamplerOptions, StudyPlan


class Settings(SamplerOptions):
    """Of a sampler."""

    step: float = Field(default=0.5, gt=0.0, le=1.0)
    start: float | None = None


def test_a_study_gives_some_and_the_rest_have_their_defaults() -> None:
    found = Settings.of(StudyPlan(1, 4, 0, options={"start": 0.25}))
    assert (found.step, found.start) == (0.5, 0.25)
    assert Settings.of(StudyPlan(1, 4, 0)) == Settings()


@pytest.mark.parametrize("name", ["step", "start"])
def test_null_is_no_value_even_where_it_is_the_default(name: str) -> None:
    with pytest.raises(ValidationError, match="must not be null: leave it out") as caught:
        Settings.model_validate({name: None})
    assert caught.value.errors()[0]["loc"] == (name,)


@pytest.mark.parametrize("options", [{"stepp": 1.0}, {"step": 2.0}, {"step": "1"}])
def test_other_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings.of(StudyPlan(1, 4, 0, options=options))
