"""Assignments of one pack are for one worker."""

from __future__ import annotations

from service.orchestration.messages import Assignment, packs_of


def assignment(attempt_id: int, pack: int) -> Assignment:
    return Assignment(attempt_id, attempt_id, 1, str(attempt_id), {}, "cpu", False, pack=pack)  # noqa: FBT003


def test_packs_keep_the_order_of_their_first_and_of_their_members() -> None:
    found = packs_of([assignment(i, pack) for i, pack in ((1, 7), (2, 3), (3, 7), (4, 3))])
    assert [[a.attempt_id for a in pack] for pack in found] == [[1, 3], [2, 4]]
    assert packs_of([]) == []
