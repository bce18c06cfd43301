"""Files that jobs leave behind, named by their content under the data directory."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from tempfile import NamedTemporaryFile

FOLDER = "artifacts"


def store_weights(data_dir: Path, content: bytes) -> tuple[str, int, str]:
    """Write weights once, whole or not at all.

    Args:
        data_dir: The data directory.
        content: A safetensors file.

    Returns:
        The path relative to `data_dir`, the size in bytes and the SHA-256.

    Raises:
        OSError: The disk refuses; nothing is left behind.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    relative = Path(FOLDER) / sha256[:2] / f"{sha256}.safetensors"
    target = data_dir / relative
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=target.parent, delete=False) as file:
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(target)
            except OSError:
                Path(file.name).unlink(missing_ok=True)
                raise
    return str(relative), len(content), sha256
