"""Ranges in which the values of a density are searched.

Source: Cammarasana and Patane, arXiv:2505.24558, for those that the authors advise.
"""

from __future__ import annotations

from densearch.density.families import n_free

Bounds = list[tuple[float, float]]

# Outermost value first (arXiv:2505.24558). Larger kernels have no published range.
ADVISED_BOUNDS: dict[int, Bounds] = {
    3: [(0.5, 1.5)],
    5: [(0.05, 1.0), (0.5, 1.5)],
    7: [(0.05, 0.5), (0.15, 1.0), (0.25, 1.5)],
}


def default_bounds(family: str, kernel_size: int, n_dims: int = 2) -> Bounds:
    """A search range (low, high) per entry of the vector.

    Mirrored and separable families take the authors' advice for K = 3, 5, 7; (0.05, 1.5) beyond.
    Ours, in lack of advice: radial and full (0, 1.5); sigma from 0.25 taps (a spike) to 2 K taps
    (nearly uniform); the power family's scale the same, its exponent 0.5 (spike) to 8 (box).

    Raises:
        ValueError: As `n_free`.
    """
    length = n_free(family, kernel_size, n_dims)
    half = ADVISED_BOUNDS.get(kernel_size, [(0.05, 1.5)] * (kernel_size // 2))
    widths: Bounds = [(0.25, 2.0 * kernel_size), (0.5, 8.0)]
    if family == "symmetric":
        return list(half)
    if family == "separable-symmetric":
        return half * n_dims
    if family == "separable":
        return (half + half[::-1]) * n_dims
    return widths[:length] if family in {"gaussian", "power"} else [(0.0, 1.5)] * length


def wide_bounds(family: str, kernel_size: int, n_dims: int = 2) -> Bounds:
    """A search range (low, high) per entry, with the plain convolution in the middle of the box.

    Each tap from 0, where it is gone, to 2, so that 1 is in the middle for every kernel; the
    authors' ranges lie inside. Widths have no value for the plain convolution: theirs are those of
    `default_bounds`.

    Raises:
        ValueError: As `n_free`.
    """
    if family in {"gaussian", "power"}:
        return default_bounds(family, kernel_size, n_dims)
    return [(0.0, 2.0)] * n_free(family, kernel_size, n_dims)
