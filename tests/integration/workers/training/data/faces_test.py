"""Faces: which images of the file are faces, and how they are split."""

from __future__ import annotations

import numpy as np

from workers.training.data.faces import load_faces


def test_faces_come_first_in_their_file() -> None:
    from skimage import data

    faces = data.lfw_subset()
    # Half of each class in every split.
    for images, labels in load_faces().values():
        assert labels.sum() * 2 == len(labels)
        wanted = {image.astype(np.float32).tobytes() for image in faces[:100]}
        assert all(
            (image.tobytes() in wanted) == bool(label)
            for image, label in zip(images, labels, strict=True)
        )
