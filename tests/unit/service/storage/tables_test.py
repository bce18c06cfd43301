"""What the tables promise one another."""

from __future__ import annotations

from dataclasses import fields

import pytest
from sqlalchemy import JSON, BigInteger, Float, Table, UniqueConstraint

from service.records import TrialResult
from service.storage.tables import METADATA


@pytest.mark.parametrize("table", METADATA.sorted_tables, ids=lambda table: table.name)
def test_every_reference_begins_an_index_or_a_key(table: Table) -> None:
    keys = [key.columns for key in table.constraints if isinstance(key, UniqueConstraint)]
    orders = [table.primary_key.columns, *keys, *(index.columns for index in table.indexes)]
    firsts = {next(iter(columns)).name for columns in orders}
    assert {key.parent.name for key in table.foreign_keys} <= firsts


def test_every_field_of_a_result_has_a_column_of_its_name() -> None:
    columns = METADATA.tables["trials"].columns
    found = {own.name: columns[own.name] for own in fields(TrialResult)}
    assert all(column.nullable for column in found.values())
    assert type(found["metrics"].type) is type(found["curve"].type) is JSON
    assert type(found["training_s"].type) is Float
    assert type(found["peak_memory_bytes"].type) is BigInteger  # more than 2 GiB
