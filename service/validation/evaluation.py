"""Rules of a job's final evaluation: its looks and its margin."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from service.errors import Fault
from service.spec import NESTED_SINCE, Evaluation, JobSpec
from service.studies.looks import DEFAULT, MARGIN_PERCENT


def filled(evaluation: Evaluation, method: int) -> Evaluation:
    """Fill in the planned looks, and the number of seeds that follows from them.

    Args:
        evaluation: As it was submitted.
        method: The job's; jobs of the first have a fixed number of seeds.
    """
    given = evaluation.model_fields_set
    looks = evaluation.looks
    if method >= NESTED_SINCE and looks is None and "n_seeds" not in given:
        looks = list(DEFAULT)
    update: dict[str, object] = {}
    if looks is not None:
        update["looks"] = looks
        if "n_seeds" not in given:
            update["n_seeds"] = looks[-1]
    if method >= NESTED_SINCE and evaluation.margin_percent is None:
        update["margin_percent"] = MARGIN_PERCENT
    return evaluation.model_copy(update=update)


def faults(spec: JobSpec) -> Iterator[Fault]:
    """Yield what is wrong with the evaluation of a spec whose sections are filled."""
    looks = spec.evaluation.looks
    if looks is None:
        return
    for index, (before, after) in enumerate(pairwise(looks), 1):
        if after <= before:
            detail = f"{after} seeds do not come after {before}: let the looks rise"
            yield Fault(f"/evaluation/looks/{index}", detail)
    if spec.evaluation.n_seeds != looks[-1]:
        detail = f"the last look has {looks[-1]} seeds: leave n_seeds out"
        yield Fault("/evaluation/n_seeds", detail)
