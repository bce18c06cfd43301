"""Readiness names the conditions that docs/operations.md explains."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError

from api.schemas.health import CheckOut, HealthOut
from tests.support.root import ROOT


def test_the_operator_is_told_of_every_condition() -> None:
    names = get_args(CheckOut.model_fields["name"].annotation)
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert names
    assert [name for name in names if name not in text] == []


def test_another_status_cannot_be_answered() -> None:
    assert HealthOut().model_dump() == {"status": "ok"}
    with pytest.raises(ValidationError):
        HealthOut.model_validate({"status": "ill"})
