"""Findings of `densearch doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]
# What to do about a broken installation.
REINSTALL = "./run setup installs everything again"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check; `remedy` says what to do unless it is ok."""

    level: Level
    subject: str
    detail: str
    remedy: str = ""
