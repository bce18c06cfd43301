"""What each role of docker-compose.yml needs, and docs/operations.md says that it needs."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from service.settings import PREFIX
from tests.support.root import ROOT

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())[
    "services"
]
DATABASE, DATA, RAY, GPU = "the database", "the data directory", "the token of Ray", "GPUs"
NEEDS = {
    "migrate": {DATABASE},
    "api": {DATABASE, DATA},
    "dispatch": {DATABASE, DATA, RAY},
    "ray-head": {RAY},
    "ray-worker": {DATA, RAY},
    "ray-worker-gpu": {DATA, RAY, GPU},
}
# Rows of the table in docs/operations.md.
ROLES = {
    "API": "api",
    "dispatcher": "dispatch",
    "Ray head": "ray-head",
    "Ray workers": "ray-worker",
}


def has(name: str) -> set[str]:
    service = SERVICES[name]
    devices = service.get("deploy", {}).get("resources", {}).get("reservations", {})
    has_each = {
        DATABASE: f"{PREFIX}DATABASE_URL" in service["environment"],
        # Without ":ro": trainings write checkpoints there.
        DATA: "data:/data" in service.get("volumes", []),
        RAY: "RAY_AUTH_TOKEN" in service["environment"],
        GPU: "devices" in devices,
    }
    return {need for need, is_there in has_each.items() if is_there}


@pytest.mark.parametrize("name", NEEDS)
def test_a_role_has_what_it_needs_and_no_more(name: str) -> None:
    assert has(name) == NEEDS[name]


def test_every_role_is_known() -> None:
    assert SERVICES.keys() - {"postgres"} == NEEDS.keys()


@pytest.mark.parametrize("name", ["migrate", *ROLES.values(), "ray-worker-gpu"])
def test_a_role_gives_up_what_no_role_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert ("ports" in service) is (name == "api")
    assert "user" not in service  # all are the image's: they read one another's files


@pytest.mark.parametrize("role", ROLES)
def test_the_table_of_roles_says_what_the_compose_file_has(role: str) -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    row = re.search(rf"^\| {role} \|.*\|(.*)\|$", text, flags=re.MULTILINE)
    assert row is not None
    told = {need for need in (DATABASE, DATA) if need in row[1]}
    assert told == has(ROLES[role]) & {DATABASE, DATA}


def test_the_two_pages_on_a_cluster_agree() -> None:
    """One said that workers need no directory, the other that they do."""
    for page in ("operations.md", "datasets.md"):
        text = (ROOT / "docs" / page).read_text()
        assert not re.search(r"[Ww]orkers need (no|neither)\b[^.]*director", text), page
        assert re.search(r"share[^.]*data directory|data directory[^.]*share", text), page
