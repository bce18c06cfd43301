"""The units of systemd: their commands and variables exist, and systemd reads them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from api.cli.dispatcher import PATIENCE_S, RAY_PATIENCE_S
from service.exit_codes import UNUSABLE_SETTING
from service.settings import PREFIX, Settings
from tests.support.command_line import parse
from tests.support.root import ROOT

FOLDER = ROOT / "deploy" / "systemd"
COMMON = FOLDER / "densearch-.service.d" / "common.conf"  # systemd reads it for every densearch-*
UNITS = sorted(FOLDER.glob("*.service"))
BIN = "/opt/densearch/.venv/bin/"
FOREIGN = {"HOME", "OMP_NUM_THREADS", "PGPASSWORD", "RAY_AUTH_MODE", "RAY_USAGE_STATS_ENABLED"}
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


def values(path: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", path.read_text(), flags=re.MULTILINE)


def command(unit: Path) -> list[str]:
    (line,) = values(unit, "ExecStart")
    program, *words = shlex.split(line)
    assert program.startswith(BIN)
    return [program.removeprefix(BIN), *words]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_its_command_is_one_of_ours_or_one_that_the_documents_name(unit: Path) -> None:
    program, *words = command(unit)
    if program == "densearch":
        parse(words)
        assert unit.stem == f"densearch-{words[0]}"
    else:
        text = " ".join([program, *words]).replace("${DENSEARCH_RAY_ADDRESS}", "HEAD:6379")
        assert f"{text}\n" in OPERATIONS
    assert f"`{unit.name}`" in OPERATIONS


@pytest.mark.parametrize("path", [*UNITS, COMMON], ids=lambda path: path.stem)
def test_its_variables_are_settings(path: Path) -> None:
    given = [word for line in values(path, "Environment") for word in shlex.split(line)]
    names = {word.partition("=")[0] for word in given} | set(
        re.findall(r"\$\{(\w+)\}", text(path))
    )
    for name in names | set(" ".join(values(path, "UnsetEnvironment")).split()):
        if name.startswith(PREFIX):
            assert name.removeprefix(PREFIX).lower() in Settings.model_fields
        else:
            assert name in FOREIGN


def text(path: Path) -> str:
    return path.read_text()


def test_what_they_share_fits_the_product() -> None:
    (patience,) = values(COMMON, "TimeoutStopSec")
    assert int(patience) > 5 > PATIENCE_S + RAY_PATIENCE_S
    assert values(COMMON, "RestartPreventExitStatus") == [str(UNUSABLE_SETTING)]
    (state,) = values(COMMON, "StateDirectory")
    variables = values(COMMON, "Environment")
    assert f"DENSEARCH_DATA_DIR=/var/lib/{state}/data" in variables
    assert f"HOME=/var/lib/{state}" in variables
    for option in ("PrivateDevices", "ProtectClock", "MemoryDenyWriteExecute"):
        assert not values(COMMON, option)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_reads_them(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    units = sorted(tmp_path.glob("*.service"))
    for unit in units:  # the programs must exist
        unit.write_text(unit.read_text().replace(BIN, f"{Path(sys.executable).parent}/"))
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, units)],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [
        line
        for line in done.stderr.splitlines()
        # Options of systemd 254, which older ones ignore.
        if str(tmp_path) in line and not re.search("'Restart(Steps|MaxDelaySec)'", line)
    ]
    assert (complaints, done.returncode) == ([], 0), done.stderr
