"""A network as one Python file that needs torch alone: the sources of our modules, joined.

The file has what builds the network, and reads its weights from safetensors without a package for
it. A network of timm or of a plug-in is built by its package, which the file names.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from densearch.plugins import shape as shapes
from service.extensions import entry_points
from workers.training.networks import NETWORKS, layers

_OURS = ("densearch", "workers", "service")

_HEAD = '''"""The network of this bundle in plain torch{needs}.

    import network
    model = network.load("model.safetensors")   # on the CPU, in eval mode

Made by densearch from the sources of its networks (MIT licence).
"""
'''

_BUILD = '''

# What the network was built from.
SECTION = {section!r}
SHAPE = InputShape(**{shape!r})
N_OUTPUTS = {n_outputs!r}
# Norms that are folded into the convolutions before them, and the convolutions that so got biases.
FOLDED_NORMS = {norms!r}
GIVEN_BIASES = {biases!r}


def build() -> nn.Module:
    """Return the network without its trained weights."""
    network = {call}
    for name in FOLDED_NORMS:
        network.set_submodule(name, nn.Identity())
    for name in GIVEN_BIASES:
        layer = network.get_submodule(name)
        layer.bias = nn.Parameter(torch.zeros(layer.out_channels))
    return network


def load(path: str = "model.safetensors") -> nn.Module:
    """Return the trained network, on the CPU and in eval mode."""
    network = build()
    network.load_state_dict(tensors(path))
    return network.eval()


def tensors(path: str) -> dict:
    """Read a safetensors file: a length, a header in JSON, and the values."""
    content = bytearray(Path(path).read_bytes())
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    header.pop("__metadata__", None)
    return {{
        name: torch.frombuffer(
            content[begin + own["data_offsets"][0] : begin + own["data_offsets"][1]],
            dtype=_DTYPES[own["dtype"]],
        ).reshape(own["shape"])
        for name, own in header.items()
    }}


_DTYPES = {{
    **{{"F64": torch.float64, "F32": torch.float32, "F16": torch.float16}},
    **{{"BF16": torch.bfloat16, "I64": torch.int64, "I32": torch.int32, "BOOL": torch.bool}},
}}

if __name__ == "__main__":
    print(load())
'''
_IMPORTS = ("import json", "import torch", "from pathlib import Path", "from torch import nn")
_PLUGIN = '''

def _built() -> nn.Module:
    """Let the package {package} build it, as it was for the training."""
    (found,) = entry_points(group={group!r}, name={name!r})
    plugin = found.load()
    return plugin.build(SECTION, SHAPE, N_OUTPUTS)
'''


def source_of(
    section: Mapping[str, Any],
    shape: Mapping[str, Any],
    n_outputs: int,
    norms: Sequence[str] = (),
    biases: Sequence[str] = (),
) -> str:
    """Return the file of a network.

    Args:
        section: `kind` and the settings of that kind.
        shape: The fields of an `InputShape`.
        n_outputs: Channels of the output image, or classes.
        norms: Names of the norms that are folded.
        biases: Names of the convolutions that got biases so.

    Raises:
        PluginError: No package that is installed provides the network.
    """
    kind = str(section["kind"])
    own = {"section": dict(section), "shape": dict(shape), "n_outputs": n_outputs}
    folded = {"norms": list(norms), "biases": list(biases)}
    if kind in NETWORKS:
        factory = NETWORKS[kind]
        parts = [_text_of(shapes), _text_of(layers), _text_of(inspect.getmodule(factory))]
        call = f"{factory.__name__}(SECTION, SHAPE, N_OUTPUTS)"
        return _joined("", parts, _BUILD.format(**own, **folded, call=call))
    name = kind.partition(":")[0]
    package = entry_points.load(entry_points.NETWORKS, name).package
    needs = f" and {package}, which has to be installed with densearch"
    extra = (
        "from importlib.metadata import entry_points\nfrom densearch.plugins import InputShape\n"
    )
    group = entry_points.NETWORKS
    plugin = _PLUGIN.format(package=package, group=group, name=name)
    build = _BUILD.format(**own, **folded, call="_built()")
    return _joined(needs, [extra, plugin], build)


def needed_package(kind: str) -> str | None:
    """Return the package that a kind of network needs in addition to torch; None for ours."""
    if kind in NETWORKS:
        return None
    return entry_points.load(entry_points.NETWORKS, kind.partition(":")[0]).package


def _text_of(module: object) -> str:
    return Path(str(inspect.getsourcefile(module))).read_text("utf-8")  # type: ignore[arg-type]


def _joined(needs: str, parts: Sequence[str], end: str) -> str:
    """Return one module: all imports but ours first, then what the parts define."""
    imports, bodies = set(_IMPORTS), []
    for part in parts:
        lines, left_out = part.splitlines(), set()
        tree = ast.parse(part)
        for node in tree.body:
            is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if not isinstance(node, ast.Import | ast.ImportFrom) and not is_text:
                continue
            left_out |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
            if isinstance(node, ast.Import | ast.ImportFrom):
                imports |= {_spelt(node)} - {""}
        kept = [line for number, line in enumerate(lines, 1) if number not in left_out]
        bodies.append("\n".join(kept).strip("\n"))
    first = [line for line in sorted(imports) if line.startswith("import ")]
    rest = sorted(imports - set(first))
    head = [_HEAD.format(needs=needs), "from __future__ import annotations\n"]
    return "\n".join([*head, *first, *rest, "", "", "\n\n\n".join(filter(None, bodies)), end])


def _spelt(node: ast.Import | ast.ImportFrom) -> str:
    """Return an import as a line, "" where the joined file has what it names."""
    module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
    is_plugins = module == "densearch.plugins"
    if module == "__future__" or (module.partition(".")[0] in _OURS and not is_plugins):
        return ""
    return ast.unparse(node)
