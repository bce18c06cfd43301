"""Samplers of other packages: found by name, examined, and refused in words."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.cli import installed_plugins
from densearch.sampler import Effort, StudyPlan
from densearch.sampler.effort import SHORT_WORK
from service import samplers
from service.errors import InvalidSpecError, UnknownSamplerError
from service.extensions import loading
from service.extensions.entry_points import PluginError
from service.studies import payloads
from service.validation import ask_limits, parse
from tests.support import resolved_jobs
from tests.support.plugged_samplers import ENTRIES, UNUSABLE, USABLE, samplers_installed
from tests.support.plugging import forget

JOB: dict[str, Any] = {
    "name": "own",
    "task": {"kind": "function", "name": "sphere", "dimension": 2},
    "samplers": ["ladder"],
    "budget": {"n_trials": 12},
}
STUDY = StudyPlan(2, 12, 0)


@pytest.fixture(autouse=True)
def _packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with samplers_installed(tmp_path, monkeypatch):
        yield


def refused(**sections: Any) -> dict[str, str]:
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse({**JOB, **sections})
    return {fault.pointer: fault.detail for fault in caught.value.faults}


# What a user sees


def test_it_is_described_as_the_built_in_ones_are() -> None:
    told = samplers.describe("ladder").to_dict()
    assert told.keys() == samplers.describe("tpe").to_dict().keys()
    assert told["package"] == "plugged-samplers 1.0"
    assert (told["title"], told["description"]) == ("Ladder", "Equal steps.")
    options: Any = told["options"]
    assert options["properties"]["step"] == {
        "type": "number", "default": 0.5, "minimum": 0.0, "maximum": 1.0,
        "description": "Between points.",
    }  # fmt: skip
    found = {info.name for info in samplers.from_packages()}
    assert USABLE.keys() <= found
    assert not found & (UNUSABLE.keys() | {"tpe"})


def test_it_is_examined_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    known = samplers.describe("walk")
    asked = list[StudyPlan]()

    def effort(study: StudyPlan) -> Effort:
        asked.append(study)
        return Effort(1.0, 7.0)

    monkeypatch.setattr(sys.modules["plugged_samplers"].Walk, "effort", effort)
    assert samplers.describe("walk") is known
    assert asked == []
    assert samplers.effort_of("walk", STUDY).memory_bytes == 7.0, (
        "a study is asked about each time"
    )
    forget()
    assert samplers.describe("walk") is not known


def test_what_is_built_in_keeps_its_name() -> None:
    assert samplers.describe("tpe").package is None


def test_an_unknown_name_is_refused_with_those_of_other_packages() -> None:
    with pytest.raises(UnknownSamplerError, match=r"'nothing'.* tpe,.* ladder, walk"):
        samplers.describe("nothing")


def test_nothing_is_imported_before_it_is_named() -> None:
    parse.parse({**JOB, "samplers": ["random"]})
    assert "plugged_samplers" not in sys.modules


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("speculative", "it cannot be speculative"),
        ("needy", "it needs an extra: list packages as built_on"),
        ("untitled", "its title is no text"),
        ("foreign", "its section does not inherit densearch.plugins.SamplerOptions"),
        ("open", "its option step has no valid default"),
        ("broken", "fails at giving its effort: ZeroDivisionError"),
        ("endless", "no densearch.plugins.Effort of amounts above 0"),
        ("lacking", "it needs no-such-package, which is not installed here"),
        ("plain", "no class that inherits densearch.plugins.Sampler"),
        ("abstract", "and has a plan"),
        ("absent", "AttributeError"),
        ("settings", "has no title, section, capabilities, plan"),
        ("tpe-2", "its name is that of a control or a repeat"),
        ("uniform", "its name is that of a control or a repeat"),
        ("fixed", "its name is that of a control or a repeat"),
        ("flat_tuned", "its name is that of a control or a repeat"),
        ("ladder_speculation", "its name is that of a control or a repeat"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(name: str, reason: str) -> None:
    assert reason in refused(samplers=[name])["/samplers/0/name"]
    tuned = {"name": "uniform_tuned", "sampler": name}
    body = {"task": {"kind": "classification"}, "samplers": ["ladder"], "controls": [tuned]}
    assert reason in refused(**body)["/controls/0/sampler"]


def test_bad_options_are_refused_with_their_place() -> None:
    bad = {"name": "ladder", "options": {"step": 2, "n_levels": 1.5, "colour": 1, "a/b": 1}}
    assert refused(samplers=[bad]) == {
        "/samplers/0/options/step": "must be from 0 to 1",
        "/samplers/0/options/n_levels": "must be an integer",
        "/samplers/0/options/colour": "ladder has no such option; it has step, n_levels",
        "/samplers/0/options/a~1b": "ladder has no such option; it has step, n_levels",
    }


def test_every_sampler_is_listed_with_what_is_wrong_with_it() -> None:
    found = {one.name: one for one in installed_plugins.listed() if one.what == "sampler"}
    usable = {n for n, one in found.items() if one.error is None and not one.is_shadowed}
    assert usable & ENTRIES["densearch.samplers"].keys() == USABLE.keys()
    assert found["tpe"].is_shadowed
    assert "no points today" in str(found["raising"].error)
    assert "SystemExit: 3" in str(found["exiting"].error)


# The packages that a spec records


def test_a_spec_records_the_package_and_continues_with_no_other() -> None:
    spec = parse.parse({**JOB, "samplers": ["ladder", "walk", "random"]})
    version = pytest.__version__
    assert spec.sampler_packages == {
        "ladder": "plugged-samplers 1.0", "walk": f"plugged-samplers 1.0 pytest {version}",
    }  # fmt: skip
    stored = spec.model_dump(mode="json")
    assert parse.parse(stored) == spec
    stored["sampler_packages"]["ladder"] = "plugged-samplers 0.9"
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse(stored)
    (fault,) = caught.value.faults
    assert fault.pointer == "/sampler_packages/ladder"
    assert "was of plugged-samplers 0.9, and is of plugged-samplers 1.0 here" in fault.detail


def test_a_spec_without_such_samplers_is_stored_as_before() -> None:
    stored = parse.parse({**JOB, "samplers": ["random"]}).model_dump(mode="json")
    assert "sampler_packages" not in stored
    assert refused(samplers=["random"], sampler_packages={"random": "a 1.0"}).keys() == {
        "/sampler_packages/random"
    }


def test_a_control_records_the_package_of_its_sampler() -> None:
    tuned = {"name": "uniform_tuned", "sampler": "ladder"}
    body = {**JOB, "task": {"kind": "classification"}, "samplers": ["random"], "controls": [tuned]}
    assert parse.parse(body).sampler_packages == {"ladder": "plugged-samplers 1.0"}


def test_a_training_is_the_same_whichever_sampler_proposes_it() -> None:
    def order(name: str) -> payloads.Order:
        job = resolved_jobs.resolved(
            {**JOB, "task": {"kind": "classification"}, "samplers": [name]}
        )
        return payloads.searched(job, name, [0.4] * job.spaces.searches.dimension)

    assert order("ladder").digest == order("random").digest


# What an ask costs


def test_it_is_asked_in_a_process_whatever_it_declares() -> None:
    assert not samplers.effort_of("walk", STUDY).is_cheap
    assert samplers.effort_of("walk", STUDY).memory_bytes == 5.0
    undeclared = samplers.effort_of("ladder", STUDY)
    assert not undeclared.is_short
    assert undeclared.excess < 1.0
    assert undeclared.work > SHORT_WORK


def test_an_effort_that_fails_for_a_study_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    job = resolved_jobs.resolved({**JOB, "samplers": ["walk"]})

    def fails(study: StudyPlan) -> object:
        if study.n_trials > 10:
            raise RuntimeError("too many")
        return Effort(1.0, 1.0)

    monkeypatch.setattr(sys.modules["plugged_samplers"].Walk, "effort", fails)
    (fault,) = ask_limits.faults(job)
    assert (fault.pointer, "RuntimeError: too many" in fault.detail) == ("/samplers/0/name", True)


def test_a_sampler_of_another_version_is_not_made(tmp_path: Path) -> None:
    path = samplers.path_of("ladder", STUDY)
    (tmp_path / "plugged_samplers-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: plugged-samplers\nVersion: 2.0\n"
    )
    forget()
    with pytest.raises(PluginError, match=r"plugged-samplers 1.0 .* plugged-samplers 2.0"):
        loading.make(path, STUDY)
