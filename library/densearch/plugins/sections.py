"""The parts of a job's spec that a plug-in defines, as pydantic models."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

KIND_PATTERN = r"^[a-z][a-z0-9_.-]{0,63}(:[A-Za-z0-9_./-]{1,128})?$"


class Section(BaseModel):
    """A part of a spec: frozen, strict, without unknown fields, NaN and inf."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, ser_json_inf_nan="constants"
    )


class OwnSection(Section):
    """Settings that a plug-in gives to what it brings.

    Attributes:
        kind: The plug-in's name; behind a colon may stand what its `takes` says.
    """

    kind: str = Field(pattern=KIND_PATTERN)

    @property
    def argument(self) -> str:
        """What stands behind the colon of `kind`."""
        return self.kind.partition(":")[2]


class OwnNetwork(OwnSection):
    """The settings of a network of one's own: a plug-in's section inherits this."""


class OwnTask(OwnSection):
    """The settings of a task of one's own: a plug-in's section inherits this."""
