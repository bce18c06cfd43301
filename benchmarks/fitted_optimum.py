"""How often a fitted optimum's interval holds: python -m benchmarks.fitted_optimum [--n 400].

A search over one value, by the product's samplers, of a loss that rises by 10 % at a distance of
`width` of the box from its optimum, which lies anywhere in the middle 60 %. The difference of two
points has a noise of 1.3 % (the demo's), which a report knows from 12 degrees of freedom. Shapes:
a parabola in the logarithm of the loss; one that is three times as steep on one side; and one with
a cliff beyond the width, where the loss is half as high again.

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

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe
from benchmarks.simulation import Simulation
from densearch.sampler import StudyPlan
from service.report.fitted_optimum import minimum
from service.report.plateau import Noise, plateau_of
from service.studies.search_space import FloatAxis, Space

Loss = Callable[[tuple[float, ...]], float]
Array = NDArray[np.float64]

NOISE, DF = 0.013, 12
SHAPES = ("parabola", "skewed", "cliff")
WIDTHS = (0.1, 0.2, 0.4)
SEARCHES = (("direct_l", 12), ("direct_l", 24), ("tpe", 24), ("random", 24))
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


def searched(sampler: str, n_trials: int, seed: int, loss: Loss) -> tuple[Array, Array]:
    """Return the points and losses of a search."""
    study = StudyPlan(dimension=1, n_trials=n_trials, seed=seed, options={})
    run = Simulation(sampler, study, n_workers=1, sigma=0.0, seed=seed)
    run.run(loss)
    done = [entry for entry in run.log if entry.number is not None and entry.value is not None]
    return np.array([e.point[0] for e in done]), np.array([e.value for e in done])


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
        x, y = searched(sampler, n_trials, seed, loss_of(shape, width, best, chance))
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
    asked = parser.parse_args()
    print(describe("numpy", "scipy"))
    print(f"n = {asked.n} searches a line")
    print("    shape  width     search      found    holds  plateau   RMSE: fit, best  widths")
    for sampler, n_trials in SEARCHES:
        for shape in SHAPES:
            for width in WIDTHS:
                print(cell(shape, width, sampler, n_trials, asked.n), flush=True)


if __name__ == "__main__":
    main()
