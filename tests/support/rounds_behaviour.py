"""The behaviour of the samplers that DIRECT-L is compared with: known sequences, and rounds."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from densearch.sampler import AxisKind, StudyPlan
from service.samplers import create, describe
from tests.support.sampler_behaviour import SamplerBehaviour, bowl, sequence_of

REAL, ORDERED = AxisKind(), AxisKind(5)


CATEGORIES = AxisKind(3, is_ordered=False)


STARTS = ((0.9, 0.9), (0.3, 0.4), (0.11, 0.22))


def middles(n_values: int) -> set[float]:
    return {(i + 0.5) / n_values for i in range(n_values)}


class ComparisonBehaviour(SamplerBehaviour):
    """What is common to them: kinds of axes, starts, silence."""

    def mixed(self, n_trials: int = 23) -> StudyPlan:
        can = describe(self.name).capabilities.categorical
        axes = (REAL, ORDERED, CATEGORIES if can else AxisKind(3))
        return replace(self.study(n_trials, dimension=3), axes=axes)

    def test_discrete_coordinates_are_middles_of_shares(self) -> None:
        log = self.simulate(self.mixed()).run(3)
        for axis, n_values in ((1, 5), (2, 3)):
            seen = {e.point[axis] for e in log}
            assert seen <= middles(n_values)
            assert len(seen) > 1

    def test_mixed_axes_survive_restarts(self) -> None:
        one = self.simulate(self.mixed()).run(1)
        assert sequence_of(
            self.simulate(self.mixed(), seed=4).run(5, restart_rate=0.3)
        ) == sequence_of(one)

    def test_axes_with_one_value_are_no_question(self) -> None:
        for axes in ((REAL, AxisKind(1)), (AxisKind(1), AxisKind(1, is_ordered=False))):
            log = self.simulate(replace(self.study(6), axes=axes)).run(2)
            assert all(e.point[1] == 0.5 for e in log)

    def test_starts_come_first_where_it_can(self) -> None:
        if not describe(self.name).capabilities.warm_start:
            pytest.skip("it takes no starts")
        study = replace(self.study(), starts=STARTS)
        log = self.simulate(study).run(3)
        assert [e.point for e in log[:3]] == list(STARTS)
        assert sequence_of(self.simulate(study, seed=2).run(7, restart_rate=0.3)) == sequence_of(
            log
        )
        assert [e.point for e in self.simulate(replace(study, n_trials=2)).run(1)] == [*STARTS[:2]]

    def test_it_leaves_no_noise(
        self, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with caplog.at_level(logging.INFO):
            self.simulate(self.study()).run(4)
        assert not caplog.records
        assert capfd.readouterr() == ("", "")


class KnownBehaviour(ComparisonBehaviour):
    """A point depends on its number alone."""

    def test_it_waits_for_nothing(self) -> None:
        assert len(create(self.name, self.study()).plan([]).proposals) == 23

    def test_points_do_not_depend_on_values(self) -> None:
        one = self.simulate(self.study()).run(3)
        other = self.simulate(self.study(), lambda point: -bowl(point)).run(3)
        assert [e.point for e in one] == [e.point for e in other]

    def test_long_studies_come_in_windows(self) -> None:
        study = self.study(n_trials=700)
        simulation = self.simulate(study)
        log = simulation.run(3)
        assert max(len(plan.proposals) for _, plan in simulation.history) == 256
        # Four standard deviations of a fair coin: each half of an axis gets about one half.
        assert abs(sum(e.point[0] < 0.5 for e in log) - 350) < 4 * 700**0.5 / 2


class RoundsBehaviour(ComparisonBehaviour):
    """A round is told as a whole."""

    round_size = 4

    def test_the_size_of_a_penalty_decides_nothing(self) -> None:
        """Neither by its rank, nor in a model of the values, which takes another for it."""

        def points(penalty: float) -> list[tuple[float, ...]]:
            study = replace(self.study(n_trials=20), penalty=penalty)
            found = self.simulate(study, lambda p: penalty if p[0] > 0.6 else bowl(p)).run(3)
            return [e.point for e in found]

        assert points(10.0) == points(1e12)

    def test_a_round_waits_for_the_last(self) -> None:
        simulation = self.simulate(self.study())
        size = self.round_size
        assert len(simulation.ask(16).proposals) == size
        for index in reversed(range(1, size)):
            simulation.end(index)
            assert not simulation.ask(16).proposals
        simulation.end(0)
        assert len(simulation.ask(16).proposals) == size

    def test_the_rest_of_a_cut_round_is_the_same(self) -> None:
        simulation = self.simulate(self.study())
        simulation.ask(1)
        for index in range(self.round_size):
            simulation.end(index)
        whole = create(self.name, self.study()).plan(simulation.log).proposals
        n_before = len(simulation.log)
        simulation.ask(1)
        cut = simulation.log[: n_before + 1]
        assert create(self.name, self.study()).plan(cut).proposals == whole[1:]
