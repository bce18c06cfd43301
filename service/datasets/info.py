"""What the rules of a spec must know of a data set, and the built-in sets."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from densearch.plugins.data_info import DataInfo

__all__ = ["BUILT_IN", "DataInfo"]

# By task kind and name; tests/integration/training/built_in_test.py holds it to the loaders.
BUILT_IN: Mapping[str, Mapping[str, DataInfo]] = MappingProxyType(
    {
        "denoising": {
            "photos": DataInfo(is_uniform=False, n_training=7),
            "phantoms": DataInfo(n_dims=3, size_px=32, n_training=24),
        },
        "image_to_image": {"blurred_photos": DataInfo(is_uniform=False, n_training=7)},
        "classification": {
            "digits": DataInfo(size_px=8, n_outputs=10, n_training=1078),
            "textures": DataInfo(size_px=32, n_outputs=3, n_training=1767),
            "faces": DataInfo(size_px=25, n_outputs=2, n_training=120),
            "waveforms": DataInfo(n_dims=1, size_px=21, n_outputs=3, n_training=3000),
        },
        "multilabel": {"mosaics": DataInfo(size_px=32, n_outputs=3, n_training=2000)},
    }
)
