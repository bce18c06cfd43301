"""The contracts for authors of plug-ins: networks, data sets, objectives and samplers.

A plug-in imports from here alone. What needs pydantic (the settings) or torch (the objective) is
loaded when it is first used: a server without torch imports a plug-in's module, too.
docs/own-networks.md is the guide; `examples/own_network` is a whole plug-in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from densearch.extras import load
from densearch.plugins.contracts import (
    DatasetPlugin,
    NetworkPlugin,
    ObjectivePlugin,
    SamplerPlugin,
)
from densearch.plugins.layer import Layer
from densearch.plugins.shape import InputShape, Split
from densearch.sampler import (
    AxisKind,
    Certainty,
    Entry,
    Plan,
    Proposal,
    Sampler,
    StudyPlan,
)

if TYPE_CHECKING:  # for type checkers and editors; at run time `__getattr__` loads these names
    from densearch.nn.memory_format import lay_out
    from densearch.plugins.data_info import DataInfo
    from densearch.plugins.objective import Batch, Generators, Objective
    from densearch.plugins.sections import OwnNetwork, OwnTask

__all__ = [
    "AxisKind",
    "Batch",
    "Certainty",
    "DataInfo",
    "DatasetPlugin",
    "Entry",
    "Generators",
    "InputShape",
    "Layer",
    "NetworkPlugin",
    "Objective",
    "ObjectivePlugin",
    "OwnNetwork",
    "OwnTask",
    "Plan",
    "Proposal",
    "Sampler",
    "SamplerPlugin",
    "Split",
    "StudyPlan",
    "lay_out",
]

# A name -> its module, and the extra that it needs.
_HOMES = {
    "Batch": ("densearch.plugins.objective", "torch"),
    "DataInfo": ("densearch.plugins.data_info", "plugins"),
    "Objective": ("densearch.plugins.objective", "torch"),
    "OwnNetwork": ("densearch.plugins.sections", "plugins"),
    "OwnTask": ("densearch.plugins.sections", "plugins"),
    "Generators": ("densearch.plugins.objective", "torch"),
    "lay_out": ("densearch.nn.memory_format", "torch"),
}


def __getattr__(name: str) -> object:
    """Load a name that needs pydantic or torch when it is first used (PEP 562).

    Raises:
        AttributeError: There is no such name.
        ImportError: pydantic or torch is not installed; the message names the extra.
    """
    return load(__name__, name, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
