"""The product as it is run: `serve` on SQLite, or its roles apart on PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from densearch.client.client import Client, ClientError, UnreachableError
from tests.chaos import disks, services
from tests.chaos.observer import Observer
from tests.chaos.postgres import Postgres
from tests.chaos.proxy import Proxy
from tests.chaos.roles import having
from tests.chaos.services import Service
from tests.support.ports import free_port
from tests.support.root import ROOT

DENSEARCH = str(Path(sys.executable).with_name("densearch"))
CLOCK = Path(__file__).parent / "clock"
LEASE_S = 3.0
# Ray starts within seconds on an otherwise idle machine.
START_S = 180.0
READY_TIMEOUT_S = 5.0
POLL_S = 0.2


class Deployment:
    """Server, dispatchers and database, each started again when it ends.

    Args:
        folder: A new folder for data, logs and clocks.
    """

    database = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.folder, self.data_dir = folder, folder / "data"
        self.data_dir.mkdir(parents=True)
        disks.mount_small(self.data_dir)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.services: list[Service] = []
        self.observer = Observer(self._observed())

    def _observed(self) -> str:
        return f"sqlite:///file:{self.data_dir}/densearch.sqlite3?mode=ro&uri=true"

    def environment(self, name: str, **settings: str) -> dict[str, str]:
        """Return the environment of a service: its settings, and its own clock."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("DENSEARCH_")}
        path = os.pathsep.join([str(CLOCK), str(ROOT)])
        ours = {
            "PYTHONPATH": path,
            "OMP_NUM_THREADS": "1",
            "CHAOS_CLOCK": str(self.clock_of(name)),
            "DENSEARCH_DATA_DIR": str(self.data_dir),
            "DENSEARCH_LEASE_S": str(LEASE_S),
            "DENSEARCH_N_CPUS": "2",
        }
        return {**inherited, **ours, **settings}

    def clock_of(self, name: str) -> Path:
        """Return the file that sets a service's clock."""
        return self.folder / f"{name}.clock"

    def _serve(self, role: str, env: dict[str, str]) -> Service:
        return Service(role, [DENSEARCH, role, "--port", str(self.port)], env, self.folder)

    def start(self) -> None:
        """Start everything and wait until jobs would be worked on."""
        self.services.append(self._serve("serve", self.environment("serve")))
        self.services[0].start()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait for the database, its revision and a dispatcher."""
        deadline = time.monotonic() + START_S
        while not self.is_ready():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not ready after {START_S:g} s: see {self.folder}")
            time.sleep(POLL_S)

    def is_ready(self) -> bool:
        """Whether the server says that it is ready."""
        try:
            with Client(self.url, timeout_s=READY_TIMEOUT_S) as client:
                return client.readiness()[0]
        except (ClientError, UnreachableError):
            return False

    def processes(self, role: str) -> list[psutil.Process]:
        """Return the living processes of a role."""
        return having(services.descendants(), role)

    def stop(self) -> None:
        """End everything as an operator does, the last started first."""
        for service in reversed(self.services):
            service.stop(signal.SIGTERM)


class PostgresDeployment(Deployment):
    """One API and two dispatchers, each with its own Ray, on a PostgreSQL server."""

    database = "postgresql"

    def __init__(self, folder: Path) -> None:
        self.postgres = Postgres(_made(folder), free_port())
        self.proxies: dict[str, Proxy] = {}
        super().__init__(folder)

    def _observed(self) -> str:
        return self.postgres.url()

    def start(self) -> None:
        """Start the database, then the roles, and wait until jobs would be worked on."""
        self.services.append(self.postgres.service)
        self.postgres.start()
        envs = {name: self._behind_a_proxy(name) for name in ("api", "dispatch-1", "dispatch-2")}
        upgrade = [DENSEARCH, "db", "upgrade"]
        subprocess.run(upgrade, env=envs["api"], check=True, capture_output=True)
        roles = [self._serve("api", envs.pop("api"))]
        for name, env in envs.items():
            roles.append(Service(name, [DENSEARCH, "dispatch"], env, self.folder))
        self.services += roles
        for service in roles:
            service.start()
        self.wait_until_ready()

    def _behind_a_proxy(self, name: str) -> dict[str, str]:
        self.proxies[name] = Proxy(("127.0.0.1", self.postgres.port))
        url = self.postgres.url(self.proxies[name].url_port)
        return self.environment(name, DENSEARCH_DATABASE_URL=url, DENSEARCH_N_CPUS="1")

    def stop(self) -> None:
        """End everything, the last started first."""
        super().stop()
        for proxy in self.proxies.values():
            proxy.close()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
