"""Sections of a spec take nothing that their author did not mean."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from densearch.plugins import OwnNetwork


class Settings(OwnNetwork):
    """Of a network."""

    depth: int = 2
    rate: float = 0.1


@pytest.mark.parametrize(
    "wrong",
    [{"depth": "3"}, {"depth": 2.0}, {"depth": True}, {"rate": "0.1"}, {"rate": math.nan},
     {"rate": math.inf}, {"deptth": 3}, {"depth": None}],
)  # fmt: skip
def test_what_is_not_exactly_right_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"kind": "mine", **wrong})
    assert [error["loc"] for error in caught.value.errors()] == [tuple(wrong)]


def test_settings_do_not_change() -> None:
    settings = Settings(kind="mine", depth=3)
    with pytest.raises(ValidationError, match="frozen"):
        settings.depth = 4  # type: ignore[misc]


@pytest.mark.parametrize(
    ("kind", "argument"),
    [
        ("mine", ""),
        ("mine:large", "large"),
        ("timm:v/b.x-1:", None),
        ("my-net.2:a/B_3.x", "a/B_3.x"),
    ],
)
def test_an_argument_stands_behind_the_colon(kind: str, argument: str | None) -> None:
    if argument is None:
        with pytest.raises(ValidationError):
            Settings(kind=kind)
    else:
        assert Settings(kind=kind).argument == argument


@pytest.mark.parametrize(
    "kind", ["", "Mine", "1st", "my net", "mine:", "a" * 65, "mine:" + "x" * 129, "mine\n", "é"]
)
def test_other_names_are_no_kinds(kind: str) -> None:
    with pytest.raises(ValidationError):
        Settings(kind=kind)
