"""How often a campaign's slope of the best radius holds the truth, and what it can see.

Simulated: cells of several numbers of samples and two network widths, each with a valley of the
log loss over the log width of a Gaussian density on 5x5, seen at 9 widths by several job seeds.
The best log radius is a line over log2 of the samples with a difference between the networks and a
deviation of each cell; the bottom of a job's valley deviates from its cell's. The truth is known:
counted is how often the 95 % interval holds it, how often it excludes no change, and how many
cells are taken for valleys.

    python -m benchmarks.campaign_radius            # 2,000 campaigns for each line
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from benchmarks.machine import describe
from service.campaigns.report.radius import Valley, best_radius, effective_radius, slope_of

SIZES = (500, 1000, 2000, 4000, 8000)
NETWORKS = (8, 16)
WIDTHS = np.geomspace(0.4, 4.0, 9)
# Log radius over log width of a density on 5x5, to go from a best radius to a best width.
GRID = np.linspace(math.log(0.25), math.log(12.0), 2000)
EXAMPLE = Valley((), (), 5, 2)
RADII = np.log([effective_radius(math.exp(x), EXAMPLE) for x in GRID])
BEST_AT_FIRST, OF_A_NETWORK = math.log(1.45), -0.03


def campaign(
    random: np.random.Generator,
    slope: float,
    curvature: float,
    n_seeds: int,
    of_a_cell: float = 0.03,
    of_a_job: float = 0.1,
    noise: float = 0.01,
) -> tuple[list[float], list[float], list[dict[str, int]], int]:
    """Return samples, log radii and factors of the cells that are data points, and how many not.

    Args:
        random: Draws the deviations.
        slope: Of the best log radius, for each doubling.
        curvature: Of the log loss over the log width; 0 is flat.
        n_seeds: Jobs of a cell.
        of_a_cell: Standard deviation of a cell's best log radius around the line.
        of_a_job: Of a job's best log width around its cell's.
        noise: Of a log loss.
    """
    values, radii, factors, n_left = [], [], [], 0
    for n in SIZES:
        for index, network in enumerate(NETWORKS):
            radius = BEST_AT_FIRST + slope * math.log2(n / SIZES[0]) + OF_A_NETWORK * index
            radius += of_a_cell * random.normal()
            at = float(np.interp(radius, RADII, GRID))
            jobs = [_valley(random, at + of_a_job * random.normal(), curvature, noise)
                    for _ in range(n_seeds)]  # fmt: skip
            found = best_radius(jobs)
            if found.log_radius is None:
                n_left += 1
                continue
            values.append(float(n))
            radii.append(found.log_radius)
            factors.append({"width": network})
    return values, radii, factors, n_left


def _valley(random: np.random.Generator, at: float, curvature: float, noise: float) -> Valley:
    logs = 0.5 * curvature * (np.log(WIDTHS) - at) ** 2 + noise * random.normal(size=len(WIDTHS))
    return Valley(WIDTHS.tolist(), (0.3 * np.exp(logs)).tolist(), 5, 2)


def line(n: int, seed: int, slope: float, curvature: float, n_seeds: int) -> str:
    """Simulate campaigns and return one line of the table."""
    random = np.random.default_rng(seed)
    holds = shown = n_slopes = n_left = 0
    squares = 0.0
    for _ in range(n):
        values, radii, factors, left = campaign(random, slope, curvature, n_seeds)
        n_left += left
        found = slope_of("samples", values, radii, factors) if values else None
        if found is None:
            continue
        n_slopes += 1
        holds += found.low <= math.expm1(slope) <= found.high
        shown += found.is_shown
        squares += (math.log1p(found.change) - slope) ** 2
    cells = len(SIZES) * len(NETWORKS)
    if n_slopes == 0:
        return f"{math.expm1(slope):+6.1%} {curvature:9.2f} {n_seeds:5d}  none"
    return (
        f"{math.expm1(slope):+6.1%} {curvature:9.2f} {n_seeds:5d} {holds / n_slopes:8.1%} "
        f"{shown / n_slopes:7.1%} {math.sqrt(squares / n_slopes):7.4f} "
        f"{n_left / (n * cells):9.1%} {n_slopes:6d}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=2000, help="campaigns for each line")
    n = parser.parse_args().n
    print(describe("numpy", "scipy"))
    print(f"{n} campaigns a line; 5 sizes x 2 networks; 9 widths; noise 1 % of the loss")
    print(" slope curvature seeds  holds   shown    RMSE  no point  slopes")
    for curvature in (0.2, 0.05, 0.02):
        for slope in (0.0, math.log(0.96), math.log(0.88)):
            for n_seeds in (1, 3, 5):
                print(line(n, 1, slope, curvature, n_seeds), flush=True)
    print(line(n, 1, 0.0, 0.0, 3), " (flat: there is no slope to be found)")


if __name__ == "__main__":
    main()
