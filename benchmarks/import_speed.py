"""The import of many small images: as a zip and as a tar, against another checkout.

It makes PNG images of 28 px in ten class folders, packs them as .zip and .tar, and imports each
archive with the code of this checkout and with that of another one in turn (A B A B), in a process
of its own each. It prints the seconds of an import, those of the other checkout, and the ratios of
the pairs, which both feel the load of the machine alike; then the same of the CPU time.

Run: python -m benchmarks.import_speed [--images N] [--rounds N] [--against CHECKOUT]
Against this checkout itself (--against .) it shows how far equal code differs.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import machine

N_CLASSES, SIDE = 10, 28
TARGET = 1.5  # times the other checkout
_STEP = "--import-this"
Seconds = tuple[float, float]  # on the clock, and of the CPU


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the archives, then import them in turn."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", type=Path, help="another checkout; none if left out")
    parser.add_argument(_STEP, type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.import_this is not None:
        print(*import_seconds(given.import_this))
        return
    print(machine.describe("numpy", "pillow"))
    with tempfile.TemporaryDirectory() as folder:
        for archive in packed(Path(folder), given.images):
            _compare(archive, given.rounds, given.against)


def packed(folder: Path, n: int) -> Iterator[Path]:
    """Yield the same images as a zip and as a tar file."""
    with zipfile.ZipFile(folder / "images.zip", "w") as zipped:
        for name, content in images(n):
            zipped.writestr(name, content)
    yield folder / "images.zip"
    with tarfile.open(folder / "images.tar", "w") as tarred:
        for name, content in images(n):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tarred.addfile(info, io.BytesIO(content))
    yield folder / "images.tar"


def images(n: int) -> Iterator[tuple[str, bytes]]:
    """Yield names and PNG files: a bright square on noise, at a place that its class gives."""
    random = np.random.default_rng(0)
    for number in range(n):
        label = number % N_CLASSES
        values = random.integers(0, 100, (SIDE, SIDE), dtype=np.uint8)
        values[label : label + 10, label : label + 10] += 150
        with io.BytesIO() as file:
            Image.fromarray(values).save(file, "PNG", compress_level=1)
            yield f"{label}/{number:07}.png", file.getvalue()


def _compare(archive: Path, n_rounds: int, other: Path | None) -> None:
    ours: list[Seconds] = []
    theirs: list[Seconds] = []
    for _ in range(n_rounds):
        if other is not None:
            theirs.append(_imported(archive, other))
        ours.append(_imported(archive, Path.cwd()))
    for place, unit in enumerate(("s", "s of CPU")):
        name = archive.suffix
        own = [seconds[place] for seconds in ours]
        print(f"{name}: {machine.spread(own, unit)}", flush=True)
        if other is not None:
            others = [seconds[place] for seconds in theirs]
            print(f"{name}, the other checkout: {machine.spread(others, unit)}")
            ratios = [one / two for one, two in zip(own, others, strict=True)]
            verdict = machine.judge(statistics.median(ratios), TARGET, "times")
            print(f"{name}, ratio: {machine.spread(ratios, 'times')}, {verdict}", flush=True)


def _imported(archive: Path, checkout: Path) -> Seconds:
    """Return the time of an import by the code of a checkout."""
    root = checkout.resolve()
    # This file, wherever the code comes from: the other checkout may not have it.
    program = [sys.executable, "-P", __file__, _STEP, str(archive.resolve())]
    path = os.pathsep.join(map(str, (root / "library", root, Path.cwd())))
    done = subprocess.run(
        program,
        env=os.environ | {"PYTHONPATH": path},
        cwd=root,
        stdout=subprocess.PIPE,
        check=True,
    )
    wall, cpu = map(float, done.stdout.split())
    return wall, cpu


def import_seconds(archive: Path) -> Seconds:
    """Import an archive into an empty data directory; return the seconds, and those of the CPU."""
    from service.datasets import library
    from service.datasets.options import ImportOptions
    from service.settings import Settings
    from service.storage import schema
    from service.storage.database import Database

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        with closing(Database(settings.resolved_database_url)) as database:
            schema.upgrade(database)
            options = ImportOptions(name="images")
            # Older checkouts call it add_upload.
            add = getattr(library, "add", None) or getattr(library, "add_upload")  # noqa: B009
            with library.working(database, settings) as work:
                os.link(archive, work.upload)
                start, start_cpu = time.perf_counter(), time.process_time()
                add(database, settings, work, options)
                return time.perf_counter() - start, time.process_time() - start_cpu


if __name__ == "__main__":
    main()
