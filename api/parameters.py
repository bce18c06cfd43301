"""Parameters that an answer does not know, or is given twice, are refused in words.

A misspelt filter that were ignored would show something else than its reader asked for.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, get_origin

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel


async def _check(request: Request) -> None:
    """Refuse parameters that the route does not declare, and single ones that are given twice.

    A coroutine, since FastAPI runs plain functions in a thread, which takes longer than this.

    Raises:
        RequestValidationError: Naming each of them.
    """
    _check_but("", request)


def _check_but(prefix: str, request: Request) -> None:
    known = _parameters(request.scope["route"])
    given = Counter(name for name, _ in request.query_params.multi_items())
    faults = []
    for name, n_times in given.items():
        is_free = bool(prefix) and name.startswith(prefix)
        if name not in known and not is_free:
            faults.append((name, "there is no such parameter" + _choices(known)))
        elif n_times > 1 and not known.get(name):
            faults.append((name, "it is given more than once: give it once"))
    if faults:
        raise RequestValidationError(
            [{"loc": ("query", name), "msg": text, "type": "refused"} for name, text in faults]
        )


def _parameters(route: Any) -> dict[str, bool]:  # noqa: ANN401 - FastAPI's route
    """Return the names of a route's parameters, and whether each may be given several times."""
    found: dict[str, bool] = {}
    for parameter in route.dependant.query_params:
        kind = parameter.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields = kind.model_fields.items()
            found |= {
                field.alias or name: get_origin(field.annotation) is list for name, field in fields
            }
        else:
            found[parameter.alias] = get_origin(kind) is list
    return found


def _choices(known: dict[str, bool]) -> str:
    return f"; there are {', '.join(known)}" if known else "; this page has none"


# For the dependencies of a route.
EXACT = [Depends(_check)]


def exact_but(prefix: str) -> list[Any]:
    """Return the same dependencies for a route that reads parameters of a prefix itself."""

    async def check(request: Request) -> None:
        _check_but(prefix, request)

    return [Depends(check)]
