"""DIRECT-L for studies of Optuna, with the exact sequence of NLopt."""

from densearch.extras import required

with required("optuna"):
    from densearch.direct_l.parameters import UnsearchableParameterError
    from densearch.optuna.sampler import DirectLSampler

__all__ = ["DirectLSampler", "UnsearchableParameterError"]
