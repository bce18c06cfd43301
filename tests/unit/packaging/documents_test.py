"""The documents say what the code does: each name has its heading, each example is accepted."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from signal import SIGINT, SIGPIPE, SIGTERM
from typing import Any, get_args

import pytest
from prometheus_client.exposition import generate_latest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from api.app import create_app
from api.metrics import Metrics
from densearch.cli import failures, yaml_text
from densearch.density import families as density
from service import (
    control_sections,
    exit_codes,
    networks,
    pruning_sections,
    samplers,
    spec,
    states,
    training_section,
)
from service.campaigns import matrix
from service.campaigns.request import CampaignSpec
from service.jobs import leases
from service.settings import PREFIX, Settings
from service.storage.database import Database
from service.storage.tables import METADATA
from service.tasks.kinds import TRAINED
from service.tasks.registry import TASKS
from service.validation import parse as rules
from tests.support.command_line import command_names, parse
from tests.support.root import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
FOLDERS = "api|benchmarks|docs|examples|library|migrations|service|tests|workers"
SECTIONS: Mapping[str, tuple[type[BaseModel], ...]] = {
    "## The job": (spec.JobSpec,),
    **{f"### {kind}": (info.section,) for kind, info in TASKS.items()},
    "## network": tuple(info.section for info in networks.catalogue()),
    "## training": (training_section.Training,),
    "### augmentation": (training_section.Augmentation,),
    "## density": (spec.DensitySpec,),
    "## search": (spec.FloatRange, spec.IntegerRange, spec.Choices),
    "## samplers": (spec.SamplerSpec,),
    "## fidelity": (spec.Fidelity,),
    "### median": (pruning_sections.MedianPruning,),
    "### halving": (pruning_sections.HalvingPruning,),
    "## warm start": (spec.WarmStart,),
    "## controls": (control_sections.ControlSpec,),
    "### given densities": (control_sections.GivenDensity,),
    "## budget": (spec.Budget,),
    "## evaluation": (spec.Evaluation,),
    "## resources": (spec.Resources,),
}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def headings(name: str, level: int = 2) -> list[str]:
    prose = re.sub(r"^```.*?^```", "", text_of(name), flags=re.MULTILINE | re.DOTALL)
    return re.findall(rf"^#{{{level}}} (.+)$", prose, flags=re.MULTILINE)


def section(name: str, heading: str) -> str:
    """Return what stands between a heading and the next one of any level."""
    _, _, rest = f"\n{text_of(name)}".partition(f"\n{heading}\n")
    return re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of the tables in a text, without their heads."""
    for line in re.findall(r"^\|(.*)\|$", text, flags=re.MULTILINE):
        cells = [cell.strip() for cell in line.split("|")]
        if not set(line) <= set("|- ") and cells[0] not in {"field", "from", "option"}:
            yield cells


def blocks(name: str, *languages: str) -> list[str]:
    pattern = rf"^( *)```(?:{'|'.join(languages)})\n(.*?)^\1```"
    found = re.findall(pattern, text_of(name), flags=re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for _, block in found]


# Names


def test_every_setting_has_its_heading() -> None:
    wanted = [PREFIX + name.upper() for name in Settings.model_fields]
    assert headings("docs/settings.md") == wanted


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_default_of_a_setting_is_told(name: str) -> None:
    default = Settings.model_fields[name].default
    told = section("docs/settings.md", f"## {PREFIX}{name.upper()}").strip()
    shown = {None: "unset", True: "`true`", False: "`false`"}.get(default, f"`{default}`")
    assert told.startswith(f"Default: {shown}.")


def test_every_command_has_its_heading() -> None:
    found = [name for name in headings("docs/command-line.md") if name.startswith("densearch ")]
    assert {f"densearch {name}" for name in command_names()} == set(found)


