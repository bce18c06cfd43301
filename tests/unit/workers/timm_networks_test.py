"""timm's networks by name: with a module that answers as timm does, and with timm itself."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
import torch

from densearch.plugins import Layer
from densearch.plugins.shape import InputShape
from service.extensions.entry_points import PluginError
from tests.support.root import ROOT
from workers import timm_networks
from workers.timm_networks import Timm, TimmNetwork

FAKE = """
    from torch import nn

    def list_models():
        return ["tiny", "linear"]

    def is_model(name):
        return name in list_models()

    class StdConv2d(nn.Conv2d):
        # As timm's: its weights are standardised at each pass.
        def forward(self, samples):
            return self._conv_forward(samples, self.weight / self.weight.std(), self.bias)

    class Conv2dSame(nn.Conv2d):
        # As timm's: padded at each pass.
        def forward(self, samples):
            return super().forward(nn.functional.pad(samples, (0, 1, 0, 1)))

    def create_model(name, pretrained, in_chans=3, num_classes=1000):
        assert not pretrained
        if name == "linear":
            return nn.Sequential(nn.Flatten(), nn.LazyLinear(num_classes))
        network = nn.Sequential()
        network.add_module("stem", nn.Conv2d(in_chans, 4, 7, padding=3))
        network.add_module("cells", nn.Conv2d(4, 4, 2, stride=2))
        network.add_module("flat", nn.Conv2d(4, 4, (1, 3), padding=(0, 1)))
        network.add_module("body", nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.ReLU()))
        network.add_module("point", nn.Conv2d(4, 4, 1))
        network.add_module("wide", nn.Conv2d(4, 4, 33, padding=16))
        network.add_module("standard", StdConv2d(4, 4, 3, padding=1))
        network.add_module("same", Conv2dSame(4, 4, 3))
        network.add_module("pool", nn.AdaptiveAvgPool2d(1))
        network.add_module("flatten", nn.Flatten())
        network.add_module("head", nn.Linear(4, num_classes))
        network.feature_info = [dict(module="stem"), dict(module="body")]
        return network
"""
# In a process of its own, since the fake one has been imported here.
REAL = """
import json, torch
from service import networks, rules
from densearch.plugins.shape import InputShape
from workers.training.networks import build_network
job = {"name": "t", "task": {"kind": "classification", "dataset": "textures"},
       "network": {"kind": "timm:resnet18"}, "budget": {"n_trials": 2}}
spec = parse.parse(job)
section = spec.network.model_dump(mode="json")
network = build_network(section, InputShape(1, 32), 3, torch.Generator().manual_seed(0))
shape = list(network.eval()(torch.zeros(2, 1, 32, 32)).shape)
layers = networks.layers_of(spec.network)
print(json.dumps([shape, len(layers), layers[0].kernel_size, len(spec.density.bounds)]))
"""


@pytest.fixture
def _fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "timm.py").write_text(dedent(FAKE))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "timm", raising=False)
    timm_networks.layers_by_name.cache_clear()
    yield
    sys.modules.pop("timm", None)
    timm_networks.layers_by_name.cache_clear()


def layers(name: str) -> list[Layer]:
    return Timm().layers(TimmNetwork(kind=f"timm:{name}"))


@pytest.mark.usefixtures("_fake")
def test_odd_square_convolutions_carry_a_density_by_stage() -> None:
    assert layers("tiny") == [Layer("stem", 7, 1), Layer("body.0", 3, 2), Layer("same", 3, 2)]


@pytest.mark.usefixtures("_fake")
def test_it_is_built_for_the_channels_and_classes_of_the_task() -> None:
    built = Timm().build({"kind": "timm:tiny"}, InputShape(2, 8), 5)
    assert built(torch.ones(3, 2, 8, 8)).shape == (3, 5)
    assert not any(weight.is_meta for weight in built.parameters())


@pytest.mark.usefixtures("_fake")
def test_an_unknown_name_is_refused_with_those_like_it() -> None:
    with pytest.raises(PluginError, match=r"timm has no network 'tinny': did you mean tiny\?"):
        layers("tinny")


def test_a_torchvision_of_another_build_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raising = "raise RuntimeError('operator torchvision::nms does not exist')"
    (tmp_path / "timm.py").write_text(raising)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "timm", raising=False)
    timm_networks.layers_by_name.cache_clear()
    with pytest.raises(PluginError, match="install a torchvision of the same version and build"):
        layers("tiny")


@pytest.mark.usefixtures("_fake")
def test_a_tag_names_weights_that_are_not_used() -> None:
    with pytest.raises(PluginError, match=r"leave '\.a1_in1k' out, which names trained weights"):
        layers("tiny.a1_in1k")


def test_a_missing_timm_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    timm_networks.layers_by_name.cache_clear()
    with pytest.raises(PluginError, match=r"need torch and timm.*pip install -e '\.\[timm\]'"):
        layers("resnet18")


@pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="timm is not installed")
def test_resnet18_of_timm_itself() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", REAL], capture_output=True, text=True, cwd=ROOT, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    # He et al. 2015, table 1: 7x7, then 16 of 3x3. Three values of den at 7x7, one at 3x3.
    assert json.loads(ran.stdout) == [[2, 3], 17, 7, 4]
