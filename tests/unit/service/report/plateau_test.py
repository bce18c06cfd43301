"""Noise against an analysis of variance, plateaus against a walk along the axis."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest

from densearch.vector_text import texts_within
from service.report.plateau import Noise, noise_of, plateau_of
from service.studies.search_space import CategoryAxis, FloatAxis, IntegerAxis, Space

LINE = Space((FloatAxis("den[0]", 0.0, 1.0),))


def noise(relative: float) -> Noise:
    return Noise(0.5 * relative, limit=relative, n_arms=4, n_seeds=5)


class TestNoise:
    def test_is_that_of_the_two_way_layout(self) -> None:
        """sqrt(2 MS) of the residuals of arms and seeds, where all arms have one level."""
        table = np.random.default_rng(4).normal(5.0, 0.3, (6, 7))  # arms x seeds
        table += 5.0 - table.mean(axis=1, keepdims=True)
        residuals = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
        mean_square = (residuals**2).sum() / (5 * 6)
        found = noise_of([dict(enumerate(row.tolist())) for row in table])
        assert found is not None
        assert found.relative == pytest.approx(math.sqrt(2.0 * mean_square) / 5.0, rel=0.15)
        assert (found.n_arms, found.n_seeds) == (6, 7)
        # Of the tables: t(0.975) is 2.042 with 30 degrees of freedom.
        assert found.limit / found.relative == pytest.approx(2.042, abs=5e-4)

    def test_of_two_arms_is_that_of_their_differences(self) -> None:
        one, other = {0: 1.0, 1: 1.2, 2: 0.9}, {0: 1.1, 1: 1.0, 2: 1.0}
        found = noise_of([one, other])
        assert found is not None
        level = np.mean([*one.values(), *other.values()])
        spread = np.std([(one[s] - other[s]) / level for s in one], ddof=1)
        assert found.relative == pytest.approx(spread)

    def test_is_right_in_the_mean_for_normal_noise(self) -> None:
        generator = np.random.default_rng(1)
        tables = 100.0 + generator.normal(0.0, 1.0, (200, 5, 5))
        found = [noise_of([dict(enumerate(row.tolist())) for row in table]) for table in tables]
        variances = [one.relative**2 for one in found if one is not None]
        assert np.mean(variances) == pytest.approx(2.0 / 100.0**2, rel=0.1)

    def test_one_arm_near_divergence_does_not_make_all_alike(self) -> None:
        """Seen: 0.7 % became 17 %, so that every trial lay on every plateau."""
        generator = np.random.default_rng(0)
        quiet = 1.0 + 0.005 * generator.normal(size=(4, 5))
        noisy = 1.0 + 0.3 * generator.normal(size=5)
        alone, with_it = (
            noise_of([dict(enumerate(row.tolist())) for row in rows])
            for rows in (quiet, [*quiet, noisy])
        )
        assert alone is not None
        assert with_it is not None
        assert with_it.relative < 2.0 * alone.relative

    def test_luck_that_all_arms_share_is_not_noise(self) -> None:
        shared = {0: 1.0, 1: 3.0, 2: 2.0}
        found = noise_of([shared, {seed: loss + 0.5 for seed, loss in shared.items()}])
        assert found is not None
        assert found.relative == pytest.approx(0.0, abs=1e-15)

    def test_the_unit_of_the_loss_does_not_matter(self) -> None:
        arms = [{0: 1.0, 1: 1.2}, {0: 1.1, 1: 1.0}]
        found, scaled = (
            noise_of(arms),
            noise_of([{s: 1e-4 * v for s, v in a.items()} for a in arms]),
        )
        assert found is not None
        assert scaled is not None
        assert scaled.relative == pytest.approx(found.relative)

    def test_the_same_training_twice_says_nothing(self) -> None:
        one, other = {0: 1.0, 1: 1.2}, {0: 1.1, 1: 1.0}
        assert noise_of([one, dict(one)]) is None
        with_other, alone = noise_of([one, dict(one), other]), noise_of([one, other])
        assert with_other is not None
        assert alone is not None
        assert with_other.relative == pytest.approx(alone.relative)

    @pytest.mark.parametrize(
        "arms",
        [[], [{0: 1.0, 1: 2.0}], [{0: 1.0}, {0: 2.0}], [{0: 1.0, 1: 2.0}, {1: 2.0, 2: 3.0}]],
    )
    def test_is_unknown_without_two_shared_seeds(self, arms: list[dict[int, float]]) -> None:
        assert noise_of(arms) is None


def walk(xs: list[float], ys: list[float], allowed: float) -> tuple[float, float]:
    """Walk outwards from the least value along the axis, until one leaves the noise."""
    order = sorted(range(len(xs)), key=lambda i: xs[i])
    best = min(range(len(xs)), key=lambda i: ys[i])
    place = order.index(best)
    ends = []
    for step in (-1, 1):
        at = place
        while 0 <= at + step < len(order) and ys[order[at + step]] <= ys[best] + allowed:
            at += step
        ends.append(xs[order[at]])
    return ends[0], ends[1]


class TestOneAxis:
    @pytest.mark.parametrize("seed", range(20))
    def test_is_the_walk_outwards(self, seed: int) -> None:
        generator = np.random.default_rng(seed)
        xs = generator.uniform(size=25).tolist()
        ys = [1.0 + 2.0 * (x - 0.4) ** 2 + 0.05 * generator.normal() for x in xs]
        best = xs[int(np.argmin(ys))]
        found = plateau_of(LINE, [[x] for x in xs], ys, [best], noise(0.1))
        assert found is not None
        (axis,) = found.axes
        assert (axis.low, axis.high) == pytest.approx(walk(xs, ys, 0.1 * min(ys)))
        assert axis.best == pytest.approx(best)
        assert found.noise == pytest.approx(0.05 * min(ys))
        assert found.limit == pytest.approx(0.1 * min(ys))

    def test_a_second_valley_is_not_joined(self) -> None:
        xs = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
        ys = [1.02, 1.0, 1.03, 1.5, 1.01, 1.02, 1.9]
        found = plateau_of(LINE, [[x] for x in xs], ys, [0.2], noise(0.05))
        assert found is not None
        assert found.n_trials == 3
        assert (found.axes[0].low, found.axes[0].high) == (0.1, 0.3)
        assert found.axes[0].text == "0.10 to 0.30"

    @pytest.mark.parametrize(
        ("low", "high", "text"),
        [
            (0.4983, 0.6312, "0.50 to 0.63"),
            (0.5012, 0.5071, "0.5012 to 0.5071"),
            (0.02, 0.97, "0.02 to 0.97"),
        ],
    )
    def test_digits_are_those_of_the_width(self, low: float, high: float, text: str) -> None:
        points = [[low], [(low + high) / 2], [high], [1.0]]
        found = plateau_of(LINE, points, [1.001, 1.0, 1.001, 2.0], points[1], noise(0.01))
        assert found is not None
        assert found.axes[0].text == text

    def test_ends_that_were_not_seen_are_said_to_be_so(self) -> None:
        """Where no trial is worse, the range is that of the trials, and not of the plateau."""
        found = plateau_of(LINE, [[0.4], [0.6]], [1.0, 1.001], [0.4], noise(0.01))
        assert found is not None
        assert (found.n_trials, found.n_compared) == (2, 2)
        assert found.axes[0].text == "at least 0.40 to 0.60"

    @pytest.mark.parametrize(
        ("others", "text"), [([0.1, 0.9], "0.5"), ([0.55, 0.3], "0.51"), ([0.5143], "0.512")]
    )
    def test_a_best_that_stands_alone_has_the_digits_of_its_gap(
        self, others: list[float], text: str
    ) -> None:
        points = [[0.5123], *([x] for x in others)]
        found = plateau_of(LINE, points, [1.0, *(2.0 for _ in others)], [0.5123], noise(0.01))
        assert found is not None
        (axis,) = found.axes
        assert (found.n_trials, axis.low, axis.high, axis.text) == (1, 0.5123, 0.5123, text)

    def test_no_more_digits_than_the_trials_lie_apart(self) -> None:
        """Two good trials side by side on one axis and far apart on the other."""
        plane = Space((FloatAxis("a", 0.0, 1.0), FloatAxis("b", 0.0, 1.0)))
        points = [[0.5011, 0.2], [0.5052, 0.5], [0.9, 0.9]]
        found = plateau_of(plane, points, [1.0, 1.001, 2.0], points[0], noise(0.01))
        assert found is not None
        assert [axis.text for axis in found.axes] == ["0.50 to 0.51", "0.20 to 0.50"]

    def test_a_logarithmic_axis_is_in_its_unit(self) -> None:
        rates = Space((), (FloatAxis("lr", 1e-4, 1.0, is_log=True),))
        units = [0.0, 0.25, 0.5, 0.75]  # 0.0001, 0.001, 0.01, 0.1
        found = plateau_of(rates, [[u] for u in units], [9.0, 1.01, 1.0, 1.02], [0.5], noise(0.05))
        assert found is not None
        (axis,) = found.axes
        assert (axis.low, axis.high) == pytest.approx((1e-3, 1e-1))
        assert axis.text == "0.001 to 0.100"
        small = Space((), (FloatAxis("lr", 1e-6, 1e-2, is_log=True),))
        found = plateau_of(small, [[u] for u in units], [1.01, 1.0, 9.0, 9.0], [0.25], noise(0.05))
        assert found is not None
        assert found.axes[0].text == "1e-06 to 1.0e-05"

    def test_whole_numbers_and_choices_are_written_as_they_are(self) -> None:
        space = Space(
            (), (IntegerAxis("width", 1, 10), CategoryAxis("optimizer", ("sgd", "adam")))
        )
        points = [[0.05, 0.2], [0.35, 0.2], [0.65, 0.2], [0.35, 0.8], [0.95, 0.2]]
        found = plateau_of(space, points, [1.04, 1.0, 1.01, 1.0, 9.0], [0.35, 0.2], noise(0.05))
        assert found is not None
        width, optimizer = found.axes
        assert (width.low, width.high, width.text) == (1, 7, "1 to 7")
        # The equally good trial with the other optimizer is another matter.
        assert (optimizer.low, optimizer.high, optimizer.text) == ("sgd", "sgd", "sgd")
        assert found.n_trials == 3

    @pytest.mark.parametrize("points", [[[0.5]], []])
    def test_a_lone_trial_has_no_plateau(self, points: list[list[float]]) -> None:
        assert plateau_of(LINE, points, [1.0] * len(points), [0.5], noise(0.1)) is None

    def test_a_space_without_axes_has_none(self) -> None:
        assert plateau_of(Space(()), [[], []], [1.0, 1.0], [], noise(0.1)) is None


def test_of_very_many_trials_an_even_choice_is_looked_at() -> None:
    """Two thirds crowd about the best, as a search's trials do; the valley is 0.2 to 0.6 wide."""
    generator = np.random.default_rng(2)
    crowd, wide = 0.4 + 1e-4 * generator.normal(size=4000), generator.uniform(size=2000)
    xs = [0.4, *crowd.tolist(), *wide.tolist()]
    ys = [1.0 + (x - 0.4) ** 2 for x in xs]
    found = plateau_of(LINE, [[x] for x in xs], ys, [0.4], noise(0.04))
    assert found is not None
    assert found.n_trials <= 1000
    assert (found.axes[0].low, found.axes[0].high) == pytest.approx((0.2, 0.6), abs=0.005)
    assert found.axes[0].best == 0.4


