"""The forms that are timed compute the same training; of times only the shape is held."""

from __future__ import annotations

from workers.training.overhead.cases import Case
from workers.training.overhead.forms import FORMS
from workers.training.overhead.measuring import StepOverhead, measure

SMALL = Case({"kind": "small_cnn", "depth": 2, "width": 3, "kernel_size": 3}, 4, 8)
SGD = {"lr": 0.1, "momentum": 0.9}


def test_a_round_has_a_ratio_for_every_form() -> None:
    plain_ms, overheads = measure(SMALL, 3)
    assert plain_ms > 0
    assert [overhead.form for overhead in overheads] == [form for form in FORMS if form != "plain"]
    assert all(len(overhead.ratios) == 3 for overhead in overheads)


def test_quartiles_are_those_of_the_ratios() -> None:
    assert StepOverhead("product", (1.0, 5.0, 2.0, 3.0, 4.0)).quartiles() == (2.0, 3.0, 4.0)
