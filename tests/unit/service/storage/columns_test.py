"""Values of columns, with JSON as it is stored and decoded by column."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from service.storage.columns import decoded, values_of
from service.storage.tables import TrialRow

AT = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
OWN = (TrialRow.id, TrialRow.params, TrialRow.error, TrialRow.finished_at)


def test_json_and_times_are_texts_and_json_is_decoded_by_column() -> None:
    east = AT.replace(microsecond=0).astimezone(timezone(timedelta(hours=5)))
    rows: list[Any] = [
        (1, '{"lr": [0.1, null], "name": "],[\\u00fc"}', None, AT),
        (2, "{}", "null", east),
        (3, '{"lr": NaN}', '{"detail": "d"}', None),
        (4, "{}", None, "2026-03-01 12:00:00.000250"),  # as SQLite has it
        (5, "{}", None, "2026-03-01 12:00:00.000000"),
    ]
    ids, stored, errors, times = values_of(OWN, rows)
    params = decoded(stored)
    assert (list(ids), params[:2]) == ([1, 2, 3, 4, 5], [{"lr": [0.1, None], "name": "],[ü"}, {}])
    assert params[2]["lr"] != params[2]["lr"]
    assert decoded(errors) == [None, None, {"detail": "d"}, None, None]
    first, second = "2026-03-01T12:00:00.000250+00:00", "2026-03-01T12:00:00+00:00"
    assert times == [first, second, None, first, second]
    assert [list(values) for values in values_of(OWN, [])] == [[]] * 4
