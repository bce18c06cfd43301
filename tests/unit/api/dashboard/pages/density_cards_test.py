"""Which density a page shows, and what the chooser calls it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from api.dashboard.pages.density_cards import DensityCard, chosen
from densearch.density import families
from service import clock
from service.jobs.density_files import shape_of
from service.records import DensityRecord, Study
from service.states import Role


def study(number: int, role: Role = Role.SEARCH, name: str = "tpe") -> Study:
    return Study(
        number, 1, number, name, role, name, 1, 9, 0,
        is_finished=True, stopped_at=None, best_trial_id=None, best_value=None,
    )  # fmt: skip


def card(
    number: int, of: Study, layer: str = "", *, vector: Sequence[float] = (0.5,)
) -> DensityCard:
    family = "symmetric" if len(vector) == 1 else "full"
    made: dict[str, Any] = families.build(family, 3, list(vector)).to_dict()
    record = DensityRecord(
        number, 1, of.id, 1, layer, family, 3, 2, list(vector), made["alpha"], made["beta"],
        made["phi"], None, {}, clock.now(),
    )  # fmt: skip
    return DensityCard(of, record, shape_of(record))


FIRST, SECOND = study(1), study(2)
CARDS = [card(11, FIRST), card(12, FIRST, "stage 2"), card(21, SECOND)]


@pytest.mark.parametrize(
    ("density_id", "best", "shown"),
    [(21, FIRST, 21), (None, SECOND, 21), (None, FIRST, 11), (None, None, 11), (99, SECOND, 21)],
)
def test_the_one_that_is_asked_for_then_the_best_then_the_first(
    density_id: int | None, best: Study | None, shown: int
) -> None:
    found = chosen(CARDS, density_id, best)
    assert found is not None
    assert found.density.id == shown
    assert chosen([], density_id, best) is None


def test_the_chooser_names_the_study_its_layers_and_a_role_that_is_no_search() -> None:
    assert [one.label for one in CARDS[:2]] == ["tpe", "tpe, stage 2"]
    control = card(3, study(3, Role.CONTROL, "uniform"), "stage 1")
    assert control.label == "uniform, stage 1 (control)"


def test_a_density_of_rank_one_is_known_by_its_factors() -> None:
    assert CARDS[0].is_rank_one
    assert not card(4, FIRST, vector=(0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6)).is_rank_one
