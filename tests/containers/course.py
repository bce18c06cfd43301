"""What `./run containers` proves, in its order."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tests.containers import alone, documented, searches
from tests.containers.checklist import Checklist
from tests.containers.engine import Engine
from tests.containers.images import Images
from tests.containers.stack import Stack, is_healthy, until
from tests.support.root import ROOT

HEALTHY = ("postgres", "ray-head", "api")
OURS = ("api", "dispatch", "ray-head", "ray-worker")
# A seed for each search, so that none takes the results of another.
FIRST, SCALED, UPGRADED, RESTORED, HARDENED, KILLED = 0, 1, 2, 3, 4, 5
VICTIMS = (
    *(("postgres", 0), ("api", 0), ("dispatch", 0)),
    *(("ray-head", 0), ("ray-worker", 0), ("ray-worker", 1)),
)
N_SEEDS = KILLED + len(VICTIMS)


class Course:
    """All checks, which share the images, the stack and the undisturbed results.

    Args:
        engine: Runs the containers.
        images: Provides the base images.
        stack: The services.
        checklist: Where the results go.
    """

    def __init__(self, engine: Engine, images: Images, stack: Stack, checklist: Checklist) -> None:
        self._engine, self._images, self._stack = engine, images, stack
        self._checklist = checklist
        self._digits = searches.write_digits(engine.work)
        # Results of each seed, undisturbed.
        self._expected: dict[int, Any] = {}
        self._jobs: dict[int, int] = {}

    def run(self) -> None:
        """Make every check."""
        check = self._checklist.check
        check("the base image is here", self._images.provide_base, needed=True)
        check("PostgreSQL is here, the tests' version", self._images.provide_postgres, needed=True)
        check("the Dockerfile is built", self._build, needed=True)
        check("the image alone is healthy behind proxies", self._behind_proxies)
        check("any user, read-only root: a job on a stored set ends", self._alone)
        check("compose up: all run and are healthy", self._up, needed=True)
        check("a job on a stored set ends on the cluster", self._first_job, needed=True)
        check("workers scale to three while a job runs", self._scale)
        for seed, (service, index) in enumerate(VICTIMS, start=KILLED):
            name = service if service != "ray-worker" else f"ray-worker {index + 1}"
            check(f"{name} killed alone: its job ends", partial(self._kill, service, index, seed))
        check("back up as documented", self._back_up, needed=True)
        check("stop, upgrade, start: everything is kept", self._upgrade)
        check("restore as documented: everything is there", self._restore, needed=True)
        check("cluster of any user, read-only, behind proxies", self._harden)

    # The image

    def _image(self) -> str:
        found = re.search(r"image: (densearch:\S+)", (ROOT / "docker-compose.yml").read_text())
        assert found is not None
        return found[1]

    def _build(self) -> str:
        self._stack.typed("docker compose build api")
        size = self._engine.podman("image", "inspect", "--format={{.Size}}", self._image())
        return f"{self._image()}, {int(size) / 1e9:.1f} GB"

    def _behind_proxies(self) -> None:
        with alone.server(self._engine, self._image(), proxies=alone.PROXIES):
            pass

    def _alone(self) -> str:
        """Make the undisturbed results of every seed."""
        with alone.server(self._engine, self._image(), *alone.AS_ANY_USER) as client:
            searches.store(client, self._digits)
            jobs = [searches.submit(client, seed) for seed in range(N_SEEDS)]
            for seed, job_id in enumerate(jobs):
                self._expected[seed] = searches.finish(client, job_id)
        return f"{N_SEEDS} searches of {self._expected[0]['n_trials']} trials, undisturbed"

    # The stack

    def _up(self) -> str:
        self._stack.typed("docker compose up --build --detach --scale ray-worker=2")
        self._stack.wait_healthy(*HEALTHY)
        self._stack.wait_ready(n_workers=2)
        return ", ".join(f"{len(self._stack.containers(s))} {s}" for s in ("postgres", *OURS))

    def _first_job(self) -> str:
        searches.store(self._stack.client, self._digits)
        return self._end(FIRST, searches.submit(self._stack.client, FIRST))

    def _end(self, seed: int, job_id: int) -> str:
        """Wait for the end of a job; its trials must be the undisturbed ones."""
        found = searches.finish(self._stack.client, job_id)
        self._jobs[seed] = job_id
        if seed not in self._expected:
            return f"{found['n_trials']} trials, compared with nothing: see above"
        searches.must_equal(self._expected[seed], found)
        return f"{found['n_trials']} trials, equal to the undisturbed"

    def _scale(self) -> str:
        job_id = searches.submit(self._stack.client, SCALED)
        searches.wait_running(self._stack.client, job_id)
        self._stack.typed("docker compose up --detach --scale ray-worker=3")
        until(lambda: self._stack.n_cpus() == 3, "Ray has three CPUs")
        assert len(self._stack.containers("ray-worker")) == 3
        return self._end(SCALED, job_id)

    def _kill(self, service: str, index: int, seed: int) -> str:
        client = self._stack.client
        self._stack.wait_ready()
        job_id = searches.submit(client, seed)
        searches.wait_running(client, job_id)
        container = self._stack.containers(service)[index]
        killed_at = datetime.now(UTC)
        process = self._stack.kill(container)
        until(
            lambda: self._stack.process(container) not in {0, process},
            f"{container} is started again",
        )
        if service in HEALTHY:
            until(lambda: is_healthy(self._engine, container), f"{container} is healthy")
        back_s = (datetime.now(UTC) - killed_at).total_seconds()
        note = self._end(seed, job_id)
        finished_at = datetime.fromisoformat(client.job(job_id)["finished_at"] or "")
        assert finished_at > killed_at, "the job had ended before the kill"
        return f"back after {back_s:.0f} s, {note}"

    # What is kept

    def _back_up(self) -> str:
        self._stack.typed(documented.block("### Back up the containers"))
        sizes = {
            name: (self._stack.clone / name).stat().st_size
            for name in ("densearch.dump", "densearch-data.tar")
        }
        assert all(sizes.values()), sizes
        return ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in sizes.items())

    def _upgrade(self) -> str:
        """From a database of the revision before, with a job that runs."""
        stack = self._stack
        job_id = searches.submit(stack.client, UPGRADED)
        searches.wait_running(stack.client, job_id)
        stack.typed("docker compose stop dispatch api")
        older, newer = revisions()[-2:]
        stack.typed(f"docker compose run --rm --no-deps -T migrate densearch db downgrade {older}")
        before = self._engine.podman("image", "inspect", "--format={{.Id}}", self._image())
        stack.publish_version()
        stack.typed(documented.block("### Upgrade the containers"))
        stack.wait_healthy(*HEALTHY)
        after = self._engine.podman("image", "inspect", "--format={{.Id}}", self._image())
        assert before != after, "the image was not built again"
        stack.wait_ready()
        self._end(UPGRADED, job_id)
        self._check_kept()
        return f"revision {older} to {newer}, {len(self._jobs)} jobs equal"

    def _restore(self) -> str:
        self._jobs.pop(UPGRADED, None)  # began after the backup
        self._stack.typed("docker compose down --remove-orphans --volumes")
        assert not self._engine.podman("volume", "ls", "--quiet").split()
        self._stack.typed(documented.block("### Restore the containers"))
        self._stack.wait_healthy(*HEALTHY)
        self._stack.wait_ready()
        self._check_kept()
        n_kept = len(self._jobs)
        self._end(RESTORED, searches.submit(self._stack.client, RESTORED))
        return f"{n_kept} jobs equal, and the next one on the stored set"

    def _check_kept(self) -> None:
        """Compare every job that has ended, and read each of its files."""
        client = self._stack.client
        for seed, job_id in self._jobs.items():
            found = searches.finish(client, job_id)
            searches.must_equal(self._expected.get(seed, found), found)
            for artifact in client.artifacts(job_id):
                client.save_artifact(artifact["id"], self._engine.work / "artifact")

    def _harden(self) -> str:
        stack = self._stack
        stack.typed("docker compose down --remove-orphans --volumes")
        override = documented.block("### Any user, and a read-only root", "yaml")
        (stack.clone / "docker-compose.override.yml").write_text(override)
        stack.typed("docker compose up --detach", env=alone.PROXIES)
        stack.wait_healthy(*HEALTHY)
        stack.wait_ready()
        for service in OURS:
            (container, *_) = stack.containers(service)
            shown = self._engine.podman("exec", container, "sh", "-c", "id -u; echo $http_proxy")
            assert shown.split() == ["12345", alone.PROXIES["http_proxy"]], shown
        searches.store(stack.client, self._digits)
        return self._end(HARDENED, searches.submit(stack.client, HARDENED))


def revisions() -> list[str]:
    """Return the database's revisions, the oldest first."""
    return sorted(path.name[:4] for path in (ROOT / "migrations/versions").glob("0*.py"))
