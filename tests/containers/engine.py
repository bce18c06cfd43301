"""A podman of our own: its images, containers, networks and volumes lie in one folder."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TextIO

PREFIX = "densearch-containers-"
# More than any hard limit that Debian sets; an engine may not ask for more than its own.
FILES, PROCESSES = 65_536, 16_384
SETTINGS = """\
[containers]
default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]
seccomp_profile = "unconfined"
[engine]
{runtime}
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "{folder}/libpod"
[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
"""
STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{folder}/graph"
runroot = "{folder}/run"
"""


class CommandError(Exception):
    """A command ended with another exit code than 0."""

    def __init__(self, command: list[str], code: int, output: str) -> None:
        self.output = output
        last = "\n".join(output.strip().splitlines()[-12:])
        super().__init__(f"exit code {code} of {' '.join(command)[:200]}\n{last}")


class Engine:
    """See the module. No other podman of this machine sees what is made here, nor is seen.

    Args:
        folder: Where everything goes; made if it is not there, emptied by `close`.

    Raises:
        BlockingIOError: Another process uses the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _locked(folder / "lock")
        # Whatever else a run needs; of this run alone.
        self.work = folder / "work"
        remove_tree(self.work)
        self.work.mkdir()
        self.env = dict(os.environ) | self._configure()

    def _configure(self) -> dict[str, str]:
        settings, storage = self.folder / "containers.conf", self.folder / "storage.conf"
        # crun refuses hybrid control groups.
        runtime = 'runtime = "runc"' if shutil.which("runc") else ""
        settings.write_text(
            SETTINGS.format(
                folder=self.folder,
                runtime=runtime,
                files=_limit(resource.RLIMIT_NOFILE, FILES),
                processes=_limit(resource.RLIMIT_NPROC, PROCESSES),
            )
        )
        storage.write_text(STORAGE.format(folder=self.folder))
        variables = {
            "CONTAINERS_CONF": str(settings),
            "CONTAINERS_STORAGE_CONF": str(storage),
            "BUILDAH_ISOLATION": "chroot",
            "TMPDIR": str(self.work),
        }
        # Its timers make the health checks; where there is none, only those that are asked for.
        if not has_systemd():
            variables["DISABLE_HC_SYSTEMD"] = "true"
        return variables

    def run(
        self,
        *command: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> str:
        """Run a command with this engine's settings and return what it printed.

        Args:
            command: Program and arguments.
            cwd: Its working directory.
            env: Further variables.
            log: A file to which its output is appended instead of being returned.

        Raises:
            CommandError: It ended with another exit code than 0.
        """
        words = [str(word) for word in command]
        with log.open("a+") if log else tempfile.TemporaryFile("w+") as file:
            began = file.seek(0, os.SEEK_END)
            process = subprocess.Popen(
                words,
                cwd=cwd,
                env={**self.env, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = process.wait()
            except BaseException:
                # With all that it started: a build would go on, and write into the folder.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
            file.seek(began)
            output = file.read()
        if code != 0:
            raise CommandError(words, code, output)
        return output

    def podman(self, *arguments: str | Path, log: Path | None = None) -> str:
        """Run podman; see `run`."""
        return self.run("podman", *arguments, log=log)

    def has_image(self, name: str) -> bool:
        """Return whether an image of that name is here."""
        with suppress(CommandError):
            self.podman("image", "exists", name)
            return True
        return False

    def remove_containers(self) -> None:
        """Remove all containers, pods, networks and volumes; images stay."""
        for command in (
            ("rm", "--force", "--all", "--time", "0"),
            ("pod", "rm", "--force", "--all"),
            ("volume", "rm", "--force", "--all"),
        ):
            with suppress(CommandError):
                self.podman(*command)
        with suppress(CommandError):
            for name in self.podman("network", "ls", "--quiet").split():
                if name != "podman":
                    self.podman("network", "rm", "--force", name)

    def close(self, *, keep_images: bool = False) -> None:
        """Remove everything that was made here, and the folder unless images are kept."""
        self.remove_containers()
        if keep_images:
            remove_tree(self.work)
        else:
            with suppress(CommandError):
                self.podman("rmi", "--force", "--all")
            remove_tree(self.folder)
        self._lock.close()


def _locked(path: Path) -> TextIO:
    """Return the file, which no other process has until it is closed."""
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file


def has_systemd() -> bool:
    """Return whether this machine's services are systemd's."""
    return Path("/run/systemd/system").is_dir()


def remove_leftovers() -> list[Path]:
    """Remove what earlier runs left that were killed; return their folders."""
    found = []
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(BlockingIOError):
            Engine(folder).close()
            found.append(folder)
    return found


def remove_tree(folder: Path) -> None:
    """Unmount what is mounted in a folder, then remove it."""
    for mounted in _mounts_below(folder):
        subprocess.run(["umount", "--lazy", mounted], check=False)
    if not list(_mounts_below(folder)):
        shutil.rmtree(folder, ignore_errors=True)


def _limit(kind: int, wanted: int) -> int:
    _, hard = resource.getrlimit(kind)
    return wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)


def _mounts_below(folder: Path) -> Iterator[str]:
    """Yield the mount points in a folder, the innermost first."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4] for line in lines]
    yield from sorted((p for p in points if Path(p).is_relative_to(folder)), reverse=True)
