"""Table, errors tree and documentation of the problems say the same."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from api.problems.handlers import ERRORS, document_of, problem_of
from api.problems.kinds import PROBLEMS
from service import errors
from service.errors import (
    DeadlineError,
    DensearchError,
    Fault,
    ImportLostError,
    InvalidSpecError,
    LeaseLostError,
    NotFoundError,
    StorageFullError,
    UnsafeBindingError,
)


def _tree(root: type[DensearchError]) -> set[type[DensearchError]]:
    return {root}.union(*(_tree(kind) for kind in root.__subclasses__()))


def test_every_error_of_the_service_has_a_row_of_its_own() -> None:
    ours = {kind for kind in _tree(DensearchError) if kind.__module__ == errors.__name__}
    assert len(ours) >= 10
    assert ours <= set(ERRORS)


def test_every_row_is_known_and_none_is_listed_twice() -> None:
    assert set(ERRORS.values()) <= set(PROBLEMS)
    assert all(slug == problem.slug for slug, problem in PROBLEMS.items())


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("job", 1), 404),
        (LeaseLostError(1), 409),
        (UnsafeBindingError("0.0.0.0"), 500),  # noqa: S104 - a name in a message
        (DensearchError("of a kind that has no row"), 500),
        (RuntimeError("foreign"), 500),
    ],
)
def test_the_nearest_ancestor_answers(error: Exception, status: int) -> None:
    assert problem_of(error).status == status


@pytest.mark.parametrize(
    ("error", "events"),
    [
        (StorageFullError(), ["refused"]),
        (DeadlineError(), ["refused"]),
        (RuntimeError("foreign"), ["unexpected"]),
        (NotFoundError("job", 1), []),
        (ImportLostError(), []),
    ],
)
def test_what_fails_on_the_server_is_logged_also_where_no_request_waits(
    error: Exception, events: list[str]
) -> None:
    with capture_logs() as lines:
        body = document_of(error)
    assert body["status"] == problem_of(error).status
    assert [line["event"] for line in lines] == events


def test_a_problem_repeats_what_was_sent_bounded_and_with_escapes() -> None:
    long = NotFoundError("study", "\u202e<b>" + "x" * 50_000)
    assert len(document_of(long)["detail"]) < 21_000
    assert r"\u202e<b>xx" in document_of(long)["detail"]
    faults = [Fault(f"/{i}", "is\x00odd" * 1_000) for i in range(150)]
    body = document_of(InvalidSpecError(faults))
    assert (len(body["errors"]), body["n_errors"]) == (100, 150)
    assert {len(one["detail"]) for one in body["errors"]} < set(range(9_000))
    assert r"is\x00odd" in body["errors"][0]["detail"]
    assert "n_errors" not in document_of(InvalidSpecError(faults[:100]))
