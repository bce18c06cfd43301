"""Shared by tests: a stored spec."""

from __future__ import annotations

from service.validation import parse

SPEC = parse.parse(
    {
        "name": "sphere",
        "task": {"kind": "function", "name": "sphere"},
        "samplers": ["random"],
        "budget": {"n_trials": 5},
    }
)
