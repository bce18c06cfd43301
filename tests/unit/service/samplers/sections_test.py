"""The options' defaults are those that the samplers themselves have."""

from __future__ import annotations

import inspect

import optuna
import pytest
from pydantic import ValidationError

from densearch.direct_l import bobyqa, exact, replayed
from densearch.sampler import StudyPlan
from service import samplers
from service.samplers import sections


def test_direct_l_has_the_defaults_of_the_library() -> None:
    options = sections.DirectLBobyqaOptions()
    assert options.magic_eps == sections.DirectLOptions().magic_eps == exact.MAGIC_EPS
    assert options.max_extra == sections.DirectLOptions().max_extra == replayed.UNLIMITED
    assert options.share == bobyqa.SHARE


def test_tpe_starts_as_optuna_does() -> None:
    usual = inspect.signature(optuna.samplers.TPESampler).parameters
    options = sections.TpeOptions()
    assert options.n_startup_trials == usual["n_startup_trials"].default
    assert options.n_ei_candidates == usual["n_ei_candidates"].default


@pytest.mark.parametrize("info", samplers.catalogue(), ids=lambda info: info.name)
def test_every_option_has_a_default_and_a_description(info: samplers.SamplerInfo) -> None:
    info.section()
    assert all(field.description for field in info.section.model_fields.values())


def test_a_study_gives_some_options_and_the_rest_have_their_defaults() -> None:
    study = StudyPlan(1, 1, 0, options={"n_startup_trials": 3})
    assert sections.TpeOptions.of(study) == sections.TpeOptions(n_startup_trials=3)
    with pytest.raises(ValidationError):
        sections.GpOptions.of(StudyPlan(1, 1, 0, options={"multivariate": True}))
