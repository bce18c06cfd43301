"""Clipping of a pack's gradients: a norm for each candidate, computed for all at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from workers.training.joint import JointParameter

# As in torch.nn.utils.clip_grad_norm_, whose numbers these are.
_EPS = 1e-6


class JointClipping:
    """Scales each candidate's gradients down to a norm of at most its own limit.

    Args:
        parameters: All of a pack's.
        limits: Of the candidates in their order, above 0; None for one that is not clipped.

    Source: see `workers.training.optimizers.clipping`.
    """

    def __init__(
        self, parameters: Sequence[JointParameter], limits: Sequence[float | None]
    ) -> None:
        n, device = len(limits), parameters[0].gradient.device
        self._shape = (n, len(parameters))
        self._gradients = [own.gradients[index] for index in range(n) for own in parameters]
        self._joined = [own.by_candidate(own.gradient)[:n] for own in parameters]
        self._limits = torch.tensor([limit or 1.0 for limit in limits], device=device)
        self._is_clipped = torch.tensor([limit is not None for limit in limits], device=device)

    def clip(self) -> None:
        """Scale the gradients in place."""
        each = torch._foreach_norm(self._gradients)  # noqa: SLF001 - nothing public lists norms
        norms = torch.stack(each).view(self._shape)
        totals = torch.linalg.vector_norm(norms, dim=1)
        factors = torch.reciprocal(totals + _EPS).mul_(self._limits).clamp_(max=1.0)
        factors = torch.where(self._is_clipped, factors, 1.0)
        for gradient in self._joined:
            gradient.mul_(factors.view(-1, *[1] * (gradient.dim() - 1)))
