"""Files of a stored density, NumPy and CSV, and the figures of its shape."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass

import numpy as np

from densearch.density.families import Density
from densearch.density.rank_one import outer, rank_one
from densearch.density.scale import matching_factor
from service.records import DensityRecord


@dataclass(frozen=True, slots=True)
class Shape:
    """Figures of a density's shape (docs/densities.md); None where undefined.

    Attributes:
        effective_radius: sum(Phi d) / sum(Phi), in taps.
        centre_share: The centre's part of sum(Phi).
        anisotropy: The radius by rows over that by columns.
        residual: |Phi - alpha x beta| / |Phi|: 0 where Phi is the product of alpha and beta.
        scale: The root mean square of Phi.
        den_fault: Why the authors' half-list cannot say it; None where it can.
    """

    effective_radius: float | None
    centre_share: float | None
    anisotropy: float | None
    residual: float
    scale: float
    den_fault: str | None


def density_of(record: DensityRecord) -> Density:
    """Rebuild the density of a record; where its factors differ, `phi` counts."""
    phi = np.asarray(record.phi, dtype=np.float64)
    given = [f for f in (record.alpha, record.beta) if f is not None][: record.n_dims]
    factors = tuple(np.asarray(factor, dtype=np.float64) for factor in given)
    residual = 0.0
    if len(factors) < record.n_dims:  # a volume's third factor has no column of its own
        factors, residual = rank_one(phi)
    elif np.any(phi):
        residual = float(np.linalg.norm(phi - outer(factors)) / np.linalg.norm(phi))
    return Density(
        family=record.family,
        kernel_size=record.kernel_size,
        n_dims=record.n_dims,
        vector=tuple(record.vector),
        factors=factors,
        phi=phi,
        residual=residual,
    )


def shape_of(record: DensityRecord) -> Shape:
    """Compute the figures of a stored density's shape."""
    density = density_of(record)
    return Shape(
        effective_radius=density.effective_radius,
        centre_share=density.centre_share,
        anisotropy=density.anisotropy,
        residual=density.residual,
        scale=matching_factor(density),
        den_fault=density.den_fault,
    )


def gamma_of(record: DensityRecord) -> list[float] | None:
    """Return a volume's third factor, computed from Phi (no column holds it); None for others."""
    if record.n_dims < 3:
        return None
    gamma: list[float] = density_of(record).factors[2].tolist()
    return gamma


def to_npz(record: DensityRecord) -> bytes:
    """Return a density as the bytes of a NumPy archive that loads without pickle.

    Arrays: phi, shape (K,) * n_dims; alpha, beta and gamma, one for each axis, shape (K,); vector;
    den where it has one; all float64. Scalars: kernel_size, n_dims, family. Provenance as JSON
    text.
    """
    arrays: dict[str, object] = {
        "phi": np.asarray(record.phi, dtype=np.float64),
        "alpha": np.asarray(record.alpha, dtype=np.float64),
        "vector": np.asarray(record.vector, dtype=np.float64),
        "kernel_size": np.int64(record.kernel_size),
        "n_dims": np.int64(record.n_dims),
        "family": np.str_(record.family),
        "provenance": np.str_(json.dumps(record.provenance)),
    }
    others = {"beta": record.beta, "gamma": gamma_of(record), "den": record.den}
    for name, values in others.items():
        if values is not None:
            arrays[name] = np.asarray(values, dtype=np.float64)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{name: np.asarray(a) for name, a in arrays.items()})
    return file.getvalue()


def to_safetensors(record: DensityRecord) -> bytes:
    """Return a density as safetensors: the arrays of `to_npz`, and texts as metadata."""
    from safetensors.numpy import save  # one format of many

    given = {"phi": record.phi, "alpha": record.alpha, "vector": record.vector}
    others = {"beta": record.beta, "gamma": gamma_of(record), "den": record.den}
    arrays = {
        name: np.ascontiguousarray(values, dtype=np.float64)
        for name, values in {**given, **others}.items()
        if values is not None
    }
    texts = {"family": record.family, "provenance": json.dumps(record.provenance)}
    content: bytes = save(arrays, texts)
    return content


def to_csv(record: DensityRecord) -> str:
    """Return a density as CSV: a line for each value of its factors, of den and of Phi, exact.

    Columns: array, index (in the array, one part for each axis, joined by a space), value.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["array", "index", "value"])
    arrays = {"alpha": record.alpha, "beta": record.beta, "gamma": gamma_of(record)}
    for name, values in {**arrays, "den": record.den, "phi": record.phi}.items():
        if values is None:
            continue
        array = np.asarray(values, dtype=np.float64)
        for index in np.ndindex(array.shape):
            writer.writerow([name, " ".join(map(str, index)), repr(float(array[index]))])
    return text.getvalue()
