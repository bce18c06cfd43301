"""The strip of failed, pruned, diverged and reused trials."""

from __future__ import annotations

from datetime import UTC, datetime

from api.dashboard.figures.marks import main_domain, marks_in_words, strip_axis, strip_traces
from api.dashboard.figures.series import series_of
from api.dashboard.figures.themes import THEMES
from service.records import Study
from service.states import Role
from service.storage.trial_marks import MarkKind, TrialMark

THEME = THEMES["light"]
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


def study(number: int, name: str) -> Study:
    return Study(
        number, 1, number, name, Role.SEARCH, name, 1, 9, 0,
        is_finished=False, stopped_at=None, best_trial_id=None, best_value=None,
    )  # fmt: skip


def mark(study_id: int, number: int, kind: MarkKind, n: int = 1) -> TrialMark:
    return TrialMark(study_id, number, kind, AT, 1.0, n)


def test_a_mark_lies_where_its_trial_does_in_the_row_of_its_kind() -> None:
    series = series_of([study(1, "a"), study(2, "<b>")])
    marks = [mark(1, 4, "failed"), mark(2, 7, "reused"), mark(9, 1, "pruned")]
    first, second = strip_traces(series, marks, lambda m: m.number + 1.0, THEME)
    assert (first["x"], first["y"], first["customdata"]) == ([5.0], ["failed"], [4])
    assert (second["x"], second["y"]) == ([8.0], ["reused"])
    assert first["marker"]["symbol"] != second["marker"]["symbol"]
    assert first["legendgroup"] != second["legendgroup"]
    assert "<b>" not in second["name"]


def test_the_strip_has_a_row_for_each_kind_that_occurs() -> None:
    marks = [mark(1, 1, "reused", 3), mark(1, 2, "failed")]
    axis = strip_axis(THEME, marks)["yaxis2"]
    assert axis["categoryarray"] == ["reused", "failed"]
    assert axis["domain"][1] < main_domain(has_marks=True)["domain"][0]
    assert strip_axis(THEME, []) == main_domain(has_marks=False) == {}


def test_the_words_say_of_how_many_the_marks_are() -> None:
    marks = [mark(1, 1, "reused", 3), mark(1, 2, "failed")]
    assert marks_in_words(marks) == ["Trials marked below the lines: 1 failed, 1 of 3 reused."]
    assert marks_in_words([]) == []
