"""Every network of ours as one file: run as it stands, it computes what ours computes."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from densearch.plugins.shape import InputShape
from workers.bundle.network_source import needed_package, source_of
from workers.training.networks import NETWORKS, build_network
from workers.training.norm_folding import fold_batch_norm

SIZES = {"depth": 2, "width": 4, "kernel_size": 3}
SECTIONS: dict[str, dict[str, Any]] = {
    "small_cnn": SIZES,
    "dncnn": {**SIZES, "depth": 3},
    **{kind: {**SIZES, "n_stages": 2} for kind in ("vgg", "resnet", "unet", "nafnet")},
}


def test_every_network_is_tried() -> None:
    assert SECTIONS.keys() == NETWORKS.keys()


@pytest.mark.parametrize("is_folded", [False, True])
@pytest.mark.parametrize("kind", SECTIONS)
def test_the_file_builds_the_network_from_torch_alone(
    kind: str, is_folded: bool, tmp_path: Path
) -> None:
    section, shape = (
        {"kind": kind, **SECTIONS[kind]},
        {"n_channels": 1, "size_px": 12, "n_dims": 2},
    )
    network = build_network(section, InputShape(**shape), 3, torch.Generator().manual_seed(1))
    before = network.state_dict().keys()
    norms = fold_batch_norm(network.eval()) if is_folded else []
    state = network.eval().state_dict()
    given = [n.removesuffix(".bias") for n in state if n.endswith(".bias") and n not in before]
    source = source_of(section, shape, 3, norms, given)
    assert not any(word in source for word in ("import densearch", "from densearch", "workers."))
    save_file(state, tmp_path / "model.safetensors")
    module = ModuleType("network")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "network", module)  # dataclasses look it up
        exec(compile(source, "network.py", "exec"), module.__dict__)  # noqa: S102 - what is tested
        loaded = module.__dict__["load"](str(tmp_path / "model.safetensors"))
    inputs = torch.randn((2, 1, 12, 12), generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        assert torch.equal(loaded(inputs), network(inputs))
    assert needed_package(kind) is None
