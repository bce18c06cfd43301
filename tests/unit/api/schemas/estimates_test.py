"""An estimate is answered as the service makes it, part by part."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from api.schemas import estimates
from service.costs import figures
from tests.support.schemas import answered, known


@pytest.mark.parametrize(
    ("model", "record", "hidden"),
    [
        (estimates.EstimateOut, figures.Estimate, set()),
        (estimates.TrainingsOut, figures.KindOfTraining, {"n_together"}),
        (estimates.EpochOut, figures.Epoch, set()),
        (estimates.MemoryOut, figures.Memory, set()),
        (estimates.MoneyOut, figures.Money, set()),
        (estimates.IntervalOut, figures.Interval, set()),
    ],
)
def test_every_part_is_answered_whole(
    model: type[BaseModel], record: type[Any], hidden: set[str]
) -> None:
    assert answered(model) == known(record) - hidden


def test_a_part_that_is_unknown_is_null() -> None:
    interval = figures.Interval(1.0, 2.0, 3.0)
    kind = figures.KindOfTraining("search", 4, 0, 4, (1, 2, 3), 1.0, interval)
    values: dict[str, Any] = dict.fromkeys(answered(estimates.EstimateOut))
    values |= {"state": "measuring", "trainings": (kind,), "n_trainings": 4, "n_epochs": 12}
    made = figures.Estimate(**(values | {"warnings": ()}))
    shown = estimates.EstimateOut.model_validate(made).model_dump(mode="json")
    assert shown["trainings"][0]["epochs"] == [1, 2, 3]
    assert shown["trainings"][0]["seconds"] == {"low": 1.0, "expected": 2.0, "high": 3.0}
    null = {name for name, value in shown.items() if value is None}
    assert null == answered(estimates.EstimateOut) - {
        *("state", "trainings", "n_trainings", "n_epochs", "warnings")
    }
