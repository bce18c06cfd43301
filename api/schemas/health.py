"""Response models of health and readiness."""

from __future__ import annotations

from typing import Literal

from api.schemas.base import Out


class HealthOut(Out):
    """The process answers."""

    status: Literal["ok"] = "ok"


class CheckOut(Out):
    """One condition of readiness; `detail` says what was found, or what to do."""

    name: Literal["database", "migrations", "data directory", "dispatcher"]
    ok: bool
    detail: str


class ReadinessOut(Out):
    """Whether the service can do its work."""

    ready: bool
    checks: list[CheckOut]
