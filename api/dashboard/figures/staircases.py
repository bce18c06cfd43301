"""The best so far as a staircase, and the band between the staircases of repeated searches."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import quantiles
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Step:
    """A point of a staircase: from `x` on the best is `value`, found by trial `number`."""

    x: float
    value: float
    number: int


@dataclass(frozen=True, slots=True)
class Band:
    """The range, the quartiles and the median of several staircases, each field of shape (n,).

    Attributes:
        x: Positions at which one of them steps.
        low: The lowest of their values from there on.
        first: The first quartile, interpolated between values as numpy does.
        middle: The median.
        third: The third quartile.
        high: The highest.
    """

    x: list[float]
    low: list[float]
    first: list[float]
    middle: list[float]
    third: list[float]
    high: list[float]


def staircase(points: Iterable[Step]) -> list[Step]:
    """Return the running minimum of points in the order of their x: its steps and its end."""
    steps: list[Step] = []
    last: Step | None = None
    for last in points:
        if not steps or last.value < steps[-1].value:
            steps.append(last)
    if last is not None and last.x > steps[-1].x:
        steps.append(Step(last.x, steps[-1].value, steps[-1].number))
    return steps


def thinned(steps: Sequence[Step], most: int) -> Sequence[Step]:
    """Drop steps that cannot be distinguished on the screen: at most `most` stay.

    In each of `most` / 2 equal parts of the x axis the first and the last step stay, so that the
    staircase keeps its start, its end and its value at the start of each part.
    """
    if len(steps) <= most:
        return steps
    start, width = steps[0].x, (steps[-1].x - steps[0].x) / (most // 2)
    parts = groupby(steps, lambda step: min(int((step.x - start) / width), most // 2 - 1))
    ends = [(group[0], group[-1]) for group in (list(part) for _, part in parts)]
    return [step for first, last in ends for step in dict.fromkeys((first, last))]


def few(items: Sequence[Item], most: int) -> list[Item]:
    """Return at most `most` of the items, evenly spaced, with the first and the last."""
    if len(items) <= most:
        return list(items)
    stride = (len(items) - 1) / (most - 1)
    return [items[round(stride * place)] for place in range(most)]


def band_of(stairs: Sequence[Sequence[Step]], is_finished: Sequence[bool]) -> Band:
    """Return the band of several staircases, over the x that all of them have reached.

    A finished search has reached every x, since its best stays. One that still runs has reached
    its last step only, so that the band never compares an early best with a late one.

    Args:
        stairs: Staircases, none of them empty.
        is_finished: Whether each one's search is over.
    """
    start = max(stair[0].x for stair in stairs)
    pairs = zip(stairs, is_finished, strict=True)
    end = min(math.inf if is_over else stair[-1].x for stair, is_over in pairs)
    xs = sorted({step.x for stair in stairs for step in stair if start <= step.x <= end})
    columns = [[value_at(stair, x) for stair in stairs] for x in xs]
    parts = [
        quantiles(own, n=4, method="inclusive") if len(own) > 1 else own * 3 for own in columns
    ]
    return Band(
        x=xs,
        low=[min(column) for column in columns],
        first=[part[0] for part in parts],
        middle=[part[1] for part in parts],
        third=[part[2] for part in parts],
        high=[max(column) for column in columns],
    )


def value_at(stair: Sequence[Step], x: float) -> float:
    """Return the value of a staircase that has begun at `x`."""
    return stair[bisect_right(stair, x, key=lambda step: step.x) - 1].value
