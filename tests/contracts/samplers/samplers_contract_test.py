"""Every sampler of the catalogue under the contract."""

from __future__ import annotations

import logging
import subprocess
import sys
from itertools import pairwise

import pytest

from service.samplers import StudyPlan, catalogue, create
from tests.contracts.samplers import direct_l_contract_test
from tests.contracts.samplers.behaviour import SamplerBehaviour, Simulation, bowl

# Its classes count among the subclasses below, whichever file is run.
assert direct_l_contract_test


class TestTpe(SamplerBehaviour):
    name = "tpe"

    def test_a_round_waits_for_the_last(self) -> None:
        simulation = self.simulate(self.study())
        assert len(simulation.ask(16).proposals) == 4
        for index in (3, 1, 0):
            simulation.end(index)
            assert not simulation.ask(16).proposals
        simulation.end(2)
        assert len(simulation.ask(16).proposals) == 4

    def test_the_rest_of_a_cut_round_is_the_same(self) -> None:
        study = self.study()
        whole = create(self.name, study).plan([]).proposals
        simulation = self.simulate(study)
        simulation.ask(1)
        rest = create(self.name, study).plan(simulation.log[:2]).proposals
        assert rest == whole[2:]

    def test_it_learns(self) -> None:
        values = [e.value or 0.0 for e in self.simulate(self.study(n_trials=80)).run(4)]
        assert sum(values[40:]) < 0.5 * sum(values[:10]) / 10 * 40

    def test_it_leaves_no_noise(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG):
            self.simulate(self.study()).run(4)
        assert not caplog.records


class TestRandom(SamplerBehaviour):
    name = "random"

    def test_it_waits_for_nothing(self) -> None:
        assert len(create(self.name, self.study()).plan([]).proposals) == 23

    def test_points_do_not_depend_on_the_budget(self) -> None:
        short, long = (create(self.name, self.study(n)).plan([]).proposals for n in (5, 23))
        assert long[:5] == short

    def test_points_spread_evenly(self) -> None:
        study = StudyPlan(1, 400, 3)
        points = sorted(e.point[0] for e in Simulation(self.name, study, bowl).run(300))
        # Kolmogorov-Smirnov at 1e-4: 2.23 / sqrt(n).
        assert max(abs(x - (i + 0.5) / 400) for i, x in enumerate(points)) < 2.23 / 20
        assert all(a != b for a, b in pairwise(points))


def test_every_sampler_has_its_contract() -> None:
    tested = {kind.name for kind in SamplerBehaviour.__subclasses__()}
    assert {info.name for info in catalogue()} == tested


def test_a_control_is_one_point_without_coordinates() -> None:
    log = Simulation("fixed", StudyPlan(0, 1, 0), lambda _: 0.5).run(3)
    assert [(e.point, e.value, e.number) for e in log] == [((), 0.5, 0)]


def test_asking_what_exists_loads_no_search_library() -> None:
    code = (
        "import sys, service.samplers as s; s.catalogue(); "
        "sys.exit(bool({'nlopt', 'optuna', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
