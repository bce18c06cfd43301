"""Checkpoints as safetensors files: written atomically, and validated when they are read.

The progress is JSON in the header's metadata. A digest of all tensors reveals a damaged file.
Nothing is unpickled. safetensors is imported only if checkpoints are written: a training alone
needs torch and NumPy.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from service.checkpoint_files import ABOUT
from service.durability import sync
from workers.training.checkpoint import Checkpoint, MisfitError, TensorSpecs, TrainingProgress

_PROGRESS, _SHA256 = "progress", "sha256"
# The types of tensors that are kept, by their names in a header.
_TYPES: Mapping[str, torch.dtype] = MappingProxyType(
    {
        "F64": torch.float64,
        "F32": torch.float32,
        "F16": torch.float16,
        "BF16": torch.bfloat16,
        "I64": torch.int64,
        "I32": torch.int32,
        "I16": torch.int16,
        "I8": torch.int8,
        "U8": torch.uint8,
        "BOOL": torch.bool,
    }
)


def write(path: Path, checkpoint: Checkpoint, about: Mapping[str, Any]) -> None:
    """Write a checkpoint to `path` atomically, replacing an earlier one.

    Args:
        path: Its name ends in ".safetensors".
        checkpoint: See `workers.training.state.capture`.
        about: Further metadata, as JSON.

    Raises:
        OSError: The disk refuses.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    metadata = {
        ABOUT: json.dumps(about),
        _PROGRESS: json.dumps(vars(checkpoint.progress)),
        _SHA256: _digest(checkpoint.tensors),
    }
    descriptor, name = mkstemp(prefix=".", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        os.close(descriptor)
        save_file(dict(checkpoint.tensors), part, metadata)
        part.chmod(0o600)
        sync(part)
        part.replace(path)
    except SafetensorError as error:
        raise OSError(str(error)) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


class StoredCheckpoint:
    """A checkpoint file of which only the header has been read.

    Attributes:
        about: Its metadata.
        progress: The training's progress.
        tensor_specs: Shape and type of its tensors, by name.
    """

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            FileNotFoundError: There is none.
            MisfitError: It is no checkpoint.
        """
        from safetensors import SafetensorError, safe_open

        if not stat.S_ISREG(path.lstat().st_mode):
            raise MisfitError("is no file")
        try:
            self._file: Any = safe_open(path, framework="pt", device="cpu")
            metadata = self._file.metadata() or {}
            self.tensor_specs: TensorSpecs = {name: self._of(name) for name in self._file.keys()}  # noqa: SIM118 - no mapping
        except FileNotFoundError:
            raise
        except (SafetensorError, OSError) as error:
            raise MisfitError(f"is cut off or damaged ({error})") from error
        self._sha256 = metadata.get(_SHA256)
        self.about = _json(metadata.get(ABOUT))
        self.progress = TrainingProgress.of(_json(metadata.get(_PROGRESS)))

    def _of(self, name: str) -> tuple[tuple[int, ...], torch.dtype]:
        found = self._file.get_slice(name)
        dtype = _TYPES.get(found.get_dtype())
        if dtype is None:
            raise MisfitError("holds numbers of an unknown type")
        return tuple(found.get_shape()), dtype

    def read(self) -> Checkpoint:
        """Read the tensors; the caller has checked their shapes and types.

        Raises:
            MisfitError: The file is damaged.
        """
        from safetensors import SafetensorError

        try:
            tensors = {name: self._file.get_tensor(name) for name in self.tensor_specs}
        except (SafetensorError, OSError) as error:
            raise MisfitError(f"is damaged ({error})") from error
        if _digest(tensors) != self._sha256:
            raise MisfitError("is damaged: its tensors do not have the digest in its metadata")
        return Checkpoint(self.progress, tensors)

    def close(self) -> None:
        """Close the file, which frees the space of one that has been replaced."""
        self._file = None


def _json(text: str | None) -> Any:  # noqa: ANN401 - anything
    try:
        return json.loads(text or "null")
    except (ValueError, RecursionError) as error:
        raise MisfitError("is damaged: its metadata are no JSON") from error


def _digest(tensors: Mapping[str, Tensor]) -> str:
    found = hashlib.sha256()
    for name in sorted(tensors):
        found.update(name.encode())
        found.update(tensors[name].contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
