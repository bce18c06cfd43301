"""DIRECT-L in parallel, with the exact sequence of NLopt."""

from densearch.extras import required

with required("direct"):
    from densearch.direct_l.parallel import (
        ConflictingValueError,
        ParallelDirectL,
        UnknownPointError,
    )
    from densearch.direct_l.saved import SavedSearchError

__all__ = [
    "ConflictingValueError",
    "ParallelDirectL",
    "SavedSearchError",
    "UnknownPointError",
]
