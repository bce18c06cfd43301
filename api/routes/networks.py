"""The networks that a spec may name."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.problems.handlers import documented
from api.schemas.base import ListOut
from api.schemas.networks import NetworkOut
from service import networks

router = APIRouter(prefix="/v1", tags=["networks"])


@router.get("/networks", response_model=ListOut[NetworkOut], responses=documented())
def list_networks() -> dict[str, Any]:
    """List the networks, built in and from other packages, with the tasks and settings of each."""
    return {"items": [info.to_dict() for info in [*networks.catalogue(), *networks.own()]]}
