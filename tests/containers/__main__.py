"""`./run containers`: build the image, run the compose file, and prove what both promise."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.containers.checklist import Checklist
from tests.containers.course import Course
from tests.containers.engine import PREFIX, Engine, remove_leftovers
from tests.containers.images import Images
from tests.containers.package_access import build_mounts
from tests.containers.stack import Stack

# Programs, with the Debian packages that bring them.
NEEDED = {
    "podman": "podman",
    "conmon": "conmon",
    "catatonit": "catatonit",
    "iptables": "iptables",
    "git": "git",
}
ANY_OF = {"runc": "runc", "crun": "crun"}
BACKENDS = {"netavark": "netavark", "aardvark-dns": "aardvark-dns"}
BACKEND_FOLDERS = ("/usr/lib/podman", "/usr/libexec/podman", "/usr/local/libexec/podman")
# The one in Debian 12 (1.0.3) waits for no other service and scales none.
PODMAN_COMPOSE = "podman-compose==1.6.0"
# What automake's tests exit with when they cannot run here.
SKIPPED = 77
# What a shell returns for a command that Ctrl-C ended.
INTERRUPTED = 130
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="./run containers",
        description=__doc__,
        epilog="Exit code: 0 all proved, 1 something failed, 77 nothing can be run here.",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep the images there for the next run; by default all is removed",
    )
    return parser.parse_args(given)


def lacks() -> list[str]:
    """Return why nothing can be run here, a line each; empty if it can."""
    found = []
    if os.geteuid() != 0:
        found.append("root is needed, to make base images and to kill processes in containers")
    packages = [package for name, package in NEEDED.items() if shutil.which(name) is None]
    if not any(map(shutil.which, ANY_OF)):
        packages.append("runc")
    path = os.pathsep.join((*BACKEND_FOLDERS, os.environ["PATH"]))
    packages += [p for name, p in BACKENDS.items() if shutil.which(name, path=path) is None]
    if packages:
        found.append(f"apt install --no-install-recommends {' '.join(packages)}")
    return found


def install_podman_compose(engine: Engine, log: Path) -> str:
    """Install podman-compose into the engine's folder and return its path."""
    folder = engine.folder / "podman-compose"
    program = folder / "bin" / "podman-compose"
    if not program.exists():
        engine.run(sys.executable, "-m", "venv", folder, log=log)
        pip = (folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check")
        engine.run(*pip, "install", PODMAN_COMPOSE, log=log)
    return str(program)


def main(given: Sequence[str] | None = None) -> int:
    """Run the command; see `arguments` for the exit code."""
    args = arguments(given)
    if missing := lacks():
        say("skipped: every check of the image and of the compose file")
        for lack in missing:
            say(f"  {lack}")
        return SKIPPED
    # Both end the course as an exception does, so that everything is removed.
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler)
    for left in remove_leftovers():
        say(f"removed what an earlier run left in {left}")
    folder = args.keep or Path(tempfile.mkdtemp(prefix=PREFIX))
    log = Path(tempfile.gettempdir()) / f"{PREFIX.rstrip('-')}.log"
    log.write_text("")
    say(f"everything goes to {folder}; the output of builds and commands to {log}")
    began = time.monotonic()
    engine = Engine(folder.absolute())
    checklist = Checklist(say)
    try:
        podman_compose = install_podman_compose(engine, log)
        stack = Stack(engine, podman_compose, build_mounts(engine.work), log)
        Course(engine, Images(engine, log), stack, checklist).run()
        code = exit_code(checklist)
    except KeyboardInterrupt:
        say("interrupted: removing everything ...")
        code = INTERRUPTED
    finally:
        # A second Ctrl-C would leave containers behind.
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        engine.close(keep_images=args.keep is not None)
    say(f"\n{checklist.table()}, after {time.monotonic() - began:.0f} s")
    return code


def exit_code(checklist: Checklist) -> int:
    """Return 1 if a check failed, 77 if none could be made, else 0."""
    if checklist.has_failed():
        return 1
    return 0 if any(line.result == "ok" for line in checklist.lines) else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
