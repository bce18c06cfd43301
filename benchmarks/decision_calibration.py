"""What the probability of a gain is worth: python -m benchmarks.decision_calibration [--n 4000].

Tasks have true log ratios around a mean, with a standard deviation between tasks; on each, a job
trains some seeds. The last job is judged with so many earlier ones: by its seeds alone, by the
normal-normal posterior (its variance taken as known, the prior as the mean and the variance
between tasks of `service.report.meta`), and by the product's (`service.report.posterior`).

- `Brier`: mean square of the probability less what is true, 0.25 where it is always even;
- `adopt`: how often the probability of a gain above the margin is above 0.9, and of these in how
  many the gain is above it (at least 90 % are to be);
- `leave`: how often it is below 0.1, and of these in how many the gain is above the margin (10 %
  at most);
- `gain`: mean of the estimated gain over that of the true gain, in percent points, where adopted:
  above 0 is the winner's curse;
- `more`: of jobs where the product asks for more seeds because it expects them to decide, its mean
  expectation, and how many they decided.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from benchmarks.machine import describe
from service.report import decision
from service.report.meta import Combined, combine
from service.report.posterior import Belief, chance_of_deciding, posterior

MARGIN = math.log1p(-0.01)
# Percent of the loss: means over tasks, standard deviations between tasks, of a pair of seeds.
MEANS, BETWEEN, PAIR = (0.0, -2.0), (1.0, 4.0), 2.0
N_EARLIER, N_SEEDS = (0, 2, 4, 10), (5, 20)
WAYS = ("alone", "normal", "product")


@dataclass(frozen=True)
class Judged:
    """One job: its true effect and, by way of judging, the probability and the estimate."""

    truth: float
    chance: dict[str, float]
    mean: dict[str, float]
    expected: float | None
    is_decided: bool


def one(chance: np.random.Generator, mean: float, between: float, k: int, n: int) -> Judged:
    """Simulate a job with k earlier ones."""
    truths = chance.normal(mean, between, k + 1) / 100.0
    pairs = truths[:, None] + PAIR / 100.0 * chance.normal(size=(k + 1, n))
    y, v = pairs.mean(axis=1), pairs.var(axis=1, ddof=1) / n
    earlier = combine(y[:-1].tolist(), v[:-1].tolist())
    own = Belief(float(y[-1]), math.sqrt(v[-1]), n - 1)
    prior = Belief.before(earlier) if earlier is not None else None
    found = posterior(own, prior, MARGIN)
    alone = posterior(own, None, MARGIN)
    normal = _normal(own, earlier)
    chances = {"alone": alone.below, "normal": normal[0], "product": found.below}
    means = {"alone": alone.mean, "normal": normal[1], "product": found.mean}
    spread = float(pairs[-1].std(ddof=1))
    expected, is_decided = None, False
    if decision.LEAVE_OUT <= found.below <= decision.ADOPT:
        expected = chance_of_deciding(found, spread, n, MARGIN, decision.ADOPT)
        if expected >= decision.WORTH:
            later = np.append(pairs[-1], truths[-1] + PAIR / 100.0 * chance.normal(size=n))
            own = Belief(later.mean(), later.std(ddof=1) / math.sqrt(2 * n), 2 * n - 1)
            after = posterior(own, prior, MARGIN).below
            is_decided = not decision.LEAVE_OUT <= after <= decision.ADOPT
        else:
            expected = None
    return Judged(float(truths[-1]), chances, means, expected, is_decided)


def _normal(own: Belief, earlier: Combined | None) -> tuple[float, float]:
    """Return the normal-normal probability and mean."""
    if earlier is None:
        return float(stats.norm.cdf((MARGIN - own.mean) / own.error)), own.mean
    weights = np.array([1.0 / own.error**2, 1.0 / max(earlier.tau2, 1e-12)])
    mean = float(weights @ [own.mean, earlier.mean] / weights.sum())
    return float(stats.norm.cdf((MARGIN - mean) * math.sqrt(weights.sum()))), mean


def line(way: str, jobs: list[Judged]) -> str:
    """Return the figures of a way of judging."""
    p = np.array([job.chance[way] for job in jobs])
    is_gain = np.array([job.truth < MARGIN for job in jobs])
    brier = float(np.mean((p - is_gain) ** 2))
    adopt, leave = p > decision.ADOPT, p < decision.LEAVE_OUT
    right = float(is_gain[adopt].mean()) if adopt.any() else math.nan
    wrong = float(is_gain[leave].mean()) if leave.any() else math.nan
    over = [
        100.0 * (job.truth - job.mean[way])
        for job, is_in in zip(jobs, adopt, strict=True)
        if is_in
    ]
    gain = float(np.mean(over)) if over else math.nan
    return (
        f"{way:>8}  {brier:.3f}  {100 * adopt.mean():5.1f} % {100 * right:6.1f} %"
        f"  {100 * leave.mean():5.1f} % {100 * wrong:6.1f} %  {gain:+5.2f}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=4000)
    asked = parser.parse_args()
    print(describe("numpy", "scipy"))
    print(f"n = {asked.n} jobs a line; a pair of seeds differs by {PAIR:g} %, margin 1 %")
    print(
        "seeds  mean  between  earlier       way  Brier    adopt   right    leave   wrong   gain"
    )
    for n in N_SEEDS:
        for mean in MEANS:
            for between in BETWEEN:
                for k in N_EARLIER:
                    chance = np.random.default_rng(0)
                    jobs = [one(chance, mean, between, k, n) for _ in range(asked.n)]
                    head = f"{n:5}  {mean:+4.1f}  {between:7.1f}  {k:7}"
                    for way in WAYS[::2] if k == 0 else WAYS:
                        print(f"{head}  {line(way, jobs)}", flush=True)
                    more = [job for job in jobs if job.expected is not None]
                    if more:
                        expected = np.mean([job.expected for job in more])
                        decided = np.mean([job.is_decided for job in more])
                        print(
                            f"{head}      more: {100 * len(more) / len(jobs):.1f} % of jobs, "
                            f"expected {100 * expected:.0f} %, decided {100 * decided:.0f} %"
                        )


if __name__ == "__main__":
    main()
