"""What an agent needs to write a job's spec: examples, and the schema of each section."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from service.spec import JobSpec

Json = dict[str, Any]
_REF = re.compile(r'"#/\$defs/([^"]+)"')

# In the order of what they need. Each is a whole spec that a server takes as it is.
EXAMPLES: Mapping[str, Json] = {
    "a test function, no training, ends in seconds": {
        "name": "try the samplers",
        "task": {"kind": "function", "name": "branin", "dimension": 2},
        "samplers": ["direct_l", "random"],
        "budget": {"n_trials": 40},
    },
    "is a density worth it for a small classifier": {
        "name": "digits, 5x5",
        "task": {"kind": "classification", "dataset": "digits"},
        "network": {"kind": "small_cnn", "depth": 2, "width": 8, "kernel_size": 5},
        "training": {"epochs": 4},
        "density": {"family": "symmetric"},
        "samplers": ["direct_l"],
        "controls": ["uniform", "uniform_tuned"],
        "budget": {"n_trials": 30},
        "evaluation": {"n_seeds": 5},
    },
    "denoising, the learning rate searched with the density": {
        "name": "photos, 7x7",
        "task": {"kind": "denoising", "dataset": "photos", "noise_sigma": 25},
        "network": {"kind": "dncnn", "depth": 4, "width": 8, "kernel_size": 7},
        "training": {"optimizer": "sgd", "lr": 0.02, "momentum": 0.9, "epochs": 4},
        "density": {"family": "symmetric"},
        "search": {"lr": {"low": 0.0025, "high": 0.64, "log": True}},
        "samplers": ["direct_l"],
        "controls": ["uniform", "uniform_tuned"],
        "budget": {"n_trials": 60},
        "fidelity": {"search_fraction": 0.5, "promote": 2},
        "evaluation": {"n_seeds": 5},
    },
}
OVERVIEW = (
    "A spec is a JSON object. Needed: name, task, budget. task.kind decides the rest: a function "
    "needs no network and no density; for external a program of the user's trains, so network, "
    "training and dataset are left out, and task.metric names what it reports; every other kind "
    "trains, on the data set task.dataset. "
    "samplers says what searches (direct_l if unsure), controls what the result is compared with "
    "(keep uniform), budget.n_trials the trials of each search, evaluation.n_seeds the final "
    "trainings of each arm (5 or more for a decision). Defaults fill in what is left out. "
    "estimate_job finds every fault, with a JSON pointer to it, and submits nothing."
)


@cache
def schema() -> Json:
    """Return the JSON schema of a spec; what the server's version takes may be newer or older."""
    found: Json = TypeAdapter(JobSpec).json_schema()
    return found


def guide(section: str = "") -> Json:
    """Return how a spec is written: the overview, or the schema of one section.

    Args:
        section: A field of the spec; "" for all of them in a line each, with examples.

    Raises:
        ValueError: Naming the sections.
    """
    fields: Json = schema()["properties"]
    if section and section not in fields:
        raise ValueError(f"a spec has no field {section[:100]!r}: choose from {', '.join(fields)}")
    if section:
        return _with_definitions(fields[section])
    return {
        "overview": OVERVIEW,
        "required": schema()["required"],
        "fields": {name: _line(field) for name, field in fields.items()},
        "examples": dict(EXAMPLES),
    }


def _line(field: Json) -> str:
    words = [str(field.get("description", ""))]
    if "default" in field:
        words.append(f"Default: {json.dumps(field['default'])}.")
    names = _REF.findall(json.dumps(field))
    if names:
        words.append(f"One of: {', '.join(names[:20])}.")
    return " ".join(filter(None, words)) or str(field.get("type", "see its schema"))


def _with_definitions(field: Json) -> Json:
    """Return a field's schema with the definitions that it refers to, and no others."""
    known: Json = schema()["$defs"]
    needed: Json = {}
    waiting = _REF.findall(json.dumps(field))
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed[name] = known[name]
            waiting += _REF.findall(json.dumps(known[name]))
    return {**field, "$defs": {name: known[name] for name in known if name in needed}}
