"""What a sampler in another process is asked, and when; its answers are given by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from densearch.sampler import Entry, Plan, Proposal, StudyPlan
from service.errors import AskingFailedError
from workers.asking.ask import Ask, Asked
from workers.asking.remote import RemoteSampler

LOG = (Entry((0.1,), 3.0, 0), Entry((0.2,), None, 1))
ENDED = (LOG[0], replace(LOG[1], value=2.0))
NEXT = Plan((Proposal((0.5,), 2),))


def sampler() -> tuple[RemoteSampler, list[Ask]]:
    asks: list[Ask] = []
    asked = Asked(0, 1, "a:b", StudyPlan(1, 4, 1), is_short=False)
    return RemoteSampler("gp", asked, asks.append), asks


def test_a_trial_that_ends_while_the_first_ask_is_answered_is_asked_about() -> None:
    """After a restart the first ask may find a running round; its end comes before the answer."""
    own, asks = sampler()
    assert own.plan(LOG) is None
    asks[0].answer = Plan()
    assert own.plan(ENDED) is None
    assert [ask.log for ask in asks] == [LOG, ENDED]
    asks[1].answer = NEXT
    assert own.plan(ENDED) == NEXT


def test_an_answer_to_wait_is_taken_while_nothing_has_ended() -> None:
    own, asks = sampler()
    assert own.plan(LOG) is None
    asks[0].answer = Plan()
    assert own.plan(LOG) == Plan()
    assert own.plan(LOG) == Plan()
    assert len(asks) == 1
    assert own.plan(ENDED) is None
    assert len(asks) == 2


def test_an_answer_with_points_holds_whatever_has_ended_since() -> None:
    own, asks = sampler()
    assert own.plan(LOG) is None
    asks[0].answer = NEXT
    assert own.plan(ENDED) == NEXT


def test_a_finished_search_is_not_asked_again() -> None:
    own, asks = sampler()
    assert own.plan(LOG) is None
    asks[0].answer = Plan(is_finished=True)
    assert own.plan(ENDED) == Plan(is_finished=True)
    assert len(asks) == 1


def test_a_failure_ahead_of_need_is_raised_as_one_of_a_plan_is() -> None:
    own, asks = sampler()
    assert own.speculate(LOG, 2) is None
    asks[0].fault = "it died"
    with pytest.raises(AskingFailedError, match=r"it died \(three times in a row\)"):
        own.speculate(LOG, 2)
