"""The contracts for authors of plug-ins: networks, data sets, objectives and samplers.

A plug-in imports from this package alone. Names that need pydantic (the settings) or torch (the
objective) are loaded when they are first used, so that a server without torch can import the
plug-in's module. docs/own-networks.md and docs/own-samplers.md are the guides;
`examples/own_network` is a whole plug-in.
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
    Capabilities,
    Certainty,
    Effort,
    Entry,
    KnownSequence,
    Plan,
    Proposal,
    Rounds,
    Sampler,
    StudyPlan,
)
from densearch.seeds import derive

if TYPE_CHECKING:  # for type checkers and editors; at run time `__getattr__` loads these names
    from densearch.nn.memory_format import lay_out
    from densearch.plugins.data_info import DataInfo
    from densearch.plugins.objective import Batch, Generators, Judgement, Objective
    from densearch.plugins.options import SamplerOptions
    from densearch.plugins.sections import OwnNetwork, OwnTask

__all__ = [
    "AxisKind",
    "Batch",
    "Capabilities",
    "Certainty",
    "DataInfo",
    "DatasetPlugin",
    "Effort",
    "Entry",
    "Generators",
    "InputShape",
    "Judgement",
    "KnownSequence",
    "Layer",
    "NetworkPlugin",
    "Objective",
    "ObjectivePlugin",
    "OwnNetwork",
    "OwnTask",
    "Plan",
    "Proposal",
    "Rounds",
    "Sampler",
    "SamplerOptions",
    "SamplerPlugin",
    "Split",
    "StudyPlan",
    "derive",
    "lay_out",
]

# A name -> its module, and the extra that it needs.
_HOMES = {
    "Batch": ("densearch.plugins.objective", "torch"),
    "DataInfo": ("densearch.plugins.data_info", "plugins"),
    "Judgement": ("densearch.plugins.objective", "torch"),
    "Objective": ("densearch.plugins.objective", "torch"),
    "OwnNetwork": ("densearch.plugins.sections", "plugins"),
    "OwnTask": ("densearch.plugins.sections", "plugins"),
    "SamplerOptions": ("densearch.plugins.options", "plugins"),
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
