"""The registered protocol: the cells of each mode, a job each, as docs/evidence/specs has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parents[2] / "docs" / "evidence"
SPECS = FOLDER / "specs"
TEXT = FOLDER / "protocol.md"

Mode = Literal["quick", "full"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A task with a kernel size.

    Attributes:
        name: Such as "digits-k3"; unique in a mode.
        task: For people.
        kernel_size: K of the network's kernels.
        split: What its test samples come from: cells with the same are not independent.
        data: The data set that is stored for it, see `api.evidence.sources`; None if built in.
        spec: Of its job; with `data`, the data set's name is filled in.
    """

    name: str
    task: str
    kernel_size: int
    split: str
    data: str | None
    spec: Mapping[str, Any]

    def spec_on(self, dataset_id: int | None) -> dict[str, Any]:
        """Return the spec of its job, on the stored data set of this id."""
        if dataset_id is None:
            return dict(self.spec)
        return {**self.spec, "task": {**self.spec["task"], "dataset": f"stored:{dataset_id}"}}


def cells_of(mode: Mode) -> list[Cell]:
    """Return the cells of a mode, in the order in which they are run.

    Raises:
        OSError: The protocol is not part of this installation.
    """
    found = json.loads((SPECS / f"{mode}.json").read_text(encoding="utf-8"))
    return [Cell(**cell) for cell in found["cells"]]
