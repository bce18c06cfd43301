"""Data sets of the protocol that no package of ours brings: where they lie, packed to be stored.

They are not downloaded: a machine has them, or their cells are left out, with the reason.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api.evidence import signals

# Of Debian's package dataset-fashion-mnist.
FASHION = Path("/usr/share/datasets/fashion-mnist")
FASHION_FILES = (
    "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz",
)  # fmt: skip
_OF_AEON = "aeon:"


class MissingDataError(Exception):
    """A data set is not on this machine; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A file to be stored as a data set.

    Attributes:
        path: The file.
        options: Of the upload, see docs/datasets.md.
    """

    path: Path
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the data sets lie.

    Attributes:
        aeon: The wheel of aeon, or the folder that it was unpacked into; None without.
        fashion: The folder of the four files of Fashion-MNIST.
    """

    aeon: Path | None = None
    fashion: Path = FASHION

    def packed(self, name: str, folder: Path) -> Packed:
        """Pack a data set into a folder.

        Args:
            name: As `Cell.data` has it.
            folder: Takes the file.

        Raises:
            MissingDataError: It is not here.
        """
        if name.startswith(_OF_AEON):
            return self._signals(name.removeprefix(_OF_AEON), folder)
        if name != "fashion-mnist":
            raise MissingDataError(f"no data set is called {name}")
        files = [self.fashion / own for own in FASHION_FILES]
        if not all(path.is_file() for path in files):
            raise MissingDataError(
                f"Fashion-MNIST is not in {self.fashion}: install Debian's dataset-fashion-mnist"
            )
        path = folder / "fashion-mnist.zip"
        with zipfile.ZipFile(path, "w") as packed:
            for own in files:
                packed.write(own, own.name)
        # 2,000 of the 60,000 training images guide the searches; the archive's test files judge.
        return Packed(path, {"validation": 2000 / 60000})

    def _signals(self, name: str, folder: Path) -> Packed:
        if self.aeon is None:
            raise MissingDataError(f"{name} is in the wheel of aeon: name it by --aeon")
        try:
            train, test = (self._text(name, part, folder) for part in ("TRAIN", "TEST"))
            path = folder / f"{name}.npz"
            signals.write(path, train, test)
        except (KeyError, OSError, ValueError, zipfile.BadZipFile) as error:
            reason = f"{name} cannot be read from {self.aeon} ({error})"
            raise MissingDataError(f"{reason}: give the wheel of aeon 1.6") from error
        return Packed(path, {"n_dims": 1})

    def _text(self, name: str, part: str, folder: Path) -> Path:
        """Return one of a set's two files, out of the wheel or of a folder."""
        inside = f"aeon/datasets/data/{name.removesuffix('_eq')}/{name}_{part}.ts"
        if self.aeon is not None and self.aeon.is_dir():
            return self.aeon / inside
        with zipfile.ZipFile(str(self.aeon)) as wheel:
            path = folder / f"{name}_{part}.ts"
            path.write_bytes(wheel.read(inside))
        return path
