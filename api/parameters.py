"""Parameters of pages: what a page does not know, or is given twice, is refused in words.

A misspelt filter that were ignored would show another page than the one that its reader asked for.
"""

from __future__ import annotations

from typing import Any, get_origin

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel


def _check(request: Request) -> None:
    """Refuse parameters that the route does not declare, and single ones that are given twice.

    Raises:
        RequestValidationError: Naming each of them.
    """
    known = _parameters(request.scope["route"])
    given = [name for name, _ in request.query_params.multi_items()]
    faults = []
    for name in dict.fromkeys(given):
        if name not in known:
            faults.append((name, "there is no such parameter" + _choices(known)))
        elif given.count(name) > 1 and not known[name]:
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


# For the dependencies of a page's route.
EXACT = [Depends(_check)]
