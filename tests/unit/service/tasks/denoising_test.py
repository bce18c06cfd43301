"""Denoising takes samples of every sort, since the noise is added."""

from __future__ import annotations

import pytest

from service import networks
from service.errors import InvalidSpecError
from service.tasks.denoising import INFO
from tests.support.tasks import MANIFESTS, job


@pytest.mark.parametrize("name", MANIFESTS)
def test_it_takes_every_set_and_gives_back_its_channels(name: str) -> None:
    assert INFO.misfit(MANIFESTS[name]) is None
    assert INFO.n_outputs(MANIFESTS[name]) == 3


def test_a_job_of_it_trains_a_denoiser_on_patches() -> None:
    spec = job("denoising")
    assert spec.network is not None
    assert "denoising" in networks.describe(spec.network.kind).tasks
    with pytest.raises(InvalidSpecError, match="size_px"):
        job("denoising", task={"kind": "denoising", "size_px": 32})


@pytest.mark.parametrize("sigma", [0.0, -1.0, 256.0])
def test_noise_has_a_strength_of_a_byte(sigma: float) -> None:
    job("denoising", task={"kind": "denoising", "noise_sigma": 255.0})
    with pytest.raises(InvalidSpecError, match="noise_sigma"):
        job("denoising", task={"kind": "denoising", "noise_sigma": sigma})
