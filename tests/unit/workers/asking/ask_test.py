"""An ask is done once it is answered or abandoned; entries come back from a process as sent."""

from __future__ import annotations

import pytest

from densearch.sampler import Entry, Plan, StudyPlan
from workers.asking.ask import Ask, Asked, sent

ASKED = Asked(1, 2, "a:b", StudyPlan(1, 1, 1), is_short=False)


@pytest.mark.parametrize(
    ("given", "is_done"),
    [
        ({}, False),
        ({"answer": Plan()}, True),
        ({"answer": ()}, True),  # no point is worth running ahead: an answer as well
        ({"fault": "it took too long"}, True),
        ({"n_ends": 2}, False),
    ],
)
def test_an_ask_is_done_with_an_answer_or_a_fault(given: dict[str, object], is_done: bool) -> None:
    assert Ask(ASKED, "plan", (), **given).is_done is is_done  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "entry",
    [
        Entry((0.1, 1.0), None, 3),
        Entry((0.0,), -2.5, 0),
        Entry((0.5,), 1.0, None, is_speculative=True),
    ],
)
def test_an_entry_comes_back_as_it_was(entry: Entry) -> None:
    assert Entry(*sent(entry)) == entry
