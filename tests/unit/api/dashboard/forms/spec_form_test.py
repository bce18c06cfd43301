"""The form of a spec has every field of the schemas, whatever is written."""

from __future__ import annotations

from typing import Any

import pytest

from api.dashboard.examples import EXAMPLES
from api.dashboard.forms.fields import Fieldset, RowList
from api.dashboard.forms.spec_form import ORDER, spec_form
from api.problems.handlers import ProblemError
from densearch.plugins.sections import WRITTEN_BY_SERVER
from service import networks, samplers
from service.errors import Fault
from service.spec import JobSpec
from service.tasks.registry import TASKS


def pointers(value: dict[str, object]) -> set[str]:
    return {one.pointer for one in spec_form(value).fields}


def test_every_section_and_field_of_a_spec_is_there() -> None:
    form = spec_form(EXAMPLES[0].spec)
    assert [one.pointer[1:] for one in form.sections] == ["job", *ORDER, "more"]
    found = pointers({})
    for name, field in JobSpec.model_fields.items():
        extra = field.json_schema_extra
        is_hidden = isinstance(extra, dict) and WRITTEN_BY_SERVER in extra
        assert any(at == f"/{name}" or at.startswith(f"/{name}/") for at in found) != is_hidden
    assert "/evaluation/continued_to" not in found
    assert "/evaluation/continued_to" in pointers({"evaluation": {"continued_to": 3}})


@pytest.mark.parametrize("kind", TASKS)
def test_a_kind_of_task_has_its_fields(kind: str) -> None:
    wanted = {f"/task/{name}" for name in TASKS[kind].section.model_fields} - {"/task/data"}
    assert {at for at in pointers({"task": {"kind": kind}}) if at.startswith("/task/")} == wanted


@pytest.mark.parametrize("info", networks.catalogue(), ids=lambda info: info.name)
def test_a_network_has_its_fields(info: networks.NetworkInfo) -> None:
    wanted = {f"/network/{name}" for name in info.section.model_fields}
    found = pointers({"network": {"kind": info.name}})
    assert {at for at in found if at.startswith("/network/")} == wanted


@pytest.mark.parametrize("info", samplers.catalogue(), ids=lambda info: info.name)
def test_a_sampler_has_its_options(info: samplers.SamplerInfo) -> None:
    at = "/samplers/0/options/"
    found = pointers({"samplers": [info.name]})
    wanted = {at + name for name in info.section.model_fields}
    assert {one for one in found if one.startswith(at)} == wanted


def test_controls_show_what_they_take() -> None:
    found = pointers({"controls": ["uniform", {"name": "gaussian"}, "uniform_tuned"]})
    own = {at for at in found if at.startswith("/controls/") and at[10:11] in "012"}
    assert own == {
        "/controls/0/name",
        *("/controls/1/name", "/controls/1/sigma"),
        *("/controls/2/name", "/controls/2/sampler", "/controls/2/lr/low", "/controls/2/lr/high"),
    }


def test_rows_are_called_by_their_label() -> None:
    named: dict[str, Any] = {"name": "fixed", "label": "first-release"}
    rows = spec_form({"controls": ["flat", named]}).sections[1 + ORDER.index("controls")]
    assert isinstance(rows, RowList)
    assert [row.label for row in rows.rows] == ["flat", "first-release"]


def test_faults_that_have_no_field_are_not_lost() -> None:
    form = spec_form({}, faults=[Fault("", "is odd"), Fault("/name", "is required")])
    assert [fault.detail for fault in form.faults] == ["is odd"]
    job = form.sections[0]
    assert isinstance(job, Fieldset)
    assert job.parts[0].faults == ["is required"]
    assert not form.is_valid


def test_every_field_says_what_it_means() -> None:
    silent = {
        one.pointer
        for example in EXAMPLES
        for one in spec_form(example.spec).fields
        if not one.help and one.control != "box" and not one.is_switch
    }
    assert silent == set()


def test_lists_longer_than_any_use_are_left_to_the_json() -> None:
    with pytest.raises(ProblemError, match="20000 values"):
        spec_form({"evaluation": [1] * 20_001})
    assert spec_form({"evaluation": [1] * 19_999}).is_valid
