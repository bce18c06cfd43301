"""The parts of a job's spec that a plug-in defines, as pydantic models."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

# Marks, in a JSON schema, what the server writes: forms do not ask for it.
WRITTEN_BY_SERVER = "x-written-by-server"
KIND_PATTERN = r"^[a-z][a-z0-9_.-]{0,63}(:[A-Za-z0-9_./-]{1,128})?$"


class Section(BaseModel):
    """A part of a spec: frozen, strict, without unknown fields, NaN and inf."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, ser_json_inf_nan="constants"
    )


class OwnSection(Section):
    """The settings of a plug-in.

    Attributes:
        kind: The plug-in's name, and after a colon the argument that its `takes` announces.
    """

    kind: str = Field(pattern=KIND_PATTERN)

    @property
    def argument(self) -> str:
        """The part of `kind` after the colon; empty without one."""
        return self.kind.partition(":")[2]


class OwnNetwork(OwnSection):
    """The base of the settings of a plug-in's network."""


class OwnTask(OwnSection):
    """The base of the settings of a plug-in's task."""
