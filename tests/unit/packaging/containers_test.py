"""Every command, variable, path and dependency in Dockerfile and docker-compose.yml exists."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

import pytest
import yaml

from service.settings import PREFIX, Settings
from tests.containers.images import (
    base_name,
    own_postgres_version,
    postgres_name,
    postgres_version,
)
from tests.support.command_line import parse
from tests.support.root import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if name != "postgres"}
DOCKERFILE = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOREIGN = {"HOME", "OMP_NUM_THREADS", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_USAGE_STATS_ENABLED"}
UNSET = ("env", f"--unset={PREFIX}DATABASE_URL")
SECRETS = ("POSTGRES_PASSWORD", "RAY_AUTH_TOKEN", "DENSEARCH_TOKEN")


def instructions(name: str) -> list[str]:
    return re.findall(rf"^\s*{name}\s+(.*)$", DOCKERFILE, flags=re.MULTILINE)


def image_environment() -> dict[str, str]:
    pairs = [pair for line in instructions("ENV") for pair in shlex.split(line)]
    return dict(pair.split("=", 1) for pair in pairs)


def commands_of(words: list[str]) -> Iterator[list[str]]:
    """Split a container's command into the programs it runs."""
    if words[:2] != ["sh", "-c"]:
        yield words
        return
    line = re.sub(r'"\$\$\{RAY_WORKER_CPUS:-\$\$\(nproc\)\}"', "2", words[2])
    assert "$" not in line, f"a part of {line!r} is not understood by this test"
    for part in line.split("&&"):
        program = [word for word in shlex.split(part) if word not in UNSET]
        yield program[1:] if program[0] == "exec" else program


def all_commands() -> list[tuple[str, list[str]]]:
    found = [(name, c) for name, s in OURS.items() for c in commands_of(s["command"])]
    found += [
        ("Dockerfile", json.loads(line)) for line in instructions("CMD") if "densearch" in line
    ]
    found += [
        (f"{name} healthcheck", service["healthcheck"]["test"][1:])
        for name, service in OURS.items()
        if "test" in service.get("healthcheck", {})
    ]
    return found


def test_every_densearch_command_parses() -> None:
    commands = [(where, c) for where, c in all_commands() if c[0] == "densearch"]
    assert {where for where, _ in commands} == {"migrate", "api", "dispatch", "Dockerfile"}
    for _, command in commands:
        parse(command[1:])


def test_every_ray_command_parses() -> None:
    """In a process of its own: importing Ray is slow and leaves threads behind."""
    commands = [c[1:] for _, c in all_commands() if c[0] == "ray"]
    assert len(commands) == 4
    code = (
        "import json, sys\n"
        "from ray.scripts.scripts import cli\n"
        "for name, *rest in json.load(sys.stdin):\n"
        "    cli.commands[name].make_context(name, rest)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_no_other_programs_run() -> None:
    assert {command[0] for _, command in all_commands()} == {"densearch", "ray", "python"}


def test_health_is_asked_by_programs_that_compile() -> None:
    programs = [c for _, c in all_commands() if c[0] == "python"]
    assert len(programs) == 2
    for python, option, code in programs:
        assert (python, option) == ("python", "-c")
        compile(code, "healthcheck", "exec")


def test_podman_asks_what_the_image_says() -> None:
    """An image of the format OCI has no health check: the compose file repeats it."""
    (line,) = instructions("HEALTHCHECK")
    options, _, command = line.partition(" CMD ")
    check = dict(SERVICES["api"]["healthcheck"])
    assert check.pop("test") == ["CMD", *json.loads(command)]
    named = dict(word.removeprefix("--").split("=") for word in options.split())
    assert {k.replace("_", "-"): str(v) for k, v in check.items()} == named


def test_postgres_is_the_one_of_the_tests() -> None:
    assert postgres_version(postgres_name()) == own_postgres_version()
    major = postgres_version(postgres_name()).partition(".")[0]
    # From 18 on the image keeps its data in <major>/docker below this.
    assert int(major) >= 18
    assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]


