"""What is known of a data set, within its ranges."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from densearch.plugins import DataInfo


def test_it_is_the_same_after_it_was_stored() -> None:
    info = DataInfo(n_dims=1, n_channels=3, size_px=64, least_px={"train": 64}, n_outputs=5)
    assert DataInfo.model_validate_json(info.model_dump_json()) == info


@pytest.mark.parametrize(
    "wrong",
    [{"n_dims": 0}, {"n_dims": 4}, {"n_channels": 0}, {"n_channels": 4097}, {"size_px": 0},
     {"n_outputs": 0}, {"n_training": 0}, {"sha256": "ab"}, {"sha256": "G" * 64}],
)  # fmt: skip
def test_what_no_data_set_has_is_refused_by_its_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        DataInfo.model_validate(wrong)
    assert [error["loc"] for error in caught.value.errors()] == [tuple(wrong)]
