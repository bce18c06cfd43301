"""A package of samplers: some keep the contract, some cannot be used, some break it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.plugging import install, used

CODE = """
    import random
    import sys
    from pydantic import Field
    from densearch.plugins import (
        Capabilities, Certainty, Effort, KnownSequence, Plan, Proposal, Rounds, Sampler,
        SamplerOptions,
    )

    class Settings(SamplerOptions):
        step: float = Field(default=0.5, ge=0.0, le=1.0, description="Between points.")
        n_levels: int = Field(default=3, ge=1, le=9)

    class Ladder(KnownSequence):
        "Equal steps."
        title, section = "Ladder", Settings
        capabilities = Capabilities(adaptive=False, seeded=False, categorical=True)

        def points(self, start, end):
            step = Settings.of(self.study).step
            return [[number * step % 1.0] * self.study.dimension for number in range(start, end)]

    class Walk(Rounds):
        title, section, capabilities = "Walk", Settings, Capabilities()
        built_on = ("pytest",)

        def ask_round(self, told, index, size):
            best = min((entry.value for entry in told), default=0.0)
            return [[min(1.0, best / (n + 2))] * self.study.dimension for n in range(size)]

        @staticmethod
        def effort(study):
            return Effort(1.0, 5.0)

    class Model(Walk):
        capabilities = Capabilities(models_values=True)

        def ask_round(self, told, index, size):
            worst = max((entry.value for entry in told), default=0.0)
            return [[worst / 1000.0] * self.study.dimension for n in range(size)]

    # Refused when they are named

    class Speculative(Ladder):
        capabilities = Capabilities(speculative=True)

    class Needy(Ladder):
        capabilities = Capabilities(needs="scikit")

    class Untitled(Ladder):
        title = 3

    class Foreign(Ladder):
        section = dict

    class Open(Ladder):
        class section(SamplerOptions):
            step: float

    class Broken(Ladder):
        @staticmethod
        def effort(study):
            return 1 / 0

    class Endless(Ladder):
        @staticmethod
        def effort(study):
            return Effort(float("nan"), 0.0)

    class Lacking(Ladder):
        built_on = ("no-such-package",)

    class Plain:
        title, section, capabilities = "Plain", Settings, Capabilities()

        def plan(self, log):
            return Plan()

    class Abstract(KnownSequence):
        title, section, capabilities = "Abstract", Settings, Capabilities()

    # Refused when they are asked

    class Raising(Ladder):
        def points(self, start, end):
            raise RuntimeError("no points today")

    class Exiting(Ladder):
        def points(self, start, end):
            sys.exit(3)

    class Outside(Ladder):
        def points(self, start, end):
            return [[1.5, 0.0]] * (end - start)

    class Shallow(Ladder):
        def plan(self, log):
            return Plan((Proposal((0.5,), len(log)),))

    class Endless2(Ladder):
        def points(self, start, end):
            return [[float("nan"), 0.0]] * (end - start)

    class Dice(Ladder):
        def points(self, start, end):
            return [[random.random(), 0.0] for _ in range(start, end)]

    class Mute(Ladder):
        def plan(self, log):
            return Plan()

    class Strange(Ladder):
        def plan(self, log):
            return [(0.5, 0.5)]

    class Late(Ladder):
        def plan(self, log):
            return Plan((Proposal((0.5, 0.5), None),))

    class Greedy(Ladder):
        def plan(self, log):
            n = range(len(log), self.study.n_trials + 1)
            return Plan(tuple(Proposal((0.5, 0.5), number) for number in n))

    class Guessing(Ladder):
        def plan(self, log):
            return Plan((Proposal((0.5, 0.5), len(log), Certainty.PREDICTED),))

    class Eager(Ladder):
        capabilities = Capabilities()

    class Over(Ladder):
        def plan(self, log):
            return Plan(is_finished=True)

    class Peeking(Ladder):
        def plan(self, log):
            ends = [entry.value for entry in log if entry.value is not None]
            point = (max(ends, default=0.5) / 9, 0.5)
            return Plan((Proposal(point, len(log)),), is_finished=False)
"""
USABLE = {"ladder": "Ladder", "walk": "Walk", "model": "Model"}
UNUSABLE = {
    "speculative": "Speculative", "needy": "Needy", "untitled": "Untitled", "foreign": "Foreign",
    "open": "Open", "broken": "Broken", "endless": "Endless", "lacking": "Lacking",
    "plain": "Plain", "abstract": "Abstract", "absent": "Absent", "settings": "Settings",
    "tpe-2": "Ladder", "uniform": "Ladder", "fixed": "Ladder", "flat_tuned": "Ladder",
    "ladder_speculation": "Ladder",
}  # fmt: skip
BREAKING = (
    "Raising", "Exiting", "Outside", "Shallow", "Endless2", "Dice", "Mute", "Strange", "Late",
    "Greedy", "Guessing", "Eager", "Over", "Peeking",
)  # fmt: skip
ENTRIES = {
    "densearch.samplers": USABLE
    | UNUSABLE
    | {"tpe": "Ladder"}
    | {name.lower(): name for name in BREAKING}
}


@contextmanager
def samplers_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process find the package."""
    install(tmp_path, "plugged-samplers", CODE, ENTRIES)
    with used(tmp_path, monkeypatch):
        yield
