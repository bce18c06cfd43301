"""Which studies share a line of the figures, and what the legend calls it."""

from __future__ import annotations

from api.dashboard.figures.series import by_study, series_of
from service.records import Study
from service.states import Role


def study(number: int, name: str, role: Role = Role.SEARCH, sampler: str = "") -> Study:
    return Study(
        number, 1, number - 1, name, role, sampler or name, 1, 9, 0,
        is_finished=False, stopped_at=None, best_trial_id=None, best_value=None,
    )  # fmt: skip


STUDIES = [
    study(1, "direct_l"),
    study(2, "tpe-1", sampler="tpe"),
    study(3, "tpe-2", sampler="tpe"),
    study(4, "uniform", Role.CONTROL, "fixed"),
    study(5, "flat", Role.CONTROL, "fixed"),
    study(6, "tpe_tuned", Role.TUNED, "tpe"),
    study(7, "direct_l_speculation", Role.SPECULATION, "direct_l"),
]


def test_repeats_of_a_search_share_a_line_and_controls_of_one_sampler_do_not() -> None:
    found = series_of(STUDIES)
    assert [(one.name, [s.id for s in one.studies]) for one in found] == [
        ("direct_l", [1]), ("tpe", [2, 3]), ("uniform", [4]), ("flat", [5]), ("tpe_tuned", [6]),
    ]  # fmt: skip
    assert [one.place for one in found] == [0, 1, 2, 3, 4]
    assert [one.is_band for one in found] == [False, True, False, False, False]
    assert found[1].label == "tpe, 2 repeats"
    assert found[0].label == "direct_l"


def test_a_line_keeps_its_colour_when_studies_are_added() -> None:
    first = by_study(STUDIES[:3])
    later = by_study(STUDIES)
    assert {number: one.place for number, one in first.items()} == {
        number: later[number].place for number in first
    }


def test_a_point_run_ahead_has_no_line() -> None:
    assert by_study(STUDIES).keys() == {1, 2, 3, 4, 5, 6}