def test_every_command_with_json_has_its_row() -> None:
    told = {cells[0].strip("`") for cells in rows(section("docs/command-line.md", "## JSON"))}
    assert told - {"command"} == command_names("--json")


def test_every_exit_code_has_its_row() -> None:
    told = [cells[:2] for cells in rows(section("docs/command-line.md", "## Exit codes"))][1:]
    own = {exit_codes.DONE, failures.REFUSED, failures.USAGE, failures.UNREACHABLE}
    signals = {128 + number for number in (SIGINT, SIGPIPE, SIGTERM)}
    assert {int(code) for code, of in told if of != "`dispatch --no-restart`"} == own | signals
    codes = {name: value for name, value in vars(exit_codes).items() if name.isupper()}
    of_dispatch = {int(code) for code, of in told if of == "`dispatch --no-restart`"}
    assert of_dispatch == set(codes.values()) - {failures.USAGE, exit_codes.DONE, failures.REFUSED}


def test_every_sampler_has_its_heading_and_row() -> None:
    infos = samplers.catalogue()
    assert headings("docs/samplers.md") == [info.name for info in infos]
    table = {
        cells[0].strip("`"): cells[1:]
        for cells in rows(text_of("docs/samplers.md"))
        if len(cells) == 11 and cells[0] != "name"
    }
    assert table.keys() == {info.name for info in infos}
    for info in infos:
        can = info.capabilities
        flags = [can.continuous, can.integer, can.log, can.categorical, can.parallel, can.seeded]
        flags += [can.adaptive, can.warm_start, can.models_values]
        told = ["yes" if flag else "no" for flag in flags]
        assert table[info.name] == [*told, can.needs or ""]


def test_every_option_of_a_sampler_is_told_with_its_default() -> None:
    for info in samplers.catalogue():
        told = {
            c[0].strip("`"): c[1] for c in rows(section("docs/samplers.md", f"## {info.name}"))
        }
        fields = info.section.model_fields
        assert told.keys() == fields.keys()
        for name, field in fields.items():
            assert json.loads(told[name]) == field.default


def test_every_network_has_its_heading_and_row() -> None:
    infos = networks.catalogue()
    assert headings("docs/networks.md") == [info.name for info in infos]
    told = {
        cells[0].strip("`"): cells[1] for cells in rows(section("docs/networks.md", "# Networks"))
    }
    assert told == {"name": "fits"} | {info.name: ", ".join(info.tasks) for info in infos}


@pytest.mark.parametrize("info", networks.catalogue(), ids=lambda info: info.name)
def test_every_setting_of_a_network_is_told_with_its_default(info: networks.NetworkInfo) -> None:
    told = {c[0].strip("`"): c for c in rows(section("docs/networks.md", f"## {info.name}"))}
    fields = {n: field for n, field in info.section.model_fields.items() if n != "kind"}
    assert list(told) == list(fields)
    for name, cells in told.items():
        assert json.loads(cells[1]) == fields[name].default
        ends = {str(limit) for limit in limits_of(fields[name])}
        assert ends <= set(re.findall(r"\d+", cells[2]))


def limits_of(field: FieldInfo) -> Iterator[float]:
    for rule in field.metadata:
        yield from (getattr(rule, end) for end in ("ge", "le") if hasattr(rule, end))


def test_every_route_has_its_heading() -> None:
    app = create_app(Settings(data_dir=Path("unused")), Database("sqlite://"))
    routes = [
        f"{method.upper()} {path}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if "." not in path  # a format of the address without it
    ]
    assert sorted(headings("docs/rest.md")) == sorted(routes)


def test_every_family_and_control_has_its_row() -> None:
    families = {cells[0].strip("`") for cells in rows(section("docs/densities.md", "## Families"))}
    assert families - {"family"} == set(density.FAMILIES)
    told = section("docs/user-guide.md", "## Controls, and why")
    controls = {cells[0].strip("`") for cells in rows(told)}
    assert controls - {"control"} == set(get_args(control_sections.ControlName))


