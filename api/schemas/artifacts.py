"""Response models of artifacts."""

from __future__ import annotations

from datetime import datetime

from api.schemas.base import Out


class ArtifactOut(Out):
    """A file of a job; GET /v1/artifacts/{id} downloads it."""

    id: int
    job_id: int
    trial_id: int | None
    name: str
    media_type: str
    n_bytes: int
    sha256: str
    created_at: datetime
