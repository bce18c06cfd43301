"""Checks of the arguments of a search; each error names the argument."""

from __future__ import annotations

import math
import operator


def whole(name: str, value: int, *, least: int = 1, most: int | None = None) -> int:
    """Return a whole number within its range.

    Raises:
        ValueError: It is outside the range.
        TypeError: It is no whole number.
    """
    try:
        number = operator.index(value)
    except TypeError as error:
        raise TypeError(f"{name} must be a whole number, not {value!r:.100}") from error
    if number < least or (most is not None and number > most):
        allowed = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} must be a whole number, {allowed}, not {value!s:.100}")
    return number


def finite(name: str, value: float, *, least: float = -math.inf) -> float:
    """Return a finite number within its range.

    Raises:
        ValueError: It is not finite, or too low.
        TypeError: It is no number.
    """
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be a number, not {value!r:.100}") from error
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or number < least:
        allowed = "" if least == -math.inf else f", at least {least:g}"
        raise ValueError(f"{name} must be a finite number{allowed}, not {value!s:.100}")
    return number