class TestManyAxes:
    PLANE = Space((FloatAxis("a", 0.0, 1.0), FloatAxis("b", 0.0, 2.0)))

    def test_a_ridge_is_its_box(self) -> None:
        """On a grid, steps go along the sides: the ridge is walked, a far corner is not."""
        steps = [0.0, 0.25, 0.5, 0.75, 1.0]
        points = [[a, b] for a in steps for b in steps]
        good = {(0.5, b) for b in steps} - {(0.5, 1.0)} | {(0.0, 0.0), (1.0, 1.0)}
        values = [1.0 + 0.001 * b if (a, b) in good else 2.0 for a, b in points]
        values[points.index([0.5, 0.25])] = 0.999
        found = plateau_of(self.PLANE, points, values, [0.5, 0.25], noise(0.01))
        assert found is not None
        a, b = found.axes
        assert found.n_trials == 4
        assert (a.low, a.high, a.text) == (0.5, 0.5, "0.5")
        assert (b.low, b.high) == (0.0, 1.5), "in the axis' own unit"

    def test_neighbours_are_those_of_the_definition(self) -> None:
        """Gabriel's graph by its definition, in three dimensions, against the walk through it."""
        generator = np.random.default_rng(11)
        points = generator.uniform(size=(40, 3))
        values = 1.0 + np.abs(points[:, 0] - 0.5) + 0.3 * generator.uniform(size=40)
        start = int(np.argmin(values))
        within = set(np.flatnonzero(values <= values[start] * 1.2).tolist())
        reached, queue = {start}, [start]
        while queue:
            i = queue.pop()
            for j in within - reached:
                centre, radius = (points[i] + points[j]) / 2, math.dist(points[i], points[j]) / 2
                if all(
                    math.dist(points[k], centre) >= radius for k in range(40) if k not in (i, j)
                ):
                    reached.add(j)
                    queue.append(j)
        assert 1 < len(reached) < 40
        space = Space(tuple(FloatAxis(name, 0.0, 1.0) for name in "abc"))
        found = plateau_of(
            space, points.tolist(), values.tolist(), points[start].tolist(), noise(0.2)
        )
        assert found is not None
        assert found.n_trials == len(reached)
        for k, axis in enumerate(found.axes):
            on = points[sorted(reached), k]
            assert (axis.low, axis.high) == (on.min(), on.max())


