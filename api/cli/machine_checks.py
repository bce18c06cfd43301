"""`densearch doctor` on the machine: disk, Ray, a training, GPUs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile

from api.cli.findings import REINSTALL, Finding, Level
from service.death import ending_of
from service.home_folder import home
from service.privacy import open_to_others
from service.settings import Settings

FREE_BYTES_WANTED = 2 << 30
SHM_BYTES_WANTED = 1 << 30
# Seconds that the GPU's driver may take to answer.
DRIVER_TIMEOUT_S = 30


def check_disk(settings: Settings) -> Iterator[Finding]:
    """Measure the free space where data and artifacts go, and whether it can be written."""
    place = settings.data_dir.absolute()
    while not place.exists():
        place = place.parent
    if (reason := _unwritable(place)) is not None:
        remedy = f"choose another with DENSEARCH_DATA_DIR, or chown {os.getuid()} {place}"
        yield Finding("fail", "disk", f"{place} cannot be written ({reason})", remedy)
        return
    if (fault := _fault_of_home()) is not None:
        remedy = f"set HOME to a folder that uid {os.getuid()} may write"
        yield Finding("warn", "home", fault, remedy)
    yield _space("disk", place, FREE_BYTES_WANTED, "free some space, or move DENSEARCH_DATA_DIR")
    found = open_to_others(settings.data_dir, settings.sqlite_path)
    if found:
        listed = " and ".join(map(str, found))
        remedy = f"unless that is meant: chmod -R go= {settings.data_dir}"
        yield Finding("warn", "privacy", f"other users may use {listed}", remedy)


def _fault_of_home() -> str | None:
    """Return what is wrong with the home directory; None if nothing is."""
    try:
        folder = home()
    except RuntimeError as error:
        return str(error)
    reason = _unwritable(folder)
    return f"{folder} cannot be written ({reason})" if reason is not None else None


def _unwritable(folder: Path) -> str | None:
    """Write a file and remove it; return why that fails, None if it does not."""
    try:
        with NamedTemporaryFile(dir=folder, prefix=".densearch-doctor-") as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _space(subject: str, place: Path, wanted_bytes: int, remedy: str) -> Finding:
    free = shutil.disk_usage(place).free
    level: Level = "ok" if free >= wanted_bytes else "warn"
    return Finding(level, subject, f"{free / 2**30:.1f} GiB free at {place}", remedy)


def check_ray(settings: Settings) -> Iterator[Finding]:
    """Start a small Ray, or import it where a cluster is joined; check its shared memory."""
    if settings.ray_address == "local":
        remedy = "look at the line above; TMPDIR and HOME must be writable"
        yield from _probed("ray", ["-m", "workers.probe", "ray"], remedy)
    else:
        code = "import ray; print(f'Ray {ray.__version__} imports')"
        yield from _probed("ray", ["-c", code], REINSTALL)
    shared = Path("/dev/shm")  # noqa: S108 - a mount point, not a file of ours
    if settings.ray_address == "local" and shared.is_dir():
        remedy = "give the container more with --shm-size=2g, or Ray's objects go to the disk"
        yield _space("shared memory", shared, SHM_BYTES_WANTED, remedy)


def check_training(_settings: Settings) -> Iterator[Finding]:
    """Train a small network for an epoch on the CPU."""
    yield from _probed("training", ["-m", "workers.probe", "train"], REINSTALL)


def _probed(subject: str, arguments: list[str], remedy: str) -> Iterator[Finding]:
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-P", *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    last = lines[-1] if lines else ending_of(done.returncode)
    if done.returncode == 0:
        yield Finding("ok", subject, last)
    else:
        yield Finding("fail", subject, last, remedy)


def check_gpu(_settings: Settings) -> Iterator[Finding]:
    """Ask the driver for its GPUs; none is fine, since trainings also run on CPUs."""
    program = shutil.which("nvidia-smi")
    if program is None:
        yield Finding("ok", "gpu", "none (no nvidia-smi): trainings run on the CPU")
        return
    query = [program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(  # noqa: S603 - the path that the shell would find
            query,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=DRIVER_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        yield Finding("warn", "gpu", "nvidia-smi does not answer", "look at the driver (dmesg)")
        return
    if done.returncode != 0:
        reason = (done.stdout.strip() or done.stderr.strip() or "nvidia-smi failed").splitlines()[
            0
        ]
        yield Finding("warn", "gpu", reason, "look at the driver; CPUs serve until then")
        return
    for line in done.stdout.strip().splitlines():
        yield Finding("ok", "gpu", line)
