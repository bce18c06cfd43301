"""The services of docker-compose.yml in a copy of the checkout, as a user starts them."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from densearch.client import Client, ClientError
from tests.containers.engine import CommandError, Engine
from tests.support.ports import free_port
from tests.support.root import ROOT

# Beyond any start on a busy machine.
PATIENCE_S = 300.0
POLL_S = 1.0
# What a user types is run literally: `docker compose` is podman-compose here.
DOCKER = """\
#!/bin/sh
[ "$1" = compose ] || exec podman "$@"
shift
exec "{podman_compose}" --podman-build-args="$BUILD_OPTIONS" "$@"
"""
# podman 4.3 does not start a container that requires one which has ended, as `migrate` has.
# Compose keeps the order itself.
PODMAN = """\
#!/bin/sh
for word do
    shift
    case $word in --requires=*) ;; *) set -- "$@" "$word" ;; esac
done
exec "{podman}" "$@"
"""
ENVIRONMENT = """\
POSTGRES_PASSWORD={password}
RAY_AUTH_TOKEN={token}
DENSEARCH_TOKEN={api_token}
PUBLISHED_PORT={port}
RAY_WORKER_CPUS=1
"""


class Stack:
    """See the module.

    Args:
        engine: Runs the containers.
        podman_compose: The program.
        build_options: For every build, see `package_access`.
        log: A file for all output.
    """

    def __init__(
        self, engine: Engine, podman_compose: str, build_options: list[str], log: Path
    ) -> None:
        self.engine, self._log = engine, log
        self.clone, self._upstream = engine.work / "clone", engine.work / "upstream"
        _copy_checkout(self._upstream)
        self._git("init", "--quiet")
        self._commit("this version")
        engine.run("git", "clone", "--quiet", self._upstream, self.clone)
        self.port = free_port()
        password, token, api_token = (secrets.token_hex(24) for _ in range(3))
        environment = ENVIRONMENT.format(
            password=password, token=token, api_token=api_token, port=self.port
        )
        (self.clone / ".env").write_text(environment)
        tools = engine.work / "bin"
        tools.mkdir(exist_ok=True)
        for name, script in {
            "docker": DOCKER.format(podman_compose=podman_compose),
            "podman": PODMAN.format(podman=shutil.which("podman")),
        }.items():
            (tools / name).write_text(script)
            (tools / name).chmod(0o755)
        # No package of Debian's: a build may reach no mirror.
        options = ["--network=host", "--format=docker", "--build-arg=SYSTEM_PACKAGES="]
        self._env = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            # Else it builds the one image once for each service, all at the same time.
            "COMPOSE_PARALLEL_LIMIT": "1",
            "BUILD_OPTIONS": " ".join([*options, *build_options]),
        }
        self.client = Client(f"http://127.0.0.1:{self.port}", token=api_token)

    def typed(self, text: str, env: Mapping[str, str] | None = None) -> str:
        """Run lines of a shell as a user types them in the checkout, and return the output.

        Raises:
            CommandError: One of them failed.
        """
        with self._log.open("a") as file:
            file.write(f"{text.rstrip()}\n")
        command = ("bash", "-euo", "pipefail", "-c", text)
        variables = {**self._env, **(env or {})}
        return self.engine.run(*command, cwd=self.clone, env=variables, log=self._log)

    def publish_version(self) -> None:
        """Commit a newer version, for `git pull`: another image, since README.md is in it."""
        with (self._upstream / "README.md").open("a") as file:
            file.write("\nA newer version.\n")
        self._commit("a newer version")

    def _git(self, *arguments: str) -> None:
        person = ("-c", "user.name=densearch", "-c", "user.email=densearch@example.org")
        self.engine.run("git", *person, *arguments, cwd=self._upstream)

    def _commit(self, subject: str) -> None:
        self._git("add", "--all", "--force")
        self._git("commit", "--quiet", "--message", subject)

    # Containers

    def containers(self, service: str) -> list[str]:
        """Return the names of a service's running containers, in their order."""
        label = f"--filter=label=com.docker.compose.service={service}"
        return sorted(self.engine.podman("ps", label, "--format={{.Names}}").split())

    def process(self, container: str) -> int:
        """Return the process id of a container's first process; 0 while it does not run."""
        return int(self.engine.podman("inspect", "--format={{.State.Pid}}", container))

    def kill(self, container: str) -> int:
        """End a container as the kernel does when memory is short; return the process's id."""
        process = self.process(container)
        os.kill(process, signal.SIGKILL)
        return process

    def wait_healthy(self, *services: str) -> None:
        """Wait until every container of these services is healthy."""
        for service in services:
            until(partial(self._are_healthy, service), f"{service} is healthy")

    def _are_healthy(self, service: str) -> bool:
        names = self.containers(service)
        return bool(names) and all(is_healthy(self.engine, name) for name in names)

    def wait_ready(self, n_workers: int | None = None) -> None:
        """Wait until the server is ready, and Ray has so many CPUs."""
        until(lambda: self.client.readiness()[0], "/readyz is ready")
        if n_workers is not None:
            until(lambda: self.n_cpus() == n_workers, f"Ray has {n_workers} CPUs")

    def n_cpus(self) -> float:
        """Return how many CPUs Ray has, as its head says."""
        (head,) = self.containers("ray-head")
        status = self.engine.podman("exec", head, "ray", "status", "--address=127.0.0.1:6379")
        used = next((line for line in status.splitlines() if line.strip().endswith("CPU")), "0/0 ")
        return float(used.split()[0].rpartition("/")[2])


def is_healthy(engine: Engine, container: str) -> bool:
    """Return whether the container's own check passes, and the engine says so."""
    with suppress(CommandError):
        engine.podman("healthcheck", "run", container)
        shown = engine.podman("inspect", "--format={{json .State}}", container)
        return '"Status":"healthy"' in shown
    return False


def until(condition: Callable[[], object], what: str, limit_s: float = PATIENCE_S) -> None:
    """Wait for a condition; a server that is away, or a container, makes it false.

    Raises:
        TimeoutError: It did not come true in time.
    """
    deadline = time.monotonic() + limit_s
    while True:
        with suppress(ClientError, CommandError, ValueError):
            if condition():
                return
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {limit_s:.0f} s: {what}")
        time.sleep(POLL_S)


def _copy_checkout(to: Path) -> None:
    """Copy what an image is built from, which .dockerignore lists, and the compose file."""
    listed = (ROOT / ".dockerignore").read_text().splitlines()
    names = [line.removeprefix("!") for line in listed if line.startswith("!")]
    to.mkdir()
    for name in (*names, "Dockerfile", "docker-compose.yml", ".dockerignore"):
        source = ROOT / name
        if source.is_dir():
            unwanted = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info")
            shutil.copytree(source, to / name, ignore=unwanted)
        else:
            shutil.copy(source, to / name)
