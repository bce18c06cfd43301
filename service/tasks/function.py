"""Analytic functions on the unit cube: they examine samplers and service, and train nothing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from densearch.plugins.sections import Section
from service.tasks.info import TaskInfo

FunctionName = Literal[
    "sphere", "rosenbrock", "ackley", "branin", "hartmann6", "levy", "rastrigin"
]

# The least value of each on the cube, to more digits than are published.
MINIMA: Mapping[str, float] = MappingProxyType(
    {
        "sphere": 0.0,
        "rosenbrock": 0.0,
        "ackley": 0.0,
        "branin": 0.39788735772973816,
        "hartmann6": -3.322368011391339,
        "levy": 0.0,
        "rastrigin": 0.0,
    }
)


class FunctionTask(Section):
    """An analytic function on the unit cube: examines samplers and service, trains nothing."""

    kind: Literal["function"]
    name: FunctionName = Field(description="Which function is minimised.")
    dimension: int = Field(default=2, ge=1, le=64, description="branin has 2, hartmann6 has 6.")
    sleep_s: float = Field(default=0.0, ge=0, le=3600, description="Pretended training time, s.")


INFO = TaskInfo(
    section=FunctionTask,
    example=(
        "Samplers on a function: nothing is trained",
        {
            "name": "branin",
            "seed": 0,
            "task": {"kind": "function", "name": "branin", "dimension": 2, "sleep_s": 0.0},
            "samplers": [{"name": "direct_l"}, {"name": "tpe"}, {"name": "random"}],
            "budget": {"n_trials": 50},
        },
    ),
)
