"""Domain errors: one tree, and messages that name what is wrong and the remedy."""

from __future__ import annotations

import inspect

import pytest

from service import errors, trainer_errors
from service.errors import (
    DensearchError,
    Fault,
    ForeignDatabaseError,
    InvalidDatasetError,
    InvalidSpecError,
    NewerSchemaError,
    SchemaError,
    UnclearRevisionError,
    UnreadableDatabaseError,
    UnusableSchemaError,
)


def test_every_error_is_of_one_tree() -> None:
    found = [
        kind
        for module in (errors, trainer_errors)
        for _, kind in inspect.getmembers(module, inspect.isclass)
    ]
    raised = [kind for kind in found if issubclass(kind, BaseException)]
    assert len(raised) > 20
    assert all(issubclass(kind, DensearchError) for kind in raised)


def test_a_refused_spec_names_every_fault_at_its_field() -> None:
    error = InvalidSpecError([Fault("/task/kind", "unknown"), Fault("", "it is empty")])
    assert str(error) == "/task/kind: unknown; /: it is empty"
    assert [fault.pointer for fault in error.faults] == ["/task/kind", ""]


def test_a_refused_data_set_names_the_entry_where_one_is_wrong() -> None:
    assert str(InvalidDatasetError("a.png", "it is no image")) == "a.png: it is no image"
    assert str(InvalidDatasetError("", "it is empty")) == "it is empty"


def test_tables_of_another_program_are_listed_up_to_a_limit() -> None:
    few, many = (ForeignDatabaseError([*"abcdefg"[:n]], "0009") for n in (5, 7))
    assert "the tables a, b, c, d, e, and" in str(few)
    assert "the tables a, b, c, d, e, ..., and" in str(many)
    assert many.tables == (*"abcdefg",)


@pytest.mark.parametrize("backup", [None, "densearch-0002.sqlite3"])
def test_the_backup_that_helps_is_named_where_there_is_one(backup: str | None) -> None:
    for error in (
        NewerSchemaError("0099", "0009", backup),
        UnreadableDatabaseError("a.sqlite3", "file is not a database", backup),
    ):
        assert (f"backup {backup}" in str(error)) == (backup is not None)
        assert "restore" in str(error)


@pytest.mark.parametrize("found", [[], ["0001", "0002"]])
def test_a_schema_that_no_upgrade_mends_does_not_advise_one(found: list[str]) -> None:
    error = UnclearRevisionError(found, "0009")
    assert isinstance(error, SchemaError)
    assert isinstance(error, UnusableSchemaError)
    assert "db upgrade" not in str(error)
    assert "db upgrade" in str(SchemaError("0001", "0009"))
