"""A decision's answer against the values that it is made of."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args, get_type_hints

from densearch.answers import decisions, report_parts
from service.report import decision, decision_words, search_cost


def test_it_has_the_fields_and_words_of_its_values() -> None:
    own = {one.name for one in fields(decision.Decision)}
    assert get_type_hints(report_parts.OwnDecisionAnswer).keys() == own | {"basis"}
    later = {"chance_alone", "earlier", "pooled"}
    assert get_type_hints(decisions.DecisionAnswer).keys() == own | later
    for answer, value in (
        (decisions.MoreSeedsAnswer, decision_words.MoreSeeds),
        (decisions.SearchCostAnswer, search_cost.SearchCost),
    ):
        assert sorted(get_type_hints(answer)) == sorted(one.name for one in fields(value))
    assert get_args(decisions.Light) == get_args(decision_words.Light)
