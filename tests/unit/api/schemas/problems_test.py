"""The document in OpenAPI describes the problems that are sent, and loses nothing of them."""

from __future__ import annotations

import pytest

from api.problems.handlers import body_of
from api.problems.kinds import PROBLEMS
from api.schemas.problems import ProblemOut

ENTRIES = [
    [],
    [{"pointer": "/seed", "detail": "must be an integer"}],
    [{"entry": "cat/x.png", "detail": "cannot be decoded"}],
    [{"parameter": "limit", "in": "query", "detail": "must be at least 1"}],
]


@pytest.mark.parametrize("entries", ENTRIES)
def test_a_problem_is_described_whole(entries: list[dict[str, str]]) -> None:
    body = body_of(PROBLEMS["invalid-spec"], "it is refused", entries)
    found = ProblemOut.model_validate(body)
    assert found.model_dump(by_alias=True, exclude_unset=True) == body
