"""What a network is trained for, by the task's kind."""

from workers.training.objectives.registry import OBJECTIVES, build_objective

__all__ = ["OBJECTIVES", "build_objective"]
