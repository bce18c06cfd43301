"""DIRECT-L for Ray Tune, with the exact sequence of NLopt."""

from densearch.extras import required

with required("ray"):
    from densearch.direct_l.parameters import UnsearchableParameterError
    from densearch.ray_tune.saved import SavedSearcherError
    from densearch.ray_tune.searcher import DirectLSearch

__all__ = ["DirectLSearch", "SavedSearcherError", "UnsearchableParameterError"]
