"""From Ray Tune's domains to the parameters of a search."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ray.tune.search.sample import Categorical, Float, Integer, LogUniform, Quantized, Uniform
from ray.tune.search.variant_generator import parse_spec_vars

from densearch.direct_l.parameters import (
    LogParameter,
    LogWholeParameter,
    Parameter,
    RealParameter,
    SteppedParameter,
    UnsearchableParameterError,
)


def parameters_of(space: Mapping[str, Any]) -> dict[str, Parameter]:
    """Return the parameters that a space of Ray Tune has, by their paths such as ``opt/lr``.

    Constants are no parameters: Tune passes them on itself.

    Raises:
        UnsearchableParameterError: DIRECT-L cannot search one of them.
    """
    _, domains, grids = parse_spec_vars(dict(space))
    for path, _ in grids:
        raise UnsearchableParameterError(
            "/".join(path),
            "is a grid search, which Tune runs itself",
            "use tune.uniform, tune.loguniform, tune.quniform, tune.randint or tune.lograndint",
        )
    found = {"/".join(map(str, path)): domain for path, domain in domains}
    return {name: parameter_of(name, domain) for name, domain in found.items()}


def parameter_of(name: str, domain: Any) -> Parameter:  # noqa: ANN401 - Ray is untyped
    """Return the axis that a domain describes.

    Raises:
        UnsearchableParameterError: It has no order, no bounds, or is quantised on a logarithmic
            axis.
    """
    how = domain.get_sampler()
    step = how.q if isinstance(how, Quantized) else None
    how = how.get_sampler() if isinstance(how, Quantized) else how
    if isinstance(domain, Float) and isinstance(how, Uniform):
        return _real(name, domain, step)
    if isinstance(domain, Integer) and isinstance(how, Uniform):
        return _whole(name, domain, step)
    if isinstance(domain, Float | Integer) and isinstance(how, LogUniform) and step is None:
        if isinstance(domain, Float):
            return _ordered(name, LogParameter(float(domain.lower), float(domain.upper)))
        return _ordered(name, LogWholeParameter(int(domain.lower), int(domain.upper) - 1))
    raise UnsearchableParameterError(name, *_objection(domain, how))


def _objection(domain: object, how: object) -> tuple[str, str]:
    if isinstance(domain, Categorical):
        return (
            "is a choice, and DIRECT-L searches what has an order",
            "use tune.randint for their index where they have one, else an experiment for each",
        )
    if isinstance(how, LogUniform):
        return (
            "is quantised on a logarithmic axis",
            "use tune.loguniform or tune.lograndint, or tune.quniform without the logarithm",
        )
    return (
        f"is no range with two bounds, but a {type(domain).__name__}",
        "use tune.uniform, tune.loguniform, tune.quniform, tune.randint or tune.lograndint",
    )


def _real(name: str, domain: Any, step: float | None) -> Parameter:  # noqa: ANN401
    low, high = float(domain.lower), float(domain.upper)
    if step is None:
        return _ordered(name, RealParameter(low, high))
    first, last = _indices(low, high, step)
    return _ordered(name, SteppedParameter(first * step, last * step, step))


def _whole(name: str, domain: Any, step: float | None) -> Parameter:  # noqa: ANN401
    low, high = int(domain.lower), int(domain.upper)
    if step is None or step == 1:  # Tune's upper bound is inclusive with larger steps only
        return _ordered(name, SteppedParameter(low, high - 1, 1))
    whole = int(step)
    first, last = _indices(low, high, whole)
    return _ordered(name, SteppedParameter(first * whole, last * whole, whole))


def _indices(low: float, high: float, step: float) -> tuple[int, int]:
    """Return the first and last multiple of a step between two bounds, as Tune rounds them."""
    first, last = low / step, high / step
    return (
        round(first) if math.isclose(first, round(first)) else math.ceil(first),
        round(last) if math.isclose(last, round(last)) else math.floor(last),
    )


def _ordered(
    name: str, parameter: RealParameter | LogParameter | SteppedParameter | LogWholeParameter
) -> Parameter:
    """Return a parameter whose bounds are in order, and finite."""
    if not (parameter.low <= parameter.high and math.isfinite(parameter.high - parameter.low)):
        raise UnsearchableParameterError(
            name,
            f"has no value between {parameter.low} and {parameter.high}",
            "give finite bounds, the low one first",
        )
    return parameter
