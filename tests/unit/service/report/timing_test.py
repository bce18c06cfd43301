"""Figures that depend on the clock and on idle workers."""

from __future__ import annotations

import pytest

from tests.support.built_reports import report_of
from tests.support.report_records import Log, spec_of


class TestTiming:
    def test_the_overhead_is_a_ratio_of_like_trainings(self) -> None:
        log = Log(spec_of(samplers=["random", "tpe"]))
        log.judge("random", 1.0)
        log.tests("random", 0.9, 0.9, training_s=2.4)
        log.judge("tpe", 1.0)
        other = {"training": {"epochs": 8}, "network": {}}
        log.tests("tpe", 0.9, training_s=9.0, payload=other)
        log.judge("uniform", 1.0)
        log.tests("uniform", 1.0, 1.0, training_s=2.0)
        overhead = report_of(log)["timing"]["overhead"]
        assert overhead["ratio"] == pytest.approx(1.2)
        assert (overhead["n"], overhead["n_uniform"]) == (2, 2)
        assert "1.20 times as long" in overhead["words"]

    def test_of_packs_it_tells_nothing(self) -> None:
        log = Log(spec_of())
        packed = {"training": {"epochs": 4}, "network": {}, "packed": True}
        for arm, training_s in (("random", 1.0), ("uniform", 4.0)):  # one of four, one alone
            log.judge(arm, 1.0, payload=packed)
            log.tests(arm, 0.9, 0.9, training_s=training_s, payload=packed)
        assert report_of(log)["timing"]["overhead"] is None

    def test_without_uniform_there_is_none(self) -> None:
        log = Log(spec_of(controls=[]))
        log.judge("random", 1.0, 0.9)
        assert report_of(log)["timing"] == {"overhead": None, "speculation": None}
