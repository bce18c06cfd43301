"""A stored density leaves as NumPy, CSV and figures, with nothing lost."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import numpy as np
import pytest

from densearch.density import families
from service.jobs import density_files
from service.records import DensityRecord


def _record(family: str, vector: list[float], kernel_size: int, n_dims: int = 2) -> DensityRecord:
    values = families.build(family, kernel_size, vector, n_dims)
    return DensityRecord(
        id=1,
        job_id=1,
        study_id=1,
        trial_id=1,
        layer="",
        family=family,
        kernel_size=kernel_size,
        n_dims=n_dims,
        vector=vector,
        alpha=values.factors[0].tolist(),
        beta=values.factors[1].tolist() if n_dims > 1 else None,
        phi=values.phi.tolist(),
        den=values.den,
        provenance={"job": "photos", "note": "é"},
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


THIRDS = _record("symmetric", [1 / 3], 3)
FULL = _record("full", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], 3)


def test_the_figures_follow_their_definitions() -> None:
    # alpha = [1/3, 1, 1/3]: sum(Phi) = (5/3)^2; four taps of 1/3 at 1, four of 1/9 at sqrt 2.
    shape = density_files.shape_of(THIRDS)
    total = 25 / 9
    assert shape.centre_share == pytest.approx(1 / total)
    assert shape.effective_radius == pytest.approx((4 / 3 + 4 / 9 * 2**0.5) / total)
    assert shape.anisotropy == pytest.approx(1.0)
    assert shape.residual == pytest.approx(0.0, abs=1e-15)


def test_the_residual_is_what_the_singular_values_leave() -> None:
    values = np.linalg.svd(np.asarray(FULL.phi), compute_uv=False)
    expected = np.linalg.norm(values[1:]) / np.linalg.norm(values)
    assert density_files.shape_of(FULL).residual == pytest.approx(expected)


@pytest.mark.parametrize("record", [THIRDS, FULL], ids=["symmetric", "full"])
def test_numpy_reads_the_archive_without_pickle(record: DensityRecord) -> None:
    with np.load(io.BytesIO(density_files.to_npz(record)), allow_pickle=False) as found:
        assert found["phi"].tolist() == record.phi
        assert found["alpha"].tolist() == record.alpha
        assert found["beta"].tolist() == record.beta
        assert int(found["kernel_size"]) == record.kernel_size
        assert str(found["family"]) == record.family
        assert ("den" in found) == (record.den is not None)


def test_a_volume_has_a_third_factor_and_a_signal_has_one() -> None:
    volume = _record("separable", [0.2, 0.4, 0.6, 0.8, 1.2, 1.4], 3, 3)
    with np.load(io.BytesIO(density_files.to_npz(volume)), allow_pickle=False) as found:
        factors = [found[name] for name in ("alpha", "beta", "gamma")]
        np.testing.assert_allclose(np.einsum("i,j,k", *factors), found["phi"], rtol=1e-12)
        np.testing.assert_allclose(factors[2], [1.2, 1.0, 1.4], rtol=1e-12)
    rows = list(csv.DictReader(io.StringIO(density_files.to_csv(volume))))
    assert [row["index"] for row in rows if row["array"] == "gamma"] == ["0", "1", "2"]
    signal = _record("symmetric", [0.5], 3, 1)
    with np.load(io.BytesIO(density_files.to_npz(signal)), allow_pickle=False) as found:
        assert not {"beta", "gamma"} & {*found}
        assert found["alpha"].tolist() == found["phi"].tolist() == [0.5, 1.0, 0.5]


def test_the_csv_holds_every_value_exactly() -> None:
    rows = list(csv.DictReader(io.StringIO(density_files.to_csv(THIRDS))))
    cells = {row["index"]: float(row["value"]) for row in rows if row["array"] == "phi"}
    expected = {f"{i} {j}": THIRDS.phi[i][j] for i in range(3) for j in range(3)}
    assert cells == expected
    assert [float(row["value"]) for row in rows if row["array"] == "den"] == [1 / 3]
