"""From Optuna's distributions to the parameters of a search."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from hashlib import sha256

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from densearch.direct_l.parameters import (
    LogParameter,
    LogWholeParameter,
    Parameter,
    ParameterSpace,
    RealParameter,
    SteppedParameter,
    UnsearchableParameterError,
)

Distributions = Mapping[str, BaseDistribution]


def space_of(distributions: Distributions) -> ParameterSpace:
    """Return the search space of some distributions, at least one.

    Raises:
        UnsearchableParameterError: One of them is categorical.
    """
    return ParameterSpace({name: parameter_of(name, d) for name, d in distributions.items()})


def parameter_of(name: str, distribution: BaseDistribution) -> Parameter:
    """Return the axis that a distribution describes.

    Raises:
        UnsearchableParameterError: It is categorical, no distribution of Optuna, or wider than a
            floating-point number.
    """
    if not isinstance(distribution, BaseDistribution):
        raise UnsearchableParameterError(
            name, f"is {distribution!r:.100}", "give a FloatDistribution or an IntDistribution"
        )
    if isinstance(distribution, FloatDistribution) and math.isinf(
        distribution.high - distribution.low
    ):
        raise UnsearchableParameterError(
            name,
            "is wider than a floating-point number",
            "bring its bounds nearer, or use log=True",
        )
    if isinstance(distribution, FloatDistribution):
        return _real(distribution)
    if isinstance(distribution, IntDistribution):
        return _whole(distribution)
    raise UnsearchableParameterError(
        name,
        "is categorical, and DIRECT-L searches what has an order",
        "use suggest_int for the index of choices that have one, make a study for each choice, or "
        "give DirectLSampler an independent_sampler that draws it",
    )


def _real(given: FloatDistribution) -> Parameter:
    if given.step is not None:
        return SteppedParameter(given.low, given.high, given.step)
    return (LogParameter if given.log else RealParameter)(given.low, given.high)


def _whole(given: IntDistribution) -> Parameter:
    if given.log:
        return LogWholeParameter(given.low, given.high)
    return SteppedParameter(given.low, given.high, given.step)


def is_searchable(distribution: BaseDistribution) -> bool:
    """Whether a distribution has an order, and more than one value."""
    return not isinstance(distribution, CategoricalDistribution) and not distribution.single()


def digest_of(distributions: Distributions) -> str:
    """Return a name of a search space: the same in every process, whatever the order is."""
    texts = {name: distribution_to_json(d) for name, d in distributions.items()}
    return sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()[:16]
