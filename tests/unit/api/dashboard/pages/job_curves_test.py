"""Which trainings an address chooses, and what the page says of a wrong one."""

from __future__ import annotations

from starlette.datastructures import QueryParams

from api.dashboard.pages.chosen_trials import TrialName
from api.dashboard.pages.job_curves import MOST_CHOSEN, choice_of
from service.states import Phase


def test_trials_come_in_one_value_or_in_several() -> None:
    own = [TrialName(3), TrialName(5)]
    assert choice_of(QueryParams("trial=3&trial=5")).names == own
    chosen = choice_of(QueryParams("trial=3,+tpe+5;%237 3"))
    assert chosen.names == [TrialName(3), TrialName(5, "tpe"), TrialName(7)]
    assert choice_of(QueryParams({"trial": chosen.trials_text})).names == chosen.names
    chosen = choice_of(QueryParams("x=time&phase=evaluation"))
    assert (chosen.against, chosen.phase, chosen.faults) == ("time", Phase.EVALUATION, [])


def test_a_wrong_choice_is_said_and_counts_as_none() -> None:
    chosen = choice_of(QueryParams("x=size&phase=superseded&trial=-1&trial=9e9&trial=\u0663"))
    assert (chosen.against, chosen.phase, chosen.names) == ("epoch", Phase.SEARCH, [])
    assert len(chosen.faults) == 5
    many = choice_of(QueryParams("trial=" + ",".join(map(str, range(1, 30)))))
    assert len(many.names) == MOST_CHOSEN
    assert "29 chosen trials" in many.faults[0]
