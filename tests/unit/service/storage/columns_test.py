"""Values of columns, decoded by column, against each decoded by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from service.storage.columns import values_of
from service.storage.tables import TrialRow

AT = datetime(2026, 3, 1, 12, 0, 0, 250)  # noqa: DTZ001 - as SQLite has it
OWN = (TrialRow.id, TrialRow.params, TrialRow.error, TrialRow.finished_at)


def test_json_is_decoded_and_times_are_texts_of_utc() -> None:
    east = AT.replace(microsecond=0, tzinfo=UTC).astimezone(timezone(timedelta(hours=5)))
    rows: list[Any] = [
        (1, '{"lr": [0.1, null], "name": "],[\\u00fc"}', None, AT),
        (2, "{}", "null", east),
        (3, '{"lr": NaN}', '{"detail": "d"}', None),
    ]
    ids, params, errors, times = values_of(OWN, rows)
    assert (list(ids), params[:2]) == ([1, 2, 3], [{"lr": [0.1, None], "name": "],[ü"}, {}])
    assert params[2]["lr"] != params[2]["lr"]
    assert errors == [None, None, {"detail": "d"}]
    assert times == ["2026-03-01T12:00:00.000250+00:00", "2026-03-01T12:00:00+00:00", None]
    assert [list(values) for values in values_of(OWN, [])] == [[]] * 4
