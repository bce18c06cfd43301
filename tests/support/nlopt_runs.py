"""Runs of NLopt itself, on the unit cube: the independent source of what a replay has to ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nlopt

Point = tuple[float, ...]


def visited(
    kind: int, start: Point, n_trials: int, objective: Callable[[Point], float], **settings: float
) -> list[Point]:
    """Return the points that NLopt evaluates, in their order.

    Args:
        kind: The algorithm, such as `nlopt.GN_DIRECT_L`.
        start: Where it starts; DIRECT takes the centre whatever is given.
        n_trials: `maxeval`.
        objective: What is minimised.
        settings: Of the algorithm, such as `magic_eps`; `step` and `xtol` of a local search.
    """
    found: list[Point] = []

    def evaluate(x: Any, _: object) -> float:  # noqa: ANN401 - NLopt's view
        found.append(tuple(x.tolist()))
        return objective(found[-1])

    opt = nlopt.opt(kind, len(start))
    opt.set_lower_bounds([0.0] * len(start))
    opt.set_upper_bounds([1.0] * len(start))
    if "step" in settings:
        opt.set_initial_step(settings.pop("step"))
        opt.set_xtol_abs(settings.pop("xtol"))
    for name, value in settings.items():
        opt.set_param(name, value)
    opt.set_maxeval(n_trials)
    opt.set_min_objective(evaluate)
    opt.optimize(list(start))
    return found
