"""Every sampler of the catalogue under the contract."""

from __future__ import annotations

import subprocess
import sys

from densearch.sampler import StudyPlan
from service.samplers import catalogue
from tests.contracts.samplers import (
    comparison_contract_test,
    direct_l_contract_test,
    tune_contract_test,
)
from tests.support.sampler_behaviour import SamplerBehaviour, Simulation


def test_every_sampler_has_its_contract() -> None:
    modules = (comparison_contract_test, direct_l_contract_test, tune_contract_test)
    tested = {
        kind.name
        for module in modules
        for name, kind in vars(module).items()
        if name.startswith("Test") and issubclass(kind, SamplerBehaviour)
    }
    # What learns inside one training does not search: it has one point, whatever the values.
    assert {info.name for info in catalogue()} == tested | {"gradient"}


def test_learning_inside_a_training_is_the_centre_once() -> None:
    log = Simulation("gradient", StudyPlan(3, 1, 0), lambda _: 0.5).run(3)
    assert [(e.point, e.value, e.number) for e in log] == [((0.5, 0.5, 0.5), 0.5, 0)]


def test_a_control_is_one_point_without_coordinates() -> None:
    log = Simulation("fixed", StudyPlan(0, 1, 0), lambda _: 0.5).run(3)
    assert [(e.point, e.value, e.number) for e in log] == [((), 0.5, 0)]


def test_asking_what_exists_loads_no_search_library() -> None:
    code = (
        "import sys, service.samplers as s; s.catalogue(); "
        "sys.exit(bool({'cmaes', 'nlopt', 'optuna', 'ray', 'scipy', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
