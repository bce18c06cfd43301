"""How often a fitted optimum's interval holds: python -m benchmarks.fitted_optimum [--n] [-d].

A search over one value, by the product's samplers, of a loss that rises by 10 % at a distance of
`width` of the box from its optimum, which lies anywhere in the middle 60 %. The difference of two
points has a noise of 1.3 % (the demo's), which a report knows from 12 degrees of freedom. Shapes:
a parabola in the logarithm of the loss; one that is three times as steep on one side; and one with
a cliff beyond the width, where the loss is half as high again.

With `-d 2` or `-d 3` the search is over so many values: the loss rises with the square of the
distance; `skewed` along each value, `cliff` along the first; `ridge` is a parabola that is twice
as wide in one direction, across the values. `holds` is the whole box, `each` the mean of its
sides. `trough` (the first value alone matters) and `flat` have no optimum: `found` is an error.

- `found`: in how many searches there is a fit; of these
- `holds`: how often its interval of 90 % holds the optimum; `plateau`: how often the plateau
  does;
- `RMSE` of the fitted optimum and of the best trial, in percent of the box, and the median width
  of both intervals.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe
from benchmarks.simulation import Simulation
from densearch.sampler import StudyPlan
from service.report import joint_optimum
from service.report.fitted_optimum import minimum
from service.report.plateau import Noise, plateau_of
from service.studies.search_space import FloatAxis, Space

Loss = Callable[[tuple[float, ...]], float]
Array = NDArray[np.float64]

NOISE, DF = 0.013, 12
SHAPES = ("parabola", "skewed", "cliff")
WIDTHS = (0.1, 0.2, 0.4)
SEARCHES = (("direct_l", 12), ("direct_l", 24), ("tpe", 24), ("random", 24))
# The same over several values.
JOINT_SHAPES = ("parabola", "skewed", "cliff", "ridge", "trough", "flat")
WITHOUT = ("trough", "flat")  # the first value alone matters, or none
JOINT_WIDTHS = (0.2, 0.4)
JOINT_SEARCHES = {
    2: (("direct_l", 24), ("direct_l", 48), ("qmc", 48)),
    3: (("direct_l", 32), ("direct_l", 64), ("qmc", 64)),
}
QUANTILE = 2.2  # t(0.975) of 12 degrees of freedom


def loss_of(shape: str, width: float, best: float, chance: np.random.Generator) -> Loss:
    """Return a noisy loss of a point."""

    def loss(point: tuple[float, ...]) -> float:
        away = (point[0] - best) / width
        rise = 0.1 * away**2
        if shape == "skewed" and away > 0.0:
            rise *= 3.0
        if shape == "cliff" and away > 1.0:
            rise += 0.4
        return math.exp(rise + NOISE / math.sqrt(2.0) * chance.normal())

    return loss


def searched(
    sampler: str, n_trials: int, seed: int, loss: Loss, dimension: int = 1
) -> tuple[Array, Array]:
    """Return the points and losses of a search, shapes (n, dimension) and (n,)."""
    study = StudyPlan(dimension=dimension, n_trials=n_trials, seed=seed, options={})
    run = Simulation(sampler, study, n_workers=1, sigma=0.0, seed=seed)
    run.run(loss)
    done = [entry for entry in run.log if entry.number is not None and entry.value is not None]
    return np.array([e.point for e in done]), np.array([e.value for e in done])


def joint_loss(shape: str, width: float, best: Array, chance: np.random.Generator) -> Loss:
    """Return a noisy loss of a point of several values."""
    turned = np.eye(len(best))
    if shape == "ridge":
        across, _ = np.linalg.qr(chance.normal(size=turned.shape))
        turned = np.diag(np.linspace(1.0, 0.5, len(best))) @ across

    def loss(point: tuple[float, ...]) -> float:
        away = turned @ ((np.array(point) - best) / width)
        steep = np.where(away > 0.0, 3.0, 1.0) if shape == "skewed" else 1.0
        if shape in WITHOUT:
            away[int(shape == "trough") :] = 0.0
        rise = 0.1 * float(np.sum(steep * away**2))
        if shape == "cliff" and away[0] > 1.0:
            rise += 0.4
        return math.exp(rise + NOISE / math.sqrt(2.0) * chance.normal())

    return loss


def joint_cell(d: int, shape: str, width: float, sampler: str, n_trials: int, n: int) -> str:
    """Return a line of the table over several values."""
    holds: list[NDArray[np.bool_]] = []
    spans: list[float] = []
    fitted: list[Array] = []
    lucky: list[Array] = []
    for seed in range(n):
        chance = np.random.default_rng([seed, n_trials, d])
        best = chance.uniform(0.2, 0.8, d)
        x, y = searched(sampler, n_trials, seed, joint_loss(shape, width, best, chance), d)
        relative = NOISE * math.sqrt(chance.chisquare(DF) / DF)
        found = joint_optimum.minimum(x, np.log(y), relative / math.sqrt(2.0))
        if isinstance(found, str):
            continue
        holds.append((found.low <= best) & (best <= found.high))
        spans.append(float(np.median(found.high - found.low)))
        fitted.append(found.middle - best)
        lucky.append(x[np.argmin(y)] - best)
    start = f"{shape:>9}  {width:5.1f}  {sampler:>9} {n_trials:3}  {100 * len(holds) / n:5.1f} %"
    if shape in WITHOUT or not holds:
        return start
    rmse = [100.0 * math.sqrt(np.mean(np.square(errors))) for errors in (fitted, lucky)]
    return (
        f"{start}  {100 * np.mean([own.all() for own in holds]):5.1f} %"
        f"  {100 * np.mean(holds):5.1f} %"
        f"  {rmse[0]:5.1f} {rmse[1]:5.1f}  {np.median(spans):.3f}"
    )


def cell(shape: str, width: float, sampler: str, n_trials: int, n: int) -> str:
    """Return a line of the table."""
    space = Space((FloatAxis("x", 0.0, 1.0),), ())
    holds: list[bool] = []
    on_plateau: list[bool] = []
    fitted: list[float] = []
    lucky: list[float] = []
    spans: list[float] = []
    plateaus: list[float] = []
    for seed in range(n):
        chance = np.random.default_rng([seed, n_trials])
        best = float(chance.uniform(0.2, 0.8))
        points, y = searched(sampler, n_trials, seed, loss_of(shape, width, best, chance))
        x = points[:, 0]
        relative = NOISE * math.sqrt(chance.chisquare(DF) / DF)
        found = minimum(x, np.log(y), relative / math.sqrt(2.0))
        if found is None:
            continue
        middle, low, high, _ = found
        least = [float(x[np.argmin(y)])]
        noise = Noise(relative, QUANTILE * relative, 4, 5)
        drawn = plateau_of(space, x[:, None].tolist(), y.tolist(), least, noise)
        holds.append(low <= best <= high)
        spans.append(min(high, 1.0) - max(low, 0.0))
        fitted.append(middle - best)
        lucky.append(least[0] - best)
        if drawn is not None:
            start, end = float(drawn.axes[0].low), float(drawn.axes[0].high)
            on_plateau.append(start <= best <= end)
            plateaus.append(end - start)
    rmse = [100.0 * math.sqrt(np.mean(np.square(errors))) for errors in (fitted, lucky)]
    return (
        f"{shape:>9}  {width:5.1f}  {sampler:>9} {n_trials:3}  {100 * len(holds) / n:5.1f} %"
        f"  {100 * np.mean(holds):5.1f} %  {100 * np.mean(on_plateau):5.1f} %"
        f"  {rmse[0]:5.1f} {rmse[1]:5.1f}  {np.median(spans):.3f}  {np.median(plateaus):.3f}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("-d", type=int, default=1, choices=(1, *JOINT_SEARCHES))
    asked = parser.parse_args()
    print(describe("numpy", "scipy"))
    print(f"n = {asked.n} searches a line, over {asked.d} value(s)")
    if asked.d > 1:
        print("    shape  width     search      found    holds     each   RMSE: fit, best  width")
        for sampler, n_trials in JOINT_SEARCHES[asked.d]:
            for shape, width in product(JOINT_SHAPES, JOINT_WIDTHS):
                line = joint_cell(asked.d, shape, width, sampler, n_trials, asked.n)
                print(line, flush=True)
        return
    print("    shape  width     search      found    holds  plateau   RMSE: fit, best  widths")
    for sampler, n_trials in SEARCHES:
        for shape, width in product(SHAPES, WIDTHS):
            print(cell(shape, width, sampler, n_trials, asked.n), flush=True)


if __name__ == "__main__":
    main()
