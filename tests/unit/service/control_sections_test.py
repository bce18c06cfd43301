"""The section of controls."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError

from service.control_sections import ControlName, ControlSpec
from service.studies.spaces import TUNED


def test_the_tuned_controls_are_those_whose_names_say_so() -> None:
    assert set(TUNED) < set(get_args(ControlName))
    assert "uniform" not in TUNED


@pytest.mark.parametrize("field", ["sigma", "factor"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("inf"), float("nan")])
def test_a_width_or_a_factor_is_a_positive_number(field: str, value: float) -> None:
    with pytest.raises(ValidationError, match=field):
        ControlSpec.model_validate({"name": "gaussian", field: value})
