"""A package of networks, data sets and objectives, of which some cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from service.errors import InvalidSpecError
from service.validation import parse
from tests.support.plugging import install, used

CODE = """
    from typing import Any
    from pydantic import Field
    from densearch.plugins import DataInfo
    from densearch.plugins import Layer, OwnNetwork
    from densearch.plugins import OwnTask

    class Settings(OwnNetwork):
        "Two convolutions."
        depth: int = Field(default=2, ge=1, le=9)
        kernel_size: int = 3
        stages: list[int] = []

    class Network:
        title, tasks, n_dims, section = "A network", ("classification",), (2,), Settings

        def layers(self, section):
            for place in range(section.depth):
                stage = section.stages[place] if place < len(section.stages) else None
                yield Layer(f"convolutions.{place}", section.kernel_size, stage)

        def build(self, settings, shape, n_outputs):
            raise RuntimeError("built where nothing is trained")

    class Failing(Network):
        def layers(self, section):
            raise RuntimeError("no layers today")

    class Empty(Network):
        def layers(self, section):
            return []

    class Twice(Network):
        def layers(self, section):
            return [Layer("a", 3), Layer("a", 3)]

    class Foreign(Network):
        section = dict

    class Set:
        title = "A set"
        info = {"classification": DataInfo(size_px=12, n_outputs=3)}

        def load(self, task):
            raise RuntimeError("loaded where nothing is trained")

    class Question(OwnTask):
        n_answers: int = Field(default=3, ge=1, le=7)

    class Objective:
        title, outputs, section = "A question", "classes", Question

        def data_of(self, section):
            return DataInfo(size_px=12, n_outputs=section.n_answers)

        def build(self, settings, device, training, data_dir):
            raise RuntimeError("built where nothing is trained")

    class Mute(Objective):
        outputs = "sound"

    class Untold(Objective):
        def data_of(self, section):
            return {"size_px": 12}

    class Misinformed(Set):
        info = {"classification": 3}

    network, failing, empty, twice, foreign = Network(), Failing(), Empty(), Twice(), Foreign()
    data, misinformed = Set(), Misinformed()
    objective, mute, untold = Objective(), Mute(), Untold()
"""
ENTRIES = {
    "densearch.networks": {
        name: name for name in ("network", "failing", "empty", "twice", "foreign")
    }
    | {"vgg": "network", "Capital": "network", "absent": "absent", "partial": "data"},
    "densearch.datasets": {"data": "data", "misinformed": "misinformed", "digits": "data"},
    "densearch.objectives": {"objective": "objective", "mute": "mute", "untold": "untold"},
}
JOB: dict[str, Any] = {
    "name": "own",
    "task": {"kind": "classification"},
    "samplers": ["direct_l"],
    "budget": {"n_trials": 3},
}


@contextmanager
def plugins_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process find the package, and one that needs torch where torch is missing."""
    install(tmp_path, "plugged-parts", CODE, ENTRIES)
    torch = {"densearch.networks": {"heavy": "network"}}
    install(tmp_path, "plugged-heavy", "raise ImportError('No torch', name='torch')", torch)
    with used(tmp_path, monkeypatch):
        yield


def refused(**sections: Any) -> tuple[str, str]:
    """Return the place and the words of the one fault of a job with these sections."""
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse({**JOB, **sections})
    (fault,) = caught.value.faults
    return fault.pointer, fault.detail
