"""Shared by tests: jobs resolved from the body of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.studies.resolved import ResolvedSpec, TrainingJob
from service.validation import parse
from service.validation.resolve import resolve


def resolved(body: Mapping[str, Any]) -> ResolvedSpec:
    return resolve(parse.parse(body))


def training(body: Mapping[str, Any]) -> TrainingJob:
    job = resolved(body)
    assert isinstance(job, TrainingJob)
    return job
