"""What the tables promise one another."""

from __future__ import annotations

import pytest
from sqlalchemy import Table, UniqueConstraint

from service.storage.tables import Base


@pytest.mark.parametrize("table", Base.metadata.sorted_tables, ids=lambda table: table.name)
def test_every_reference_begins_an_index_or_a_key(table: Table) -> None:
    keys = [key.columns for key in table.constraints if isinstance(key, UniqueConstraint)]
    orders = [table.primary_key.columns, *keys, *(index.columns for index in table.indexes)]
    firsts = {next(iter(columns)).name for columns in orders}
    assert {key.parent.name for key in table.foreign_keys} <= firsts
