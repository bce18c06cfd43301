"""FastAPI's contexts of routes, made once a process instead of once an application."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import routing


def share(patch: pytest.MonkeyPatch) -> None:
    """Let all applications share what FastAPI derives of the routers of `api`.

    FastAPI derives it at the first request of an application (0.1 to 0.25 s of a CPU), and nearly
    every test has an application of its own. The routers are the same ones, included in the same
    way; what differs is the application to which overrides of dependencies belong: there are none.
    """
    included: Any = routing._IncludedRouter
    build = included._build_effective_context
    made: dict[tuple[int, str], tuple[Any, Any]] = {}

    def build_once(self: Any, route: Any) -> Any:  # noqa: ANN401 - FastAPI's own types
        context = self.include_context
        key = id(route), f"{context.prefix} {context.tags} {len(context.dependencies)}"
        if key not in made:
            made[key] = route, build(self, route)  # a route that is kept keeps its id
        return made[key][1]

    patch.setattr(included, "_build_effective_context", build_once)
