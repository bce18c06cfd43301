"""How often intervals over seeds, and over seeds and items, hold the true effect.

Two arms are judged on the same items with the same seeds. The loss of an arm on an item is

    difficulty x exp(effect of the item + effect of the seed + residual),

with lognormal difficulties that both arms share, normal effects in the density's arm alone, and
normal residuals of the same size in both. The true effect, over all seeds and items, is half the
variance of the effects of items: E exp(X) = exp(variance / 2). Standard deviations are known, as
the job would not know them. Three intervals at 95 %:

- seeds: Student's over seeds, as each look of a report has it;
- bootstrap: the percentiles of the pigeonhole bootstrap (Owen 2007), seeds and items resampled
  separately;
- both: that of `service.report.item_effects`, which a report gives.

    python -m benchmarks.item_intervals [--n 2000] [--resamples 400]
"""

from __future__ import annotations

import argparse
import itertools
import math

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe
from service.item_losses import ItemLosses
from service.report import item_effects
from service.report.effects import effect_of

Array = NDArray[np.float64]
N_SEEDS = (5, 20)
N_ITEMS = (3, 5, 10, 40, 359)
# Standard deviations of seeds, of items and of the residual.
CASES = {
    "items differ little": (0.02, 0.02, 0.1),
    "items differ": (0.02, 0.1, 0.1),
    "items differ much": (0.02, 0.4, 0.1),
    "residual alone": (0.0, 0.0, 0.5),
}
LEVEL = 0.05


def drawn(
    random: np.random.Generator, n_seeds: int, n_items: int, sds: tuple[float, float, float]
) -> tuple[Array, Array]:
    """Return the losses of both arms, (seeds, items) each."""
    of_seeds, of_items, residual = sds
    ours, theirs = np.exp(residual * random.standard_normal((2, n_seeds, n_items)))
    hard = np.exp(random.standard_normal(n_items))
    own = of_items * random.standard_normal(n_items)
    run = of_seeds * random.standard_normal((n_seeds, 1))
    return ours * hard * np.exp(own + run), theirs * hard


def bootstrapped(
    random: np.random.Generator, ours: Array, theirs: Array, n_resamples: int
) -> tuple[float, float]:
    """Return the percentiles of the mean log ratio over resampled seeds and items."""
    n_seeds, n_items = ours.shape
    items = random.multinomial(n_items, np.ones(n_items) / n_items, n_resamples)
    seeds = random.multinomial(n_seeds, np.ones(n_seeds) / n_seeds, n_resamples) / n_seeds
    means = (np.log(items @ ours.T / (items @ theirs.T)) * seeds).sum(axis=1)
    low, high = np.quantile(means, [LEVEL / 2, 1 - LEVEL / 2])
    return float(low), float(high)


def over_seeds(ours: Array, theirs: Array) -> tuple[float, float]:
    """Return the ends of the interval over seeds, as logarithms."""
    own, other = (dict(enumerate(x.mean(axis=1).tolist())) for x in (ours, theirs))
    found = effect_of(own, other, LEVEL)
    if found is None or found.low is None or found.high is None:
        raise ValueError("an effect of several seeds has an interval")
    return math.log1p(found.low), math.log1p(found.high)


def over_both(ours: Array, theirs: Array) -> tuple[float, float]:
    """Return the ends of the interval over seeds and items, as logarithms."""
    names = [[f"{arm}{i}" for i in range(len(ours))] for arm in "ab"]
    rows = zip(itertools.chain(*names), itertools.chain(ours, theirs), strict=True)
    known = {name: ItemLosses.of(row, None) for name, row in rows}
    found = item_effects.item_effect_of(names[0], names[1], known, LEVEL)
    if found.low is None or found.high is None:
        raise ValueError(found.reason)
    return math.log1p(found.low), math.log1p(found.high)


def main() -> None:
    """Print the table: coverage in percent, and the mean width over that of seeds alone."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--n", type=int, default=2000, help="pairs of arms in a row")
    parser.add_argument("--resamples", type=int, default=400, help="of the bootstrap")
    given = parser.parse_args()
    vars(item_effects)["LEAST_GROUPS"] = 2  # the table says from which number on there is one
    random = np.random.default_rng(0)
    print(f"{describe()}; {given.n} pairs a row, nominal 95 %")
    print("| truth | seeds | items | seeds | bootstrap | both | width, both / seeds |")
    print("|---|---|---|---|---|---|---|")
    for (truth, sds), n_seeds, n_items in itertools.product(CASES.items(), N_SEEDS, N_ITEMS):
        held, widths = np.zeros(3), np.zeros(3)
        for _ in range(given.n):
            pair = drawn(random, n_seeds, n_items, sds)
            ends = np.array(
                [
                    over_seeds(*pair),
                    bootstrapped(random, *pair, given.resamples),
                    over_both(*pair),
                ]
            )
            effect = sds[1] ** 2 / 2
            held += (ends[:, 0] <= effect) & (effect <= ends[:, 1])
            widths += ends[:, 1] - ends[:, 0]
        rates = " | ".join(f"{100 * rate:.1f}" for rate in held / given.n)
        ratio = widths[2] / widths[0]
        print(f"| {truth} | {n_seeds} | {n_items} | {rates} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
