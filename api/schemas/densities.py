"""Response models of learned densities."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from api.schemas.base import Json, Out, described_by


class DensityOut(Out):
    """A learned density: Phi, its factors, the figures of its shape and its provenance."""

    id: int
    job_id: int
    study_id: int
    study: str
    trial_id: int
    layer: str = Field(
        description='The group of layers that share it, such as "stage 2"; "" is all layers.'
    )
    layers: list[str] = Field(description="The names of these layers in the network.")
    family: str
    kernel_size: int
    n_dims: int
    vector: list[float]
    alpha: list[float]
    beta: list[float] | None
    gamma: list[float] | None = Field(description="A volume's third factor, else null.")
    phi: list[Any] = Field(
        description="Nested lists, shape (K,) * n_dims; 1 at the centre unless a common factor "
        "was searched."
    )
    den: list[float] | None = Field(
        description="The authors' half-list, outermost first; null if not of that form."
    )
    den_fault: str | None = Field(description="Why there is no den; null where there is one.")
    scale: float = Field(description="The root mean square of Phi: a common factor's value.")
    residual: float = Field(
        description="Norm of Phi minus the product of its factors, relative to the norm of Phi."
    )
    effective_radius: float | None
    centre_share: float | None
    anisotropy: float | None
    provenance: Annotated[Json, described_by("ProvenanceOut")]
    created_at: datetime
