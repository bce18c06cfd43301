"""Objectives by the kind of task: data, loss and metrics of a training."""

from workers.training.objectives.registry import OBJECTIVES, build_objective

__all__ = ["OBJECTIVES", "build_objective"]
