"""The metrics that people name: their titles and units, for reports, pages and terminals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class MetricTitle:
    """How a metric is called.

    Attributes:
        title: For people.
        unit: Of what is shown; "" for none.
        factor: From the metric to that unit.
    """

    title: str
    unit: str = ""
    factor: float = 1.0


# The first of those that share a title counts: earlier versions' reports have no clipped PSNR.
METRIC_TITLES: Mapping[str, MetricTitle] = MappingProxyType(
    {
        "accuracy": MetricTitle("accuracy", "%", 100.0),
        "psnr_clipped_db": MetricTitle("PSNR", "dB"),
        "psnr_db": MetricTitle("PSNR", "dB"),
        "iou": MetricTitle("IoU"),
        "dice": MetricTitle("Dice"),
        "macro_f1": MetricTitle("macro F1"),
    }
)
