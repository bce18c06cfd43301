"""The size of a kernel with a centre."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from densearch.density import families


def _odd(size: int) -> int:
    if size % 2 == 0:
        raise ValueError(f"a kernel has a centre: use an odd size, {size - 1} or {size + 1}")
    return size


OddSize = Annotated[
    int,
    Field(ge=3, le=families.MAX_KERNEL_SIZE, json_schema_extra={"not": {"multipleOf": 2}}),
    AfterValidator(_odd),
]
