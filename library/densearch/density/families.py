"""The density of a weighted convolution: a search vector becomes alpha, beta and Phi.

A weighted convolution computes ``conv(x, W * Phi)``, where the density ``Phi`` has the shape of
the kernel's window, (K,) * n_dims, and the value 1 at its centre. Where it is of rank one it is
the outer product of one factor per axis (alpha, beta, gamma).

Source: Cammarasana and Patane, arXiv:2505.24527, whose half-list ``den`` is the vector of the
family ``symmetric``; arXiv:2505.24558 for the ranges.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from densearch.density.rank_one import outer, rank_one

Array = NDArray[np.float64]

FAMILIES: tuple[str, ...] = (
    "symmetric",
    "separable-symmetric",
    "separable",
    "radial",
    "full",
    "gaussian",
    "power",
)
CONTROLS: tuple[str, ...] = ("uniform", "linear", "gaussian", "flat")
FACTOR_NAMES: tuple[str, ...] = ("alpha", "beta", "gamma")
MAX_KERNEL_SIZE = 31
MAX_VALUE = 1e6
DEFAULT_FLAT_FACTOR = 0.5


@dataclass(frozen=True, eq=False)
class Density:
    """One density with its factors.

    Attributes:
        family: One of `FAMILIES`, or the name of a control.
        kernel_size: K, odd.
        n_dims: 1 for signals, 2 for images, 3 for volumes.
        vector: The values it was built from, in the order of `describe`.
        factors: One array of shape (K,) per axis. For a density that is not of rank one, the best
            rank-one approximation, its scale shared equally by the axes.
        phi: Shape (K,) * n_dims, float64.
        residual: ``|phi - outer(factors)| / |phi|`` in the Frobenius norm; 0 when of rank one.
        factor: The common factor of a density that was built by `scaled`, the root mean square of
            its Phi; None where the centre is 1.
    """

    family: str
    kernel_size: int
    n_dims: int
    vector: tuple[float, ...]
    factors: tuple[Array, ...]
    phi: Array
    residual: float
    factor: float | None = None

    @property
    def alpha(self) -> Array:
        """The factor of the first axis (rows), shape (K,)."""
        return self.factors[0]

    @property
    def beta(self) -> Array:
        """The factor of the second axis (columns), shape (K,); alpha itself in a signal."""
        return self.factors[min(1, self.n_dims - 1)]

    @property
    def den(self) -> list[float] | None:
        """The authors' half-list, outermost value first, or None when not of that form.

        The form: rank one, every axis the same, mirrored, 1 at the centre.
        """
        half = self.alpha[: self.kernel_size // 2]
        mirrored = np.concatenate([half, [1.0], half[::-1]])
        rebuilt = outer([mirrored] * self.n_dims)
        if not np.allclose(self.phi, rebuilt, rtol=1e-9, atol=1e-12):
            return None
        return [float(value) for value in half]

    @property
    def den_fault(self) -> str | None:
        """Why `den` cannot say this density; None where it can.

        A density whose centre is c is c times one of centre 1: initial weights c times as large
        stand for it and, in SGD, c^2 times the learning rate (docs/densities.md).
        """
        if self.den is not None:
            return None
        centre = float(self.phi[(self.kernel_size // 2,) * self.n_dims])
        if not math.isclose(centre, 1.0, rel_tol=1e-9) and centre != 0.0:
            factors, residual = rank_one(self.phi / centre)
            one = replace(self, phi=self.phi / centre, factors=tuple(factors), residual=residual)
            if one.den is None:
                return f"its centre is {centre:.4g}, where den has 1, and {one.den_fault}"
            values = ", ".join(f"{value:.4g}" for value in one.den)
            return (
                f"its centre is {centre:.4g}, where den has 1: it is den [{values}] with initial "
                f"weights {centre:.4g} times as large and, in SGD, {centre**2:.4g} times the "
                "learning rate"
            )
        if self.residual > 1e-9:
            return "it is not the product of one factor for each axis"
        return "its factors are not the same, mirrored list with 1 at the centre"

    @property
    def effective_radius(self) -> float | None:
        """sum(Phi d) / sum(Phi) in taps, d the Euclidean distance; None when sum(Phi) is 0."""
        return self._mean_of(distances(self.kernel_size, self.n_dims))

    @property
    def centre_share(self) -> float | None:
        """The centre's part of sum(Phi); None when that sum is 0."""
        total = float(self.phi.sum())
        centre = float(self.phi[(self.kernel_size // 2,) * self.n_dims])
        return centre / total if total else None

    @property
    def anisotropy(self) -> float | None:
        """Mean distance along rows over that along columns; 1 is isotropic, None is undefined."""
        if self.n_dims == 1:
            return None
        by_rows, by_columns = (self._mean_of(steps) for steps in self._axis_distances()[:2])
        return by_rows / by_columns if by_rows is not None and by_columns else None

    def to_dict(self) -> dict[str, object]:
        """Everything above as plain values that JSON can carry exactly."""
        names = FACTOR_NAMES[: self.n_dims]
        return {
            "family": self.family,
            "kernel_size": self.kernel_size,
            "n_dims": self.n_dims,
            "vector": list(self.vector),
            **{name: factor.tolist() for name, factor in zip(names, self.factors, strict=True)},
            "phi": self.phi.tolist(),
            "residual": self.residual,
            "den": self.den,
            "effective_radius": self.effective_radius,
            "centre_share": self.centre_share,
            "anisotropy": self.anisotropy,
        }

    def _mean_of(self, quantity: Array) -> float | None:
        total = float(self.phi.sum())
        return float((self.phi * quantity).sum()) / total if total else None

    def _axis_distances(self) -> list[Array]:
        line = np.abs(_offsets(self.kernel_size))
        return list(np.meshgrid(*[line] * self.n_dims, indexing="ij"))


def distances(kernel_size: int, n_dims: int = 2) -> Array:
    """Euclidean distance of each tap to the centre, in taps, shape (K,) * n_dims."""
    line = _offsets(kernel_size) ** 2
    squares = np.meshgrid(*[line] * n_dims, indexing="ij")
    return np.array(np.sqrt(np.sum(squares, axis=0)))


@cache
def n_free(family: str, kernel_size: int, n_dims: int = 2) -> int:
    """The length of a family's search vector.

    Raises:
        ValueError: An unknown family, an even or too large kernel, or not 1 to 3 dimensions.
    """
    return len(describe(family, kernel_size, n_dims))


def describe(family: str, kernel_size: int, n_dims: int = 2) -> list[str]:
    """Names of the vector's entries, in its order.

    ``den[0]`` is the outermost value; ``alpha[2]`` both taps at offset 2 of a mirrored factor;
    ``alpha[-2]`` the tap at offset -2; ``phi(d=1.414)`` all taps at that distance; ``phi[0,1]``
    one tap by its indices.

    Raises:
        ValueError: As `n_free`.
    """
    _check_shape(family, kernel_size, n_dims)
    radius = kernel_size // 2
    axes = FACTOR_NAMES[:n_dims]
    if family == "symmetric":
        return [f"den[{i}]" for i in range(radius)]
    if family == "separable-symmetric":
        return [f"{axis}[{step}]" for axis in axes for step in range(radius, 0, -1)]
    if family == "separable":
        offsets = [step for step in range(-radius, radius + 1) if step]
        return [f"{axis}[{step:+d}]" for axis in axes for step in offsets]
    if family == "radial":
        return [f"phi(d={math.sqrt(d):.4g})" for d in _squared_radii(kernel_size, n_dims)]
    if family == "full":
        centre = (radius,) * n_dims
        taps = (tap for tap in np.ndindex((kernel_size,) * n_dims) if tap != centre)
        return ["phi[" + ",".join(map(str, tap)) + "]" for tap in taps]
    return ["sigma"] if family == "gaussian" else ["scale", "exponent"]


def build(family: str, kernel_size: int, vector: Sequence[float], n_dims: int = 2) -> Density:
    """Build the density that a search vector stands for.

    Args:
        family: One of `FAMILIES`.
        kernel_size: K, odd, 3 to `MAX_KERNEL_SIZE`.
        vector: Finite values, `n_free` of them, in the order of `describe`. Widths (sigma, scale,
            exponent) are above 0.
        n_dims: 1, 2 or 3.

    Raises:
        ValueError: As `n_free`; a vector of another length; a value that is not finite, beyond
            `MAX_VALUE` or no width.
    """
    names = describe(family, kernel_size, n_dims)
    values = _check_vector(family, names, vector)
    factors, phi = _BUILDERS[family](np.asarray(values), kernel_size, n_dims)
    return _density(family, kernel_size, n_dims, values, factors, phi)


def control(
    name: str,
    kernel_size: int,
    *,
    sigma: float | None = None,
    factor: float | None = None,
    n_dims: int = 2,
) -> Density:
    """Build a baseline that every comparison contains.

    Args:
        name: ``uniform`` (1 everywhere), ``linear`` (1 - d / (r + 1) per axis, r = (K - 1) / 2),
            ``gaussian`` (width `sigma`), ``flat`` (`factor` everywhere: scale without shape, the
            one density whose centre is not 1).
        kernel_size: K, odd, 3 to `MAX_KERNEL_SIZE`.
        sigma: In taps, above 0; r when None.
        factor: Above 0; `DEFAULT_FLAT_FACTOR` when None. `matching_factor` of
            `densearch.density.scale` gives the fair one.
        n_dims: 1, 2 or 3.

    Raises:
        ValueError: An unknown name, a wrong kernel or dimension, a width or factor not above 0.
    """
    if name not in CONTROLS:
        raise ValueError(f"unknown control {name!r}; there are {', '.join(CONTROLS)}")
    _check_shape("full", kernel_size, n_dims)
    radius = kernel_size // 2
    values: tuple[float, ...] = ()
    line = np.ones(kernel_size)
    if name == "linear":
        line = 1.0 - np.abs(_offsets(kernel_size)) / (radius + 1)
    elif name == "gaussian":
        values = _check_vector(name, ["sigma"], [float(radius) if sigma is None else sigma])
        line = _gaussian_line(values[0], kernel_size)
    elif name == "flat":
        values = _check_vector(
            name, ["factor"], [DEFAULT_FLAT_FACTOR if factor is None else factor]
        )
        line = np.full(kernel_size, values[0] ** (1.0 / n_dims))
    phi = np.full((kernel_size,) * n_dims, values[0]) if name == "flat" else None
    return _density(name, kernel_size, n_dims, values, (line,) * n_dims, phi)


Built = tuple[tuple[Array, ...] | None, Array | None]


def _build_symmetric(values: Array, kernel_size: int, n_dims: int) -> Built:
    del kernel_size
    return (np.concatenate([values, [1.0], values[::-1]]),) * n_dims, None


def _build_separable_symmetric(values: Array, kernel_size: int, n_dims: int) -> Built:
    halves = values.reshape(n_dims, kernel_size // 2)
    return tuple(np.concatenate([half, [1.0], half[::-1]]) for half in halves), None


def _build_separable(values: Array, kernel_size: int, n_dims: int) -> Built:
    rows = values.reshape(n_dims, kernel_size - 1)
    return tuple(np.insert(row, kernel_size // 2, 1.0) for row in rows), None


def _build_radial(values: Array, kernel_size: int, n_dims: int) -> Built:
    squared = np.rint(distances(kernel_size, n_dims) ** 2).astype(np.int64)
    by_distance = dict(zip(_squared_radii(kernel_size, n_dims), values.tolist(), strict=True))
    by_distance[0] = 1.0
    flat = [by_distance[int(square)] for square in squared.ravel()]
    return None, np.asarray(flat).reshape(squared.shape)


def _build_full(values: Array, kernel_size: int, n_dims: int) -> Built:
    return None, np.insert(values, values.size // 2, 1.0).reshape((kernel_size,) * n_dims)


def _build_gaussian(values: Array, kernel_size: int, n_dims: int) -> Built:
    return (_gaussian_line(float(values[0]), kernel_size),) * n_dims, None


def _build_power(values: Array, kernel_size: int, n_dims: int) -> Built:
    scale, exponent = values
    # Far taps of a steep box overflow the power; their density is exactly 0 all the same.
    with np.errstate(over="ignore", under="ignore"):
        return None, np.exp(-((distances(kernel_size, n_dims) / scale) ** exponent))


_BUILDERS: dict[str, Callable[[Array, int, int], Built]] = {
    "symmetric": _build_symmetric,
    "separable-symmetric": _build_separable_symmetric,
    "separable": _build_separable,
    "radial": _build_radial,
    "full": _build_full,
    "gaussian": _build_gaussian,
    "power": _build_power,
}


def _density(
    family: str,
    kernel_size: int,
    n_dims: int,
    vector: tuple[float, ...],
    factors: tuple[Array, ...] | None,
    phi: Array | None,
) -> Density:
    residual = 0.0
    if phi is None and factors is not None:
        phi = outer(factors)
    if phi is None:
        raise ValueError("a density needs its factors or its values")
    if factors is None:
        factors, residual = rank_one(phi)
    for array in (phi, *factors):
        array.setflags(write=False)
    return Density(family, kernel_size, n_dims, vector, tuple(factors), phi, residual)


def _offsets(kernel_size: int) -> Array:
    return np.arange(kernel_size, dtype=np.float64) - kernel_size // 2


def _gaussian_line(sigma: float, kernel_size: int) -> Array:
    with np.errstate(over="ignore", under="ignore"):
        return np.exp(-0.5 * (_offsets(kernel_size) / sigma) ** 2)


def _squared_radii(kernel_size: int, n_dims: int) -> list[int]:
    """Distinct squared distances to the centre but 0, outermost first."""
    squares = np.rint(distances(kernel_size, n_dims) ** 2).astype(np.int64)
    return [int(square) for square in np.unique(squares)[:0:-1]]


def _check_shape(family: str, kernel_size: int, n_dims: int) -> None:
    if family not in FAMILIES:
        raise ValueError(f"unknown family {family!r}; there are {', '.join(FAMILIES)}")
    if n_dims not in {1, 2, 3}:
        raise ValueError(f"n_dims must be 1, 2 or 3, not {n_dims}")
    if kernel_size % 2 == 0 or not 3 <= kernel_size <= MAX_KERNEL_SIZE:
        raise ValueError(
            f"kernel_size must be odd, from 3 to {MAX_KERNEL_SIZE}, not {kernel_size}"
            " (a density needs a centre, and a kernel of 1 has nothing to weigh)"
        )


def _check_vector(family: str, names: Sequence[str], vector: Sequence[float]) -> tuple[float, ...]:
    values = tuple(float(value) for value in vector)
    if len(values) != len(names):
        raise ValueError(
            f"{family} takes {len(names)} value(s) ({', '.join(names[:8])}"
            f"{', ...' if len(names) > 8 else ''}), not {len(values)}"
        )
    for name, value in zip(names, values, strict=True):
        if not abs(value) <= MAX_VALUE:  # NaN and inf too
            raise ValueError(f"{name} must be finite and at most {MAX_VALUE:g}, not {value}")
        if name in {"sigma", "scale", "exponent", "factor"} and value <= 0.0:
            raise ValueError(f"{name} must be above 0, not {value}")
    return values
