"""The names and kinds of values in JSON, on both databases."""

from __future__ import annotations

from service.storage import json_columns, trials
from service.storage.database import Database
from tests.support.stored_rows import new_job, trial_rows


def test_names_come_with_their_kinds_and_the_longest_list(database: Database) -> None:
    job = new_job(database)
    first, second, third = trial_rows(database, job, 3)
    with database.write() as session:
        trials.insert_all(
            session,
            [
                first | {"params": {"lr": 1, "den": [0.5], "act": "relu"}, "metrics": {"loss": 1}},
                second | {"params": {"lr": 0.5, "den": [1, 2, 3], "act": None}, "metrics": None},
                third | {"params": {"flag": True, "tree": {"a": [1, 2]}}, "metrics": {}},
            ],
        )
    with database.read() as session:
        assert json_columns.of_params(session, job.id) == {
            "lr": {"number": 0},
            "den": {"array": 3},
            "act": {"text": 0, "null": 0},
            "flag": {"boolean": 0},
            "tree": {"object": 0},
        }
        assert json_columns.of_metrics(session, job.id) == {"loss": {"number": 0}}
        assert json_columns.of_measurements(session, job.id) == {}
        assert json_columns.of_params(session, job.id + 1) == {}