def test_losses_below_zero_have_a_noise() -> None:
    above = [{0: 2.0, 1: 2.1, 2: 1.9}, {0: 2.05, 1: 2.0, 2: 2.1}]
    below = [{seed: -loss for seed, loss in arm.items()} for arm in above]
    assert noise_of(below) == noise_of(above) is not None
    assert noise_of([{0: 1.0, 1: -1.0}, {0: -2.0, 1: 2.0}]) is None


@pytest.mark.parametrize("is_log", [False, True])
def test_the_best_is_written_within_the_range_that_is_shown(is_log: bool) -> None:
    generator = np.random.default_rng(5)
    for low, high in ((0.001, 2.0), (1.1, 1.2), (1e-5, 1e-3), (40.0, 900.0)):
        space = Space((FloatAxis("den[0]", low, high, is_log=is_log),))
        for _ in range(20):
            points = generator.random((12, 1))
            values = 1.0 + generator.random(12)
            start = int(values.argmin())
            found = plateau_of(space, points.tolist(), values.tolist(), points[start], noise(0.7))
            assert found is not None
            (axis,) = found.axes
            (text,) = texts_within([float(axis.best)], {"axes": [asdict(axis)]})
            ends = [float(end) for end in axis.text.removeprefix("at least ").split(" to ")]
            assert min(ends) <= float(text) <= max(ends)
