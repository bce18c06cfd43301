"""Batches of an epoch, counted; labels are smoothed where there are classes."""

from __future__ import annotations

import pytest

from workers.training.objectives.base import count_batches, refuse_smoothing


@pytest.mark.parametrize(
    ("n_samples", "drops_last", "n_batches"),
    [(1, False, 1), (32, False, 1), (33, False, 2), (32, True, 1), (63, True, 1), (64, True, 2)],
)
def test_a_smaller_last_batch_counts_unless_it_is_left_out(
    n_samples: int, drops_last: bool, n_batches: int
) -> None:
    assert count_batches(n_samples, 32, drops_last=drops_last) == n_batches


def test_where_no_batch_is_left_the_remedy_is_named() -> None:
    with pytest.raises(ValueError, match=r"drop_last no batch of 32 .* at most 31$"):
        count_batches(31, 32, drops_last=True)


def test_smoothing_needs_classes() -> None:
    refuse_smoothing("denoising", {})
    refuse_smoothing("denoising", {"label_smoothing": 0.0})
    with pytest.raises(ValueError, match="denoising has no classes"):
        refuse_smoothing("denoising", {"label_smoothing": 0.1})
