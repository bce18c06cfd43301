"""The kinds, types and fields of data sets are those that the service stores."""

from __future__ import annotations

from typing import get_args

import pytest

from api.routes.datasets import built_in_sets
from api.schemas.datasets import BuiltInOut, DatasetOut, DatasetsOut
from densearch.plugins.data_info import DataInfo
from service.datasets.store import reader
from service.records import Dataset
from tests.support.schemas import answered, known


def test_every_kind_of_set_has_its_word() -> None:
    assert set(get_args(DatasetOut.model_fields["kind"].annotation)) == set(reader.KINDS)


def test_all_of_a_set_is_answered() -> None:
    assert answered(DatasetOut) >= known(Dataset) - {"details"}


def test_all_of_a_built_in_set_is_answered_but_its_digest() -> None:
    described = set(DataInfo.model_fields) - {"sha256"}
    assert answered(BuiltInOut) <= described | {"dataset", "task"}


@pytest.mark.parametrize("shown", built_in_sets(), ids=lambda one: one["dataset"])
def test_a_built_in_set_fits(shown: dict[str, object]) -> None:
    (found,) = DatasetsOut.model_validate({"items": [], "built_in": [shown]}).built_in
    assert found.dataset == shown["dataset"]
