"""How often the report's words are wrong, on simulated jobs whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from service.report import statistics
from service.report.plateau import noise_of, plateau_of
from service.report.verdict import outcome
from service.studies.search_space import FloatAxis, Space

N_SEEDS, N_ARMS, LEVEL = 5, 8, 0.05


def at_most(share: float, n: int) -> float:
    """What a share of n may come out as by chance, at three standard deviations."""
    return share + 3.0 * math.sqrt(share * (1.0 - share) / n)


@pytest.mark.slow
def test_jobs_without_any_effect_are_seldom_told_one() -> None:
    """The error of all eight arms together is 5 %; uncorrected it would be five times that."""
    generator = np.random.default_rng(1)
    n_jobs, n_wrong, n_uncorrected = 400, 0, 0
    for _ in range(n_jobs):
        luck = generator.lognormal(0.0, 0.1, N_SEEDS)  # of a seed, shared by all arms
        losses = luck * generator.lognormal(0.0, 0.05, (N_ARMS + 1, N_SEEDS))
        found = [statistics.compare(arm.tolist(), losses[0].tolist()) for arm in losses[1:]]
        ps = [one.p for one in found if one.p is not None]
        said = [outcome(one, p) for one, p in zip(found, statistics.holm(ps), strict=True)]
        n_wrong += any(word != "unknown" for word in said)
        n_uncorrected += min(ps) <= LEVEL
    assert n_wrong / n_jobs <= at_most(LEVEL, n_jobs)
    assert n_uncorrected / n_jobs > 3.0 * LEVEL


@pytest.mark.slow
def test_the_advised_seeds_tell_the_effect_about_every_second_time() -> None:
    generator = np.random.default_rng(2)
    pilot = generator.normal(size=6)
    pilot = (pilot - pilot.mean()) / pilot.std(ddof=1)  # a difference of -0.4, a spread of 0.5
    seen = statistics.compare((-0.4 + 0.5 * pilot).tolist(), [0.0] * 6)
    needed = statistics.seeds_needed(seen)
    assert needed is not None
    told = [
        outcome(found, found.p) == "helps"
        for _ in range(300)
        for found in [
            statistics.compare(
                (-0.4 + 0.5 * generator.normal(size=needed)).tolist(), [0.0] * needed
            )
        ]
    ]
    assert 0.4 < np.mean(told) < 0.65


def plateaus(n_trials: int, width: float) -> tuple[float, float]:
    """Search a valley at random, its optimum at 0.4, `width` from which a loss is one noise worse.

    Returns:
        How often the plateau holds the trial nearest to the optimum, and its median width.
    """
    generator = np.random.default_rng(3)
    relative, line = 0.05, Space((FloatAxis("den[0]", 0.0, 1.0),))
    holds, widths = [], []
    for _ in range(300):
        arms = 1.0 + relative / math.sqrt(2.0) * generator.normal(size=(6, 5))
        noise = noise_of([dict(enumerate(arm.tolist())) for arm in arms])
        assert noise is not None
        xs = generator.uniform(size=n_trials)
        ys = 1.0 + relative * ((xs - 0.4) / width) ** 2
        ys += relative / math.sqrt(2.0) * generator.normal(size=n_trials)
        best = [float(xs[np.argmin(ys)])]
        found = plateau_of(line, xs[:, None].tolist(), ys.tolist(), best, noise)
        assert found is not None
        on = [float(end) for end in (found.axes[0].low, found.axes[0].high)]
        holds.append(on[0] <= xs[np.argmin(np.abs(xs - 0.4))] <= on[1])
        widths.append(on[1] - on[0])
    return float(np.mean(holds)), float(np.median(widths))


@pytest.mark.slow
def test_a_plateau_mostly_holds_the_optimum_and_is_as_wide_as_the_valley() -> None:
    """With one standard deviation as the limit it would hold it in 27 to 93 % of these cases."""
    found = {(n, width): plateaus(n, width) for n in (12, 40) for width in (0.05, 0.2)}
    assert all(holds > 0.6 for holds, _ in found.values())
    assert found[12, 0.2][0] > 0.85
    for n in (12, 40):
        narrow, wide = found[n, 0.05][1], found[n, 0.2][1]
        assert narrow < 0.1 < wide < 0.6
