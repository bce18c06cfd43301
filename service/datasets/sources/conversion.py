"""What images may be converted to. A module of its own: it loads no image library."""

from __future__ import annotations

from typing import Literal

Conversion = Literal["grey", "colour"]
