"""`python -m workers.node_sight`: whether the nodes of a joined cluster see the data directory.

It holds stored data sets and checkpoints. A file is written here and looked for on each node,
which distinguishes the same directory from another one at the same path. Prints one JSON object:
`nodes`, a list of `Seen`, or `error`. `densearch doctor` runs this in a separate process.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from service.checkpoint_files import FOLDER

# Time after which a node that has not answered is reported as silent, s.
ANSWER_S = 45.0
# Delay with which a network file system may show a new file, s.
_LATE_S = 5.0
_PAUSE_S = 0.5

State = Literal["sees", "unwritable", "other", "absent", "silent", "failed"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A node's answer.

    Attributes:
        node: The node's address, for display.
        state: "sees": it sees the directory; "unwritable": it cannot write checkpoints there;
            "other": another directory has the path; "absent": none has; "silent": no answer;
            "failed": the check raised an error.
        reason: The error of a failed check.
    """

    node: str
    state: State
    reason: str = ""


def look(folder: str, name: str, late_s: float = _LATE_S) -> State:
    """Look for a file in a folder, and check that checkpoints can be written in it.

    Args:
        folder: The data directory.
        name: Name of a file that was just written there.
        late_s: How long the file may take to appear, s.
    """
    path, ends_at = Path(folder), time.monotonic() + late_s
    if not path.is_dir():
        return "absent"
    while not (path / name).exists():
        if time.monotonic() > ends_at:
            return "other"
        time.sleep(_PAUSE_S)
    own = path / FOLDER
    return "sees" if os.access(own if own.is_dir() else path, os.W_OK | os.X_OK) else "unwritable"


def ask(nodes: Mapping[str, str], folder: str, name: str) -> Iterator[Seen]:
    """Run `look` on all nodes at once and yield their answers.

    Args:
        nodes: The nodes' addresses by Ray's ids.
        folder: See `look`.
        name: Likewise.
    """
    import ray
    from ray.exceptions import GetTimeoutError, RayError
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    task: Any = ray.remote(num_cpus=0, max_retries=0)(look)
    asked = {
        node: task.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)
        ).remote(folder, name)
        for node in nodes
    }
    ends_at = time.monotonic() + ANSWER_S
    for node, answer in asked.items():
        try:
            state = ray.get(answer, timeout=max(ends_at - time.monotonic(), 0.1))
            yield Seen(nodes[node], state)
        except GetTimeoutError:
            yield Seen(nodes[node], "silent")
        except (RayError, ImportError, AttributeError) as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            yield Seen(nodes[node], "failed", lines[-1])


def nodes_with_room() -> dict[str, str]:
    """Return the addresses of the nodes that have CPUs or GPUs, by Ray's ids."""
    import ray

    return {
        node["NodeID"]: node["NodeManagerAddress"]
        for node in ray.nodes()
        if node["Alive"] and (node["Resources"].get("CPU") or node["Resources"].get("GPU"))
    }


@contextmanager
def _marked(folder: Path) -> Iterator[str]:
    name = f".seen-{secrets.token_hex(8)}"
    (folder / name).touch(mode=0o600)
    try:
        yield name
    finally:
        (folder / name).unlink(missing_ok=True)


def main() -> int:
    """Print the nodes' answers; the exit code is 1 if the cluster cannot be joined."""
    parser = argparse.ArgumentParser(prog="python -m workers.node_sight", description=__doc__)
    parser.add_argument("address", help="of the cluster")
    parser.add_argument("folder", type=Path, help="the data directory")
    given = parser.parse_args()
    from ray.exceptions import RayError

    from workers.local_ray import connect

    try:
        connect(given.address)
        with _marked(given.folder) as name:
            found = [asdict(seen) for seen in ask(nodes_with_room(), str(given.folder), name)]
    except (RayError, ConnectionError, OSError, RuntimeError, ValueError) as error:
        sys.stdout.write(json.dumps({"error": str(error).strip().splitlines()[0]}))
        return 1
    sys.stdout.write(json.dumps({"nodes": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
