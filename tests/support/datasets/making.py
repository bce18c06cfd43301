"""Small files in every format that can be stored, made again by each test."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bytes = NDArray[np.uint8]


def pixels(seed: int, size: tuple[int, ...] = (12, 10, 3)) -> Bytes:
    """Return random pixels, (H, W) grey or (H, W, 3) in colour."""
    return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)


def image(seed: int, size: tuple[int, ...] = (12, 10, 3), form: str = "PNG") -> bytes:
    """Return an image file of `pixels`; PNG keeps them as they are."""
    buffer = io.BytesIO()
    Image.fromarray(pixels(seed, size)).save(buffer, form)
    return buffer.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(files: Mapping[str, bytes], mode: str = "w:gz") -> bytes:
    """Return a tar file, gzipped by default."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def npz(**arrays: Any) -> bytes:
    """Return what np.savez_compressed writes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def class_files(n: int = 10, classes: tuple[str, ...] = ("cat", "dog")) -> dict[str, bytes]:
    """Return `n` images in a folder for each class."""
    return {
        f"{name}/{index:02}.png": image(100 * place + index)
        for place, name in enumerate(classes)
        for index in range(n)
    }


def pair_files(n: int = 8) -> dict[str, bytes]:
    """Return inputs in colour and targets in grey."""
    inputs = {f"input/{index}.png": image(index) for index in range(n)}
    return inputs | {f"target/{index}.png": image(50 + index, (12, 10)) for index in range(n)}


def plain_files(n: int = 6) -> dict[str, bytes]:
    """Return grey images of different sizes."""
    return {f"{index}.png": image(index, (20 + index, 30)) for index in range(n)}


def idx_images(values: Bytes) -> bytes:
    """Return the idx file of (N, H, W)."""
    return struct.pack(">HBB3I", 0, 8, 3, *values.shape) + values.tobytes()


def idx_labels(labels: Bytes) -> bytes:
    """Return the idx file of (N,)."""
    return struct.pack(">HBBI", 0, 8, 1, len(labels)) + labels.tobytes()


def mnist_files(n: int = 20, *, is_gzipped: bool = False) -> dict[str, bytes]:
    """Return the four files of MNIST under their own names; the test split has half as many."""
    files = {}
    for place, (start, count) in enumerate({"train": n, "t10k": n // 2}.items()):
        labels = np.arange(count, dtype=np.uint8) % 4
        files[f"{start}-images-idx3-ubyte"] = idx_images(pixels(place, (count, 9, 7)))
        files[f"{start}-labels-idx1-ubyte"] = idx_labels(labels)
    if not is_gzipped:
        return files
    return {f"{name}.gz": gzip.compress(content) for name, content in files.items()}


def cifar_batch(n: int, seed: int, n_classes: int = 10) -> bytes:
    """Return a batch of CIFAR: the labels of a record, then red, green and blue."""
    labels = (np.arange(n) % n_classes).astype(np.uint8)[:, None]
    coarse = [np.zeros((n, 1), np.uint8)] if n_classes == 100 else []
    return np.concatenate([*coarse, labels, pixels(seed, (n, 3072))], axis=1).tobytes()


def cifar10_files(n: int = 30) -> dict[str, bytes]:
    """Return two batches and the test batch, as the archive holds them."""
    top = "cifar-10-batches-bin"
    names = [
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ]
    return {
        f"{top}/batches.meta.txt": "\n".join(names).encode() + b"\n\n",
        f"{top}/data_batch_1.bin": cifar_batch(n, 1),
        f"{top}/data_batch_2.bin": cifar_batch(n, 2),
        f"{top}/test_batch.bin": cifar_batch(n, 3),
        f"{top}/readme.html": b"<html>",
    }


def cifar100_files(n: int = 400) -> dict[str, bytes]:
    """Return the two batches of CIFAR-100."""
    return {"train.bin": cifar_batch(n, 1, 100), "test.bin": cifar_batch(100, 2, 100)}
