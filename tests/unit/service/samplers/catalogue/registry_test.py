"""What exists, and how wrong requests are refused."""

from __future__ import annotations

import json
import tomllib

import pytest

from densearch.sampler import StudyPlan
from service import samplers
from service.errors import UnknownSamplerError
from service.samplers.catalogue import info
from tests.support.root import ROOT


def test_an_unknown_sampler_hears_which_exist() -> None:
    with pytest.raises(UnknownSamplerError, match=r"'cma'.*direct_l,.* tpe,.* random"):
        samplers.describe("cma")
    with pytest.raises(UnknownSamplerError):
        samplers.create("cma", StudyPlan(1, 1, 0))


def test_the_control_sampler_is_not_for_users() -> None:
    with pytest.raises(UnknownSamplerError):
        samplers.describe(samplers.CONTROL_SAMPLER)


def test_descriptions_are_json() -> None:
    for each in samplers.catalogue():
        told = json.loads(json.dumps(each.to_dict(), allow_nan=False))
        assert told["name"] == each.name
        assert told["options"]["additionalProperties"] is False
        assert told["options"]["properties"].keys() == each.section.model_fields.keys()


def test_direct_l_knows_no_categories() -> None:
    assert not samplers.describe("direct_l").capabilities.categorical
    assert samplers.describe("random").capabilities.categorical


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("direct_l", {"eps": 1.0}, "no such option; it has magic_eps"),
        ("direct_l", {"magic_eps": "small"}, "must be a number"),
        ("direct_l", {"magic_eps": -1.0}, "from 0 to 0.1"),
        ("direct_l", {"magic_eps": float("nan")}, "from 0 to 0.1"),
        ("tpe", {"n_startup_trials": 2.5}, "must be an integer"),
        ("tpe", {"n_startup_trials": True}, "must be an integer"),
        ("tpe", {"multivariate": 1}, "true or false"),
        ("random", {"x": 1}, "it has none"),
    ],
)
def test_bad_options(name: str, options: dict[str, object], words: str) -> None:
    faults = list(samplers.describe(name).option_faults(options))
    assert [option for option, _ in faults] == list(options)
    assert words in faults[0][1]
    with pytest.raises(ValueError, match=f"option {next(iter(options))} of {name}"):
        samplers.create(name, StudyPlan(1, 1, 0, options=options))


def test_good_options_have_no_faults() -> None:
    options = {"n_startup_trials": 3, "n_ei_candidates": 10, "multivariate": False}
    assert not list(samplers.describe("tpe").option_faults(options))
    assert not list(samplers.describe("direct_l").option_faults({"magic_eps": 0}))


def test_what_needs_an_extra_says_so_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    described = samplers.describe("tune:hyperopt")
    assert described.to_dict()["installed"] is True
    monkeypatch.setattr(info, "find_spec", lambda _: None)
    assert described.to_dict()["installed"] is False
    assert samplers.describe("tpe").is_installed
    with pytest.raises(ValueError, match=r"pip install -e '\.\[hyperopt\]'"):
        samplers.create("tune:hyperopt", StudyPlan(1, 1, 0))


def test_extras_are_those_of_the_package() -> None:
    path = ROOT / "pyproject.toml"
    extras = tomllib.loads(path.read_text())["project"]["optional-dependencies"]
    needed = {i.capabilities.needs for i in samplers.catalogue() if i.capabilities.needs}
    assert needed == extras.keys() - {"dev", "docs", "mcp", "mlflow", "onnx", "pdf", "timm"}
    for each in samplers.catalogue():
        assert bool(each.requires) is (each.capabilities.needs is not None)


@pytest.mark.parametrize("dimension", [1, 2, 4, 8, 64])
def test_what_is_recommended_exists_and_needs_no_extra(dimension: int) -> None:
    named = samplers.describe(samplers.recommended(dimension))
    assert named.capabilities.needs is None
    name = samplers.recommended(dimension, has_categories=True)
    assert samplers.describe(name).capabilities.categorical
