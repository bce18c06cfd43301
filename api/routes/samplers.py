"""The samplers that a spec may name."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.problems.handlers import documented
from api.schemas.base import ListOut
from api.schemas.samplers import SamplerOut
from service import samplers

router = APIRouter(prefix="/v1", tags=["samplers"])


@router.get("/samplers", response_model=ListOut[SamplerOut], responses=documented())
def list_samplers() -> dict[str, Any]:
    """List the samplers, with the capabilities and options of each."""
    infos = [*samplers.catalogue(), *samplers.from_packages()]
    return {"items": [info.to_dict() for info in infos]}
