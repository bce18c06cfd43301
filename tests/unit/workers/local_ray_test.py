"""The environment of a local Ray, and a start that fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from service import process_limit
from service.settings import Settings
from workers import local_ray
from workers.ray_folders import RayFolder


def settings(tmp_path: Path, url: str | None) -> Settings:
    return Settings(data_dir=tmp_path, database_url=url)


def test_what_opens_the_database_is_hidden_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql://densearch:p%40ss%2Fword-1@db:5432/densearch"
    secrets = {
        "DENSEARCH_DATABASE_URL": url,
        "PGPASSWORD": "other",
        "PGPASSFILE": "/home/me/.pgpass",
        "POSTGRES_PASSWORD": "p@ss/word-1",
        "COPY_OF_URL": f"see {url}",
        "ENCODED": "p%40ss%2Fword-1",
    }
    harmless = {"DENSEARCH_N_CPUS": "2", "NO_SECRET": "p@ss/word-10", "PATH": os.environ["PATH"]}
    for name, value in {**secrets, **harmless}.items():
        monkeypatch.setenv(name, value)
    settings(tmp_path, url)
    with local_ray.without_secrets():
        assert not secrets.keys() & os.environ.keys()
        assert harmless.items() <= dict(os.environ).items()
    assert secrets.items() <= dict(os.environ).items()


def test_a_database_without_a_password_hides_no_variable_by_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMPTY", "")
    settings(tmp_path, None)
    with local_ray.without_secrets():
        assert "EMPTY" in os.environ


def test_a_ray_that_does_not_start_for_want_of_processes_says_so_and_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_options: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(local_ray, "connect", fails)
    monkeypatch.setattr(local_ray, "keep_token", lambda: None)
    monkeypatch.setattr(local_ray, "RayFolder", lambda: RayFolder(tmp_path))
    monkeypatch.setattr(process_limit, "lack", lambda _: None)
    local = local_ray.LocalRay(Settings(n_cpus=1))
    with pytest.raises(BlockingIOError):
        local.start()
    local.stop()  # as the doctor does
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(process_limit, "lack", lambda _: "uid 5 may have 60")
    with pytest.raises(ChildProcessError, match="uid 5 may have 60"):
        local_ray.LocalRay(Settings(n_cpus=1)).start()


def test_methods_of_ray_are_replaced_for_a_start_alone_and_may_be_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[str] = []

    class Node:
        def start_monitor(self) -> None:
            started.append("monitor")

        def start_api_server(self, *, include_dashboard: bool) -> None:
            started.append(f"dashboard {include_dashboard}")

    monkeypatch.setattr(local_ray, "Node", Node)
    with local_ray.without_unused_processes():
        Node().start_monitor()
        Node().start_api_server(include_dashboard=False)
        assert not hasattr(Node, "start_log_monitor")
    assert started == []
    Node().start_monitor()
    Node().start_api_server(include_dashboard=True)
    assert started == ["monitor", "dashboard True"]
