"""SIGTERM and SIGINT at many moments: python -m benchmarks.endings [--step 0.2] [--only serve].

Every command that runs for a while is started again and again and gets a signal at moments of its
start and run: during imports and migrations, while Ray starts, with trainings, an event stream and
an upload. A line for each: the seconds to its exit, its exit code, and the processes that it left
behind a second later. Exit code 1 if one took over 5 s, left a process or printed a traceback.
Takes about an hour with the defaults; the moments of a start are more on a busy machine.
"""

from __future__ import annotations

import argparse
import ctypes
import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import psutil  # type: ignore[import-untyped]
from PIL import Image

from benchmarks.machine import describe
from densearch.client.client import Client

DENSEARCH = str(Path(sys.executable).with_name("densearch"))
LIMIT_S = 5.0
PATIENCE_S = 120.0
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of <sys/prctl.h>: orphans become this one's children
TRAINING = {
    "name": "during the end",
    "task": {"kind": "classification", "dataset": "digits"},
    "network": {"kind": "small_cnn"},
    "training": {"epochs": 200},
    "samplers": ["random"],
    "budget": {"n_trials": 8},
}


@dataclass(frozen=True)
class Command:
    """A command line; `{data}` is its data directory, new for each moment.

    Attributes:
        words: What follows `densearch`.
        last_s: The last moment, in seconds from the start or from `ready`.
        ready: A word that it prints before the first moment; "" for none.
        then: Called with its output before the moment, such as to give it work.
    """

    words: str
    last_s: float
    ready: str = ""
    then: Callable[[str], object] = lambda _: None


@dataclass(frozen=True)
class Ended:
    """How a command ended: seconds after the signal, exit code, what was left, its output."""

    seconds: float
    code: int
    left: Sequence[str]
    output: str

    @property
    def fault(self) -> str:
        """What is wrong with it, "" if nothing is."""
        slow = f"over {LIMIT_S:g} s" if self.seconds > LIMIT_S else ""
        left = f"left {', '.join(self.left)}" if self.left else ""
        trace = "a traceback" if "Traceback" in self.output else ""
        return "; ".join(filter(None, (slow, left, trace)))


def _url_in(output: str) -> str:
    return output.partition("API at ")[2].split()[0]


