"""The training section: a length in steps is stored only where it was asked for."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from service.training_section import Training


def test_a_section_without_steps_is_stored_as_before_there_were_any() -> None:
    assert "steps" not in Training().model_dump(mode="json")
    assert Training.model_validate({"steps": 400}).model_dump(mode="json")["steps"] == 400


@pytest.mark.parametrize("steps", [0, -1, 1.5, True, "400", 100_000_001])
def test_what_is_no_number_of_steps_is_refused(steps: object) -> None:
    with pytest.raises(ValidationError):
        Training.model_validate({"steps": steps})
