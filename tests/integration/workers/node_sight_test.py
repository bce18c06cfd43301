"""Whether nodes see the data directory: this very one, and not another at its path."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from workers.node_sight import look


def test_a_folder_is_seen_by_a_file_that_it_holds(tmp_path: Path) -> None:
    assert look(str(tmp_path / "absent"), "mark", 0.0) == "absent"
    assert look(str(tmp_path), "mark", 0.0) == "other"
    (tmp_path / "mark").touch()
    assert look(str(tmp_path), "mark", 0.0) == "sees"


def test_checkpoints_that_cannot_be_written_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mark").touch()
    (tmp_path / "checkpoints").mkdir()
    # Root may write wherever it likes.
    monkeypatch.setattr(os, "access", lambda path, _: Path(path).name != "checkpoints")
    assert look(str(tmp_path), "mark", 0.0) == "unwritable"


# As docs/operations.md says for clusters.
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "5" * 64}


@contextmanager
def node(*command: str, folder: Path) -> Iterator[None]:
    environment = {**os.environ, **TOKEN, "RAY_TMPDIR": str(folder)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture
def short() -> Iterator[Path]:
    """Yield a folder for sockets, whose paths may not be long."""
    with TemporaryDirectory(prefix="r", dir="/tmp") as folder:
        yield Path(folder)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="mounts need root")
def test_a_node_that_does_not_see_the_directory_is_named(tmp_path: Path, short: Path) -> None:
    """Two nodes on this machine: at the data directory the second one has a folder of its own."""
    data = tmp_path / "data"
    data.mkdir()
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{found.getsockname()[1]}"
    ray = str(Path(sys.executable).with_name("ray"))
    port = f"--port={address.rsplit(':', 1)[1]}"
    common = ["--num-cpus=1", "--object-store-memory=80000000", "--block"]
    head = [ray, "start", "--head", port, "--node-ip-address=127.0.0.1",
            "--include-dashboard=false", *common]  # fmt: skip
    start = (
        f"mount -t tmpfs none {data} && exec {ray} start --address={address} {' '.join(common)}"
    )
    with (
        node(*head, folder=short / "a"),
        node("unshare", "-m", "sh", "-c", f"sleep 8; {start}", folder=short / "b"),
    ):
        done = None
        command = [sys.executable, "-m", "workers.node_sight", address, str(data)]
        states: list[str] = []
        for _ in range(4):
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, env=os.environ | TOKEN
            )
            answer = json.loads(done.stdout.strip().splitlines()[-1]) if done.stdout else {}
            states = sorted(seen["state"] for seen in answer.get("nodes", []))
            if len(states) == 2:
                break
    assert states == ["other", "sees"], done
    assert not list(data.iterdir())
