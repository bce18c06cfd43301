"""Files of the roles are private to their user for any umask of the shell; doctor warns."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.machine_checks import check_disk
from api.cli.main import app
from densearch.client.client import Client
from service.settings import Settings
from tests.support.datasets import making

PATIENCE_S = 60.0
MAIN = [sys.executable, "-P", "-m", "api.cli.main"]

pytestmark = pytest.mark.usefixtures("mask")


def upgrade(data_dir: Path) -> None:
    """Run `densearch db upgrade` as from a shell whose new files are open to all."""
    os.umask(0)
    done = CliRunner().invoke(app, ["db", "upgrade", "--data-dir", str(data_dir)])
    assert done.exit_code == 0, done.output


def modes(folder: Path) -> dict[str, int]:
    found = [folder, *folder.rglob("*")]
    return {
        str(path.relative_to(folder.parent)): stat.S_IMODE(path.stat().st_mode) for path in found
    }


def test_everything_that_a_server_writes_is_its_users_alone(tmp_path: Path) -> None:
    data_dir = tmp_path / "parent" / "data"
    upgrade(data_dir)
    file = tmp_path / "set.zip"
    file.write_bytes(making.zipped(making.class_files()))
    server = subprocess.Popen(
        [*MAIN, "api", "--port", "0", "--data-dir", str(data_dir)],
        stdout=subprocess.PIPE,
        text=True,
        umask=0,
    )
    try:
        assert server.stdout is not None
        (url,) = re.findall(r"http://\S+", server.stdout.readline())
        with Client(url) as client:
            client.datasets.add(file, name="pets")
        found = modes(data_dir)
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=PATIENCE_S)
    assert len(found) > 8
    for name, mode in found.items():
        is_directory = (data_dir.parent / name).is_dir()
        assert mode & 0o077 == 0, f"{name} has {mode:o}"
        assert mode & 0o700 == (0o700 if is_directory else 0o600), f"{name} has {mode:o}"


def test_what_exists_keeps_its_mode_and_doctor_names_it(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    data_dir.chmod(0o755)
    upgrade(data_dir)
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o755
    assert stat.S_IMODE((data_dir / "densearch.sqlite3").stat().st_mode) == 0o600
    (found,) = (one for one in check_disk(Settings(data_dir=data_dir)) if one.subject == "privacy")
    assert f"other users may use {data_dir}" in found.detail
    assert "chmod -R go=" in found.remedy
    data_dir.chmod(0o700)
    assert "privacy" not in {one.subject for one in check_disk(Settings(data_dir=data_dir))}
