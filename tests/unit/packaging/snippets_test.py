"""The user guide's Python runs as it stands, and weights a network as it says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from service.jobs.density_files import to_npz
from service.records import DensityRecord
from tests.support.root import ROOT

ALPHA = (0.3, 0.8, 1.0, 0.8, 0.3)
BETA = (0.1, 0.5, 1.0, 0.6, 0.2)


def snippets() -> list[str]:
    text = (ROOT / "docs" / "user-guide.md").read_text(encoding="utf-8")
    found = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [snippet for snippet in found if "np.load" in snippet]


class Network(nn.Module):
    """Two convolutions with a density, one without."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 3, 5, padding=2), nn.ReLU(), nn.Conv2d(3, 2, 1), nn.Conv2d(2, 1, 5)
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.layers(images)
        return result


@pytest.fixture
def downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """A density where the guide expects it; returns its Phi."""
    phi = [[a * b for b in BETA] for a in ALPHA]
    record = DensityRecord(
        id=1, job_id=1, study_id=1, trial_id=1, layer="", family="separable", kernel_size=5,
        n_dims=2, vector=[], alpha=list(ALPHA), beta=list(BETA), phi=phi, den=None, provenance={},
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    path = tmp_path / "out" / "job-1" / "density-best.npz"
    path.parent.mkdir(parents=True)
    path.write_bytes(to_npz(record))
    monkeypatch.chdir(tmp_path)
    return np.array(phi)


@pytest.mark.parametrize("snippet", snippets(), ids=["with the package", "without it"])
def test_snippet_weights_and_folds(snippet: str, downloaded: np.ndarray) -> None:
    torch.manual_seed(0)
    network = Network()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    names = {"MyNetwork": lambda: network, "network": network, "train": lambda _: None}
    exec(snippet, names)  # noqa: S102 - the guide's own code
    after = network.state_dict()
    assert after.keys() == before.keys(), "plain convolutions remain"
    phi = torch.as_tensor(downloaded, dtype=torch.float32)
    for name, value in before.items():
        wanted = value * phi if value.shape[-2:] == phi.shape else value
        torch.testing.assert_close(after[name], wanted)


def test_both_ways_are_shown() -> None:
    assert len(snippets()) == 2
