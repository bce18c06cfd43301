"""Grids under the contract."""

from __future__ import annotations

from tests.support.rounds_behaviour import KnownBehaviour


class TestGrid(KnownBehaviour):
    name = "grid"
