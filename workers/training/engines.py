"""Convolutions for which a GPU's library has no deterministic kernel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

# Said by torch of cuDNN: "GET was unable to find an engine", "FIND was unable to find an engine".
_NO_ENGINE = "unable to find an engine"


class NoEngineError(ValueError):
    """A pass asked for a convolution that cuDNN cannot compute deterministically."""


@contextmanager
def engines_explained(precision: str) -> Iterator[None]:
    """Say what to do where a forward or a backward pass finds no engine.

    Raises:
        NoEngineError: In place of torch's error.
    """
    try:
        yield
    except RuntimeError as error:
        if _NO_ENGINE not in str(error):
            raise
        remedy = "set training.precision to float32, or take a smaller kernel_size"
        raise NoEngineError(
            f"cuDNN has no deterministic engine for a convolution of this network in {precision}: "
            f"{remedy if precision != 'float32' else 'take a smaller kernel_size or batch_size'}"
        ) from error