def test_every_table_is_told() -> None:
    named = {cells[0].strip("`") for cells in rows(section("docs/architecture.md", "## Tables"))}
    assert named - {"table"} == set(METADATA.tables)


def test_every_metric_has_its_row(sqlite_database: Database, tmp_path: Path) -> None:
    leases.register(sqlite_database, 2, {})
    metrics = Metrics(sqlite_database, lease_s=15.0, data_dir=tmp_path)
    exposed = generate_latest(metrics.registry).decode()
    found = set(re.findall(r"^# TYPE (\w+)", exposed, flags=re.MULTILINE))
    told = {cells[0].strip("`") for cells in rows(section("docs/operations.md", "## Metrics"))}
    assert told - {"metric"} == {name for name in found if not name.endswith("_created")}


@pytest.mark.parametrize(
    ("states_of", "table"),
    [("Jobs", states.JOB_TRANSITIONS), ("Trials", states.TRIAL_TRANSITIONS)],
)
def test_the_states_are_told(states_of: str, table: Mapping[str, frozenset[str]]) -> None:
    _, _, rest = section("docs/architecture.md", "## States").partition(f"\n{states_of}:\n")
    lines = rest.strip().split("\n\n")[0]
    told = {cells[0]: set(re.findall(r"[A-Z]+", cells[1])) for cells in rows(lines)}
    assert told == {str(old): {str(new) for new in news} for old, news in table.items()}


def test_adrs_are_numbered_once_and_have_their_parts() -> None:
    paths = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [int(path.name[:4]) for path in paths] == list(range(1, len(paths) + 1))
    for path in paths:
        found = re.findall(r"^## (\w+)", path.read_text(), flags=re.MULTILINE)
        assert {"Context", "Decision", "Consequences"} <= set(found), path.name


# The spec


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_field_of_the_spec_has_its_row(heading: str) -> None:
    told = {cells[0].strip("`"): cells for cells in rows(section("docs/job-spec.md", heading))}
    fields = {name: f for model in SECTIONS[heading] for name, f in model.model_fields.items()}
    assert told.keys() == fields.keys()
    for name, cells in told.items():
        assert len(cells) == 4
        if len(SECTIONS[heading]) == 1:
            default = fields[name].get_default(call_default_factory=True)
            if isinstance(shown := fields[name].json_schema_extra, dict):
                default = shown.get("default", default)  # what a submission gets
            if fields[name].is_required():
                assert cells[1] == "required"
            elif isinstance(default, bool | int | float | str):
                assert cells[1].split()[0] == str(default).replace("True", "true").replace(
                    "False", "false"
                )


@pytest.mark.parametrize("kind", TRAINED)
def test_every_built_in_set_has_its_row(kind: str) -> None:
    told = rows(section("docs/job-spec.md", f"#### Built in for {kind}"))
    names = [cells[0].strip("`") for cells in told if cells[0] != "built in"]
    assert names == list(TASKS[kind].sets)


def jobs_in(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, dict) and {"task", "budget"} <= value.keys()


@pytest.mark.parametrize("name", [n for n in NAMES if blocks(n, "json")])
def test_json_is_json_and_jobs_are_accepted(name: str) -> None:
    for block in blocks(name, "json"):
        value = json.loads(block)
        if jobs_in(value):
            rules.parse(value)


def test_jobs_sent_by_a_shell_are_accepted() -> None:
    sent = [
        json.loads(body)
        for name in NAMES
        for block in blocks(name, "bash")
        for body in re.findall(r"<<'JOB'\n(.*?)^JOB$", block, flags=re.MULTILINE | re.DOTALL)
    ]
    assert sent
    for job in sent:
        rules.parse(job)


def test_yaml_is_a_job() -> None:
    found = [yaml_text.load(b.encode())[0] for name in NAMES for b in blocks(name, "yaml")]
    jobs = [value for value in found if jobs_in(value)]
    assert len(jobs) >= 2
    for job in jobs:
        rules.parse(job)