def test_images_are_found_by_podman_and_can_be_pinned() -> None:
    """Without a registry's name podman asks which one is meant."""
    base = SERVICES["api"]["build"]["args"]["BASE"]
    assert base == f"${{BASE_IMAGE:-{base_name()}}}"
    for name in (base_name(), postgres_name()):
        assert name.startswith("docker.io/library/")
        assert name in (ROOT / "docs/operations.md").read_text()


@pytest.mark.parametrize("name", OURS)
def test_variables_are_settings_or_used(name: str) -> None:
    service = OURS[name]
    for variable in service.get("environment", {}):
        if variable.startswith(PREFIX):
            assert variable.removeprefix(PREFIX).lower() in Settings.model_fields
        else:
            assert variable in FOREIGN or variable in " ".join(service["command"])


def test_image_variables_are_settings() -> None:
    ours = {name: v for name, v in image_environment().items() if name.startswith(PREFIX)}
    loaded = Settings.model_validate({k.removeprefix(PREFIX).lower(): v for k, v in ours.items()})
    assert str(loaded.data_dir) == "/data"
    assert loaded.log_json


def test_every_url_with_the_password_is_a_usable_setting() -> None:
    urls = {s["environment"].get(PREFIX + "DATABASE_URL") for s in OURS.values()} - {None}
    assert len(urls) == 1
    text = re.sub(r"\$\{POSTGRES_PASSWORD:[^}]*\}", "p4ss", urls.pop())
    loaded = Settings.model_validate({"database_url": text})
    assert loaded.resolved_database_url == "postgresql://densearch:p4ss@postgres:5432/densearch"
    postgres = SERVICES["postgres"]["environment"]
    assert (postgres["POSTGRES_USER"], postgres["POSTGRES_DB"]) == ("densearch", "densearch")


def test_secrets_have_no_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for secret in SECRETS:
        used = re.findall(rf"\$\{{{secret}(.*?)\}}", text)
        assert used, secret
        assert all(rest.startswith(":?") for rest in used)


def test_all_ray_nodes_share_the_token() -> None:
    on_ray = [s for s in OURS.values() if any(c[0] == "ray" for c in commands_of(s["command"]))]
    assert len(on_ray) == 4
    assert len({s["environment"]["RAY_AUTH_TOKEN"] for s in on_ray}) == 1
    assert {s["environment"]["RAY_AUTH_MODE"] for s in on_ray} == {"token"}


def test_head_and_dispatcher_offer_no_cpu() -> None:
    for name in ("ray-head", "dispatch"):
        joining = next(c for c in commands_of(SERVICES[name]["command"]) if c[0] == "ray")
        assert "--num-cpus=0" in joining
        assert "--num-gpus=0" in joining


def test_dispatcher_joins_before_it_drives() -> None:
    programs = [c[0] for c in commands_of(SERVICES["dispatch"]["command"])]
    assert programs == ["ray", "densearch"]
    address = SERVICES["dispatch"]["environment"][PREFIX + "RAY_ADDRESS"]
    assert f"--address={address}" in SERVICES["dispatch"]["command"][2]
    assert address.startswith("ray-head:")
    assert f"--port={address.split(':')[1]}" in SERVICES["ray-head"]["command"]


def test_no_ray_process_learns_the_password_of_the_database() -> None:
    for service in OURS.values():
        for command in commands_of(service["command"]):
            if command[0] == "ray" and PREFIX + "DATABASE_URL" in service["environment"]:
                assert f"{' '.join(UNSET)} ray start" in " ".join(service["command"][2].split())


def test_a_container_ends_with_its_dispatcher() -> None:
    """Its node of the Ray cluster is started again with it."""
    assert SERVICES["dispatch"]["command"][2].endswith("exec densearch dispatch --no-restart")
    assert SERVICES["dispatch"]["restart"] == "unless-stopped"


