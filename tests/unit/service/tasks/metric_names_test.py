"""The order of metrics on pages and in reports."""

from __future__ import annotations

from service.tasks.metric_names import in_order


def test_what_the_literature_reports_comes_first() -> None:
    found = {"ssim": 1, "loss": 2, "psnr_db": 3, "ssim_gaussian": 4, "psnr_clipped_db": 5}
    assert list(in_order(found)) == [
        "psnr_clipped_db", "ssim_gaussian", "loss", "psnr_db", "ssim"
    ]  # fmt: skip
    assert in_order(found) == found
    assert list(in_order({"accuracy_top5": 1, "loss": 2, "accuracy": 3})) == [
        "accuracy", "accuracy_top5", "loss"
    ]  # fmt: skip
    assert in_order({}) == {}