def test_pictures_are_those_of_their_script(tmp_path: Path) -> None:
    script = runpy.run_path(str(ROOT / "docs" / "pictures.py"))
    script["main"](tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(script["PICTURES"])
    for path in tmp_path.iterdir():
        assert path.read_text() == (ROOT / "docs" / "images" / path.name).read_text()


def test_jobs_are_shown() -> None:
    shown = [block for name in NAMES for block in blocks(name, "json")]
    assert sum(jobs_in(json.loads(block)) for block in shown) >= 2


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.json")), ids=lambda p: p.name)
def test_examples_are_accepted(path: Path) -> None:
    body = json.loads(path.read_text())
    for job in specs_in(body) if "matrix" in body else [body]:
        rules.parse(job)


def specs_in(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the specs of the jobs of a campaign."""
    campaign = CampaignSpec.model_validate(body)
    assert list(matrix.faults(campaign.base, campaign.matrix)) == []
    cells = matrix.cells_of(campaign.matrix)
    return [matrix.body_of(campaign.name, campaign.base, settings) for settings in cells]


def test_campaigns_of_the_guide_are_accepted() -> None:
    bodies = [json.loads(block) for block in blocks("docs/user-guide.md", "json")]
    found = [body for body in bodies if "matrix" in body]
    assert len(found) == 2
    for job in (job for body in found for job in specs_in(body)):
        rules.parse(job)


# Commands, links and paths


def lines_of(name: str) -> Iterator[list[str]]:
    """Yield the commands of a document's shell blocks as words, variables before them left out."""
    for block in blocks(name, "bash", "console", "sh"):
        for line in re.sub(r"\\\n", " ", block).splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                assert not words[0].startswith(PREFIX) or is_setting(words[0])
                words.pop(0)
            if words and words[0] == "export":
                assert all(is_setting(w) for w in words[1:] if w.startswith(PREFIX))
            if words:
                yield words


def is_setting(assignment: str) -> bool:
    name = assignment.partition("=")[0]
    return name.removeprefix(PREFIX).lower() in Settings.model_fields


@pytest.mark.parametrize("name", [n for n in NAMES if blocks(n, "bash", "console", "sh")])
def test_commands_parse(name: str) -> None:
    own = set(re.findall(r"^ {4}(\w+)\)$", text_of("run"), flags=re.MULTILINE))
    assert {"setup", "test", "demo"} <= own
    for words in lines_of(name):
        is_ours = words[0] == "densearch"
        if is_ours or (words[0] == "./run" and words[1] not in own - {"demo"}):
            parse(words[1:])
        elif words[0] == "python" and words[1] == "-m":
            module = ROOT / words[2].replace(".", "/")
            assert module.with_suffix(".py").is_file() or (module / "__main__.py").is_file()


def slugs(path: Path) -> set[str]:
    """Return the anchors that a document's headings make, as code hosts build them."""
    found = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("name", NAMES)
def test_links_resolve(name: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(name)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        path = (ROOT / name).parent / file if file else ROOT / name
        assert path.exists(), f"{name}: {target}"
        if anchor:
            assert anchor in slugs(path), f"{name}: {target}"


@pytest.mark.parametrize("name", NAMES)
def test_paths_in_the_text_exist(name: str) -> None:
    for path in re.findall(rf"`((?:{FOLDERS})/[\w./-]+)`", text_of(name)):
        assert (ROOT / path).exists(), f"{name}: {path}"


@pytest.mark.parametrize("name", NAMES)
def test_variables_in_the_text_are_settings(name: str) -> None:
    for variable in re.findall(rf"\b{PREFIX}([A-Z_]*[A-Z])\b", text_of(name)):
        assert variable.lower() in Settings.model_fields, f"{name}: {PREFIX}{variable}"
