"""The library's wheel in empty environments, one for each extra, running what the guide shows.

It needs a package index and minutes, so it is a command of its own:
`./run test -m slow tests/integration/packaging/library_wheel_test.py`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from tests.support.root import ROOT
from tests.support.snippets import snippet

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

MOST_IMPORT_S = 0.15
N_PAIRS = 15
JOBS = {"items": [{"id": 3, "name": "digits", "state": "SUCCEEDED", "fraction": 1.0,
                   "created_at": "2026-01-01T00:00:00Z", "best": {"value": 0.25}}]}  # fmt: skip
TORCH = """
import torch
from torch import nn
MyNetwork = lambda: nn.Sequential(nn.Conv2d(1, 2, 5), nn.Conv2d(2, 1, 1))
train = lambda network: network(torch.zeros(1, 1, 8, 8))
"""


@dataclass(frozen=True)
class Environment:
    """An environment that holds the wheel, with one extra or none, and nothing else of ours."""

    folder: Path
    extra: str

    def run(self, *command: str) -> str:
        """Run a program of the environment away from the sources; its output."""
        known = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "DENSEARCH"))}
        program = self.folder / "bin" / command[0]
        done = subprocess.run(
            [program, *command[1:]],
            cwd=self.folder, env=known, check=False, capture_output=True, text=True, timeout=900,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def python(self, code: str) -> str:
        return self.run("python", "-I", "-c", code)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as anyone would."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "library"
    # A copy: a build leaves folders behind.
    subprocess.run(["cp", "-r", str(ROOT / "library"), str(source)], check=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(source)],
        check=True,
    )
    (built,) = folder.glob("densearch-*.whl")
    return built


EXTRAS = ["", "client", "cli", "direct", "optuna", "plugins", "torch"]


@pytest.fixture(scope="module", params=EXTRAS)
def environment(
    request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """An empty environment into which the wheel was installed with one extra."""
    extra = str(request.param)
    folder = tmp_path_factory.mktemp(extra or "none")
    venv.create(folder, with_pip=True)
    made = Environment(folder, extra)
    wanted = f"{wheel}[{extra}]" if extra else str(wheel)
    made.run("python", "-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt"), wanted)
    return made


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Address of a server that answers every request with one job."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(JOBS).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_import_is_light(environment: Environment) -> None:
    """Paired with an interpreter that does nothing."""

    def seconds(code: str) -> float:
        began = perf_counter()
        environment.python(code)
        return perf_counter() - began

    seconds("import densearch")  # writes the byte code
    extra_s = [seconds("import densearch") - seconds("pass") for _ in range(N_PAIRS)]
    numpy_s = [seconds("import densearch.density") - seconds("pass") for _ in range(N_PAIRS)]
    for name, taken in (("densearch", extra_s), ("densearch.density", numpy_s)):
        quartiles = ", ".join(f"{q:.3f}" for q in statistics.quantiles(taken))
        sys.stdout.write(f"{environment.extra or 'none'}: import {name}: {quartiles} s\n")
    assert statistics.median(extra_s) <= MOST_IMPORT_S
    heavy = ("httpx2", "nlopt", "pydantic", "scipy", "torch", "typer")
    code = f"import sys, densearch.density; print([m for m in {heavy} if m in sys.modules])"
    loaded = environment.python(code)
    assert loaded.strip() == "[]"


def test_only_the_extra_is_installed(environment: Environment) -> None:
    listed = json.loads(environment.run("python", "-m", "pip", "list", "--format", "json"))
    names = {package["name"].lower() for package in listed}
    assert "densearch-server" not in names
    owners = {"httpx2": {"client", "cli"}, "typer": {"cli"}, "optuna": {"optuna"},
              "nlopt": {"direct", "optuna"}, "pydantic": {"plugins", "cli"},
              "torch": {"torch"}}  # fmt: skip
    for name, extras in owners.items():
        assert (name in names) == (environment.extra in extras), name


def test_densities_need_no_extra(environment: Environment) -> None:
    shown = environment.python(snippet("user-guide.md", "from densearch.density import"))
    assert "(5, 5) [0.3 0.8 1.  0.8 0.3]" in shown


def test_a_name_whose_extra_is_missing_says_so(environment: Environment) -> None:
    direct = ("direct", "optuna")
    names = {"Client": ("client", "cli"), "ParallelDirectL": direct, "fold": ("torch",)}
    for name, extras in names.items():
        code = f"import densearch\ntry: densearch.{name}\nexcept ImportError as e: print(e)"
        has_it = environment.extra in extras
        assert ("install './library[" in environment.python(code)) is not has_it, name


def test_the_guide_runs(environment: Environment, address: str) -> None:
    extra = environment.extra
    if extra == "client":
        code = snippet("user-guide.md", "client.jobs(")
        shown = environment.python(code.replace("http://127.0.0.1:8080", address))
        assert shown == "3 digits {'value': 0.25}\n"
    elif extra == "direct":
        code = snippet("user-guide.md", "ParallelDirectL(2, 40")
        assert environment.python(code).startswith("((0.")
    elif extra == "torch":
        density = environment.folder / "out" / "job-1" / "density-best.npz"
        density.parent.mkdir(parents=True)
        np.savez(density, phi=np.full((5, 5), 0.5))
        code = snippet("user-guide.md", "from densearch.nn import")
        environment.python(f"{TORCH}{code}\nassert len(list(network.parameters())) == 4")
    elif extra == "plugins":
        code = snippet("own-networks.md", "from densearch.plugins import")
        assert environment.python(f"{code}\nprint(waves.info)").startswith("{'classification'")
        example = ROOT / "examples" / "own_network" / "own_network" / "annealing.py"
        ask = "print(len(Annealing(StudyPlan(2, 8, 0)).plan([]).proposals))"
        assert environment.python(f"{example.read_text('utf-8')}\n{ask}") == "4\n"
    elif extra == "cli":
        assert "digits" in environment.run("densearch", "jobs", "--url", address)
        assert "Not installed: serve" in environment.run("densearch", "--help")