def _work(output: str) -> None:
    """Give a server trainings, a reader of events, and an upload that is being stored."""
    url = _url_in(output)
    with Client(url) as client:
        job_id = client.submit(TRAINING)["id"]
        deadline = time.monotonic() + PATIENCE_S
        while client.job(job_id)["state"] != "RUNNING" and time.monotonic() < deadline:
            time.sleep(0.1)
    reading = f"import httpx2; s = httpx2.stream('GET', '{url}/v1/jobs/{job_id}/events'); "
    reading += "r = s.__enter__(); [None for _ in r.iter_raw()]"
    subprocess.Popen([sys.executable, "-c", reading], stderr=subprocess.DEVNULL)
    upload = [DENSEARCH, "datasets", "add", str(images()), "--url", url]
    subprocess.Popen(upload, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def images(n: int = 4000) -> Path:
    """Return a zip file with so many images of two classes, made at the first call."""
    path = Path(tempfile.gettempdir()) / f"densearch-endings-{os.getuid()}.zip"
    if not path.exists():
        generator = np.random.default_rng(0)
        part = path.with_suffix(f".{os.getpid()}")
        with ZipFile(part, "w") as archive:
            for index in range(n):
                image = io.BytesIO()
                pixels = generator.integers(0, 255, (32, 32, 3), np.uint8)
                Image.fromarray(pixels).save(image, "PNG")
                archive.writestr(f"{'ab'[index % 2]}/{index}.png", image.getvalue())
        part.replace(path)
    return path


COMMANDS: Mapping[str, Command] = {
    "serve": Command("serve --port 0 --data-dir {data}", 4.0),
    "serve ready": Command("serve --port 0 --data-dir {data}", 20.0, "API at"),
    "serve at work": Command("serve --port 0 --data-dir {data}", 3.0, "API at", _work),
    "api": Command("api --port 0 --data-dir {data}", 3.0),
    "dispatch": Command("dispatch --data-dir {data}", 15.0),
    "dispatch alone": Command("dispatch --no-restart --data-dir {data}", 15.0),
    "db upgrade": Command("db upgrade --data-dir {data}", 2.0),
    "doctor": Command("doctor --data-dir {data}", 15.0),
    "demo": Command("demo --out {data}", 15.0),
    "watch": Command("watch 1 --url {url}", 3.0),
    "datasets add": Command("datasets add {images} --url {url}", 3.0),
}


def ended(
    command: Command, moment_s: float, number: signal.Signals, url: str = ""
) -> Ended | None:
    """Start a command, send it a signal, and return how it ended; None if it had already."""
    with tempfile.TemporaryDirectory() as folder:
        data, log = Path(folder) / "data", Path(folder) / "log"
        places = {
            "data": data,
            "url": url,
            "images": images() if "{images}" in command.words else "",
        }
        words = [word.format(**places) for word in command.words.split()]
        if words[0] in ("api", "dispatch"):
            subprocess.run(
                [DENSEARCH, "db", "upgrade", "--data-dir", str(data)],
                check=True,
                capture_output=True,
            )
        with log.open("wb") as output:
            process = subprocess.Popen(
                [DENSEARCH, *words], stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        try:
            if not _is_due(command, process, log, moment_s):
                return None
            began = time.monotonic()
            process.send_signal(number)
            code = process.wait(PATIENCE_S)
            took_s = time.monotonic() - began
            _, left = psutil.wait_procs(_children(), timeout=1.0)
            return Ended(took_s, code, [_name(one) for one in left], log.read_text())
        finally:
            for one in _children():
                with suppress(psutil.Error):
                    one.kill()


def _is_due(
    command: Command, process: subprocess.Popen[bytes], log: Path, moment_s: float
) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while command.ready not in log.read_text() and process.poll() is None:
        if time.monotonic() > deadline:
            raise TimeoutError(log.read_text())
        time.sleep(0.01)
    if command.ready:
        command.then(log.read_text())
    with suppress(subprocess.TimeoutExpired):
        process.wait(moment_s)
    return process.poll() is None


_standing: set[int] = set()


def _children() -> list[psutil.Process]:
    """Return what a command has started, its orphans, too; not the server of `watch`."""
    standing = {p for pid in _standing for p in (pid, *_pids(psutil.Process(pid)))}
    found = psutil.Process().children(recursive=True)
    return [p for p in found if p.pid not in standing and p.is_running() and not _is_reader(p)]


def _pids(process: psutil.Process) -> list[int]:
    return [child.pid for child in process.children(recursive=True)]


def _is_reader(process: psutil.Process) -> bool:
    """Whether it is a client that `_work` has started."""
    name = _name(process)
    return "httpx2.stream" in name or "datasets add" in name


def _name(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


@contextmanager
def standing_server() -> Iterator[str]:
    """Run an API with a job that nobody takes; yield its URL."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        subprocess.run([DENSEARCH, "db", "upgrade", "--data-dir", folder], check=True)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [DENSEARCH, "api", "--port", "0", "--data-dir", folder],
                stdout=output,
                stderr=output,
            )
        _standing.add(process.pid)
        try:
            while "API at" not in log.read_text():
                time.sleep(0.05)
            url = _url_in(log.read_text())
            with Client(url) as client:
                client.submit(TRAINING)
            yield url
        finally:
            _standing.discard(process.pid)
            process.terminate()
            process.wait(PATIENCE_S)


def sweep(names: Sequence[str], step_s: float, numbers: Sequence[signal.Signals]) -> int:
    """Print a line for each command, signal and moment; return how many were wrong."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # children would inherit "ignore"
    n_wrong = 0
    needs_server = any("{url}" in COMMANDS[name].words for name in names)
    with standing_server() if needs_server else nullcontext("") as url:
        for name in names:
            command = COMMANDS[name]
            for number in numbers:
                for index in range(int(command.last_s / step_s) + 1):
                    moment_s = (index + (not command.ready)) * step_s
                    found = ended(command, moment_s, number, url)
                    if found is None:  # it is over by then
                        break
                    n_wrong += bool(found.fault)
                    print(
                        f"{name:<16} {number.name:<8} {moment_s:5.1f} s -> {found.seconds:5.2f} s"
                        f"  exit code {found.code:4}  {found.fault}",
                        flush=True,
                    )
    return n_wrong


def main() -> int:
    """Sweep the commands that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=float, default=0.2)
    parser.add_argument("--only", default=",".join(COMMANDS))
    parser.add_argument("--signals", default="SIGTERM,SIGINT")
    given = parser.parse_args()
    names = given.only.split(",")
    print(describe())
    numbers = [signal.Signals[name] for name in given.signals.split(",")]
    return int(sweep(names, given.step, numbers) > 0)


if __name__ == "__main__":
    sys.exit(main())
