"""The dispatcher's environment: without the token of the API, which it does not need."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from api.cli import dispatcher
from service.settings import Settings, load

TOKEN = "kept-from-the-dispatcher"  # noqa: S105 - of this test


@pytest.fixture
def environments(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, str]]:
    """Those of the processes that would be started."""
    found: list[Mapping[str, str]] = []
    monkeypatch.setenv("DENSEARCH_TOKEN", TOKEN)
    monkeypatch.setenv("COPY_OF_IT", f"bearer:{TOKEN}")
    monkeypatch.setattr(os, "execve", lambda _file, _words, env: found.append(env))
    for name in ("RayHead", "Supervisor"):

        def made(_command: list[str], env: Mapping[str, str], **_: Any) -> None:
            found.append(env)

        monkeypatch.setattr(dispatcher, name, made)
    return found


def test_no_dispatcher_gets_the_token_and_ray_no_copy_of_it(
    environments: list[Mapping[str, str]], tmp_path: Path
) -> None:
    settings = load(data_dir=tmp_path)
    replace: Callable[[Settings], object] = dispatcher.replace_process
    replace(settings)  # which returns here, since nothing is replaced
    dispatcher.dispatcher_of(settings)
    replaced, ray, supervised = environments
    for env in environments:
        assert "DENSEARCH_TOKEN" not in env
    assert "COPY_OF_IT" not in ray
    assert replaced["DENSEARCH_DATA_DIR"] == supervised["DENSEARCH_DATA_DIR"] == str(tmp_path)
