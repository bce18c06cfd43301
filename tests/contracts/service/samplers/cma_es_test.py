"""CMA-ES under the contract."""

from __future__ import annotations

from dataclasses import replace

from service.samplers import create
from tests.support.rounds_behaviour import RoundsBehaviour


class TestCmaEs(RoundsBehaviour):
    name = "cmaes"
    round_size = 6  # 4 + 3 ln 2

    def test_it_follows_a_narrow_valley(self) -> None:
        def valley(point: tuple[float, ...]) -> float:
            x, y = point
            return (x + y - 0.7) ** 2 * 100 + (x - y - 0.3) ** 2

        log = self.simulate(self.study(n_trials=300), valley).run(6)
        assert min(e.value or 0.0 for e in log) < 1e-6

    def test_a_larger_batch_is_the_generation(self) -> None:
        study = replace(self.study(n_trials=40), batch_size=16)
        assert len(create(self.name, study).plan([]).proposals) == 16

    def test_it_begins_elsewhere_when_it_has_converged(self) -> None:
        log = self.simulate(self.study(n_trials=600), lambda _: 1.0).run(6)
        assert len({e.point for e in log}) == 600