def test_dependencies_can_be_met() -> None:
    for service in SERVICES.values():
        for name, wanted in service.get("depends_on", {}).items():
            assert name in SERVICES
            if wanted["condition"] == "service_healthy":
                assert "test" in SERVICES[name]["healthcheck"]
            else:
                assert wanted["condition"] == "service_completed_successfully"
                # Not for ever: what waits for it would, too.
                assert re.fullmatch(r"on-failure:\d+", SERVICES[name]["restart"])


def test_who_uses_the_database_waits_for_the_migration() -> None:
    for name, service in OURS.items():
        if PREFIX + "DATABASE_URL" in service["environment"] and name != "migrate":
            assert (
                service["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
            )


def test_api_and_dispatcher_share_the_artifacts() -> None:
    data_dir = image_environment()[PREFIX + "DATA_DIR"]
    mounts = {name: SERVICES[name]["volumes"] for name in ("api", "dispatch")}
    assert mounts == {name: [f"data:{data_dir}"] for name in mounts}
    # Else the roles that keep nothing would leave a volume behind each time.
    assert instructions("VOLUME") == []


def test_volumes_are_declared() -> None:
    named = {v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", [])}
    assert named == set(COMPOSE["volumes"])


def test_ports_are_published_on_loopback_alone() -> None:
    published = [port for s in SERVICES.values() for port in s.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
    default = Settings.model_fields["port"].default
    assert all(port.endswith(f":{default}") for port in published)
    assert instructions("EXPOSE") == [str(default)]


def test_gpu_workers_are_asked_for_by_name() -> None:
    with_profile = {name: s["profiles"] for name, s in SERVICES.items() if "profiles" in s}
    assert with_profile == {"ray-worker-gpu": ["gpu"]}


def test_one_image_named_by_the_version() -> None:
    assert {s["image"] for s in OURS.values()} == {f"densearch:{PROJECT['project']['version']}"}


def test_runs_without_root_and_with_a_writable_home() -> None:
    assert instructions("USER") == ["10001"]
    user = next(line for line in instructions("RUN") if "useradd" in line)
    assert "--uid 10001" in user
    assert image_environment()["HOME"] == "/tmp"  # noqa: S108 - of a container


def test_any_user_of_group_0_may_write_data() -> None:
    user = next(line for line in instructions("RUN") if "useradd" in line)
    assert "--gid 0" in user
    assert "--group=root --mode=0770 /data" in user


def ignored(path: str) -> bool:
    is_ignored = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern = line.removeprefix("!")
            if fnmatch(path, pattern) or path.split("/", maxsplit=1)[0] == pattern:
                is_ignored = not line.startswith("!")
    return is_ignored


def test_what_is_copied_exists_and_is_sent() -> None:
    sources = [word for line in instructions("COPY") for word in line.split()[:-1]]
    for source in sources:
        path = source.removeprefix("./")
        assert (ROOT / path).exists(), path
        assert not ignored(path), f".dockerignore keeps {path} out"
    assert ignored(".git")
    assert ignored(".venv")
    assert ignored("service/__pycache__/x.pyc")


def test_every_package_and_the_demo_are_copied() -> None:
    sources = {w.removeprefix("./") for line in instructions("COPY") for w in line.split()[:-1]}
    packages = {
        p.rstrip("*") for p in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    assert packages <= sources
    assert {"examples", *PROJECT["project"]["license-files"], PROJECT["project"]["readme"]} <= (
        sources
    )


def test_packages_are_pinned_and_no_tools_are_installed() -> None:
    installs = [line for line in instructions("RUN") if "pip install" in line]
    assert "--constraint constraints.txt" in installs[0]
    assert "--no-deps" in installs[1]
    assert not any("dev" in line.split("pip install")[1] for line in installs)
