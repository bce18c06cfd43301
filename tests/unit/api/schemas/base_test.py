"""What all responses share: read from records, numbers with every bit, times in UTC."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from api.schemas.base import ErrorOut, ListOut, Out


class ValueOut(Out):
    value: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Record:
    value: float
    at: datetime
    hidden: str = "not asked for"


AT = datetime(2026, 3, 1, 12, 0, 0, 17, tzinfo=UTC)


@pytest.mark.parametrize("value", [0.1 + 0.2, 5e-324, -0.0, 1.7976931348623157e308])
def test_a_record_is_answered_with_every_bit_and_nothing_that_is_not_declared(
    value: float,
) -> None:
    shown = json.loads(ValueOut.model_validate(Record(value, AT)).model_dump_json())
    assert shown.keys() == {"value", "at"}
    assert shown["value"].hex() == value.hex()
    assert shown["at"] == "2026-03-01T12:00:00.000017Z"


def test_a_page_holds_items_of_its_kind_alone() -> None:
    page = ListOut[ValueOut].model_validate({"items": [Record(1.0, AT)]})
    assert page.items == [ValueOut(value=1.0, at=AT)]
    with pytest.raises(ValidationError, match="value"):
        ListOut[ValueOut].model_validate({"items": [{"at": AT}]})


def test_an_error_needs_words_but_no_title() -> None:
    assert ErrorOut.model_validate({"detail": "out of memory"}).title is None
    with pytest.raises(ValidationError, match="detail"):
        ErrorOut.model_validate({"title": "Out of memory"})
