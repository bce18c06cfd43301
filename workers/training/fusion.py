"""Computes several networks of the same architecture as one network.

The channels of all candidates are concatenated, (B, n * C, ...), in one network
(`workers.training.fused_network`), and their parameters and gradients in joint ones
(`workers.training.joint`), so that the operations of a step are those of the network, not of the
candidates. The objective computes all losses at once if it can.

In this form a candidate's results are bitwise independent of the other candidates, of its index
and of their number, as long as the channels fill whole registers (`slots`): idle copies fill the
rest. That is a property of torch's kernels for CPUs, found by comparison and checked by
tests/integration/workers/training/packs_test.py; docs/adr/0035-joint-steps.md gives the reasons.

Source of the idea: S. Wang et al., "Horizontally Fused Training Array", arXiv:2102.02344.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor

from densearch.nn.memory_format import lay_out
from workers.training.descent import step_together
from workers.training.forward import Forward, Precision, autocast
from workers.training.fused_network import Heads, fused_network, slots
from workers.training.joint import join
from workers.training.joint_clipping import JointClipping
from workers.training.preparation import Prepared
from workers.training.running_statistics import RunningStatistics


class FusedForward(Forward):
    """Computes the losses, (n,), of the candidates of a pack, whose densities are fixed."""

    def __init__(self, candidates: Sequence[Prepared], precision: Precision) -> None:
        """Fuse networks that are equal but for their values, and move these.

        Args:
            candidates: Their networks are plain and fusible (`service.studies.pack_key`).
            precision: The precision of forward and backward pass.
        """
        super().__init__(candidates, precision)
        networks = [own.network for own in candidates]
        n_idle = -len(networks) % slots(networks[0], precision)
        self._n_fused = len(networks) + n_idle
        idle = [copy.deepcopy(networks[0]) for _ in range(n_idle)]
        self._network = fused_network([*networks, *idle], precision)
        self._has_head = any(isinstance(own, Heads) for own in self._network.modules())
        master_weights = [own.master_weights for own in candidates]
        self._parameters = join(self._network, self._n_fused, networks, master_weights)
        self._gradients = [own.gradient for own in self._parameters]
        limits = [own.clip_norm for own in candidates]
        is_clipped = any(limit is not None for limit in limits)
        self._clipping = JointClipping(self._parameters, limits) if is_clipped else None
        self.statistics = RunningStatistics(self._network)

    def clear(self) -> None:
        """Set the gradients to 0 without moving them in memory."""
        torch._foreach_zero_(self._gradients)

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return the outputs of all networks, (n, B, ...), the idle ones at the end."""
        with autocast(inputs.device, self.precision):
            return self._outputs(inputs).float().contiguous()

    def _outputs(self, inputs: Tensor) -> Tensor:
        repeated = inputs.repeat(1, self._n_fused, *[1] * (inputs.dim() - 2))
        outputs: Tensor = self._network(lay_out(repeated, self.precision, is_grouped=True))
        if self._has_head:
            return outputs
        return outputs.view(len(inputs), self._n_fused, -1, *outputs.shape[2:]).transpose(0, 1)

    def losses(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Return the losses of all networks, the idle ones at the end.

        One loss alone would be summed in another way than one of several.
        """
        return self.objective.losses(self.outputs(inputs), targets)

    def judge(self, batch_size: int) -> Sequence[dict[str, float]] | None:
        """Evaluate all candidates on the validation split, in float32 in any case."""
        self._network.eval()
        with torch.inference_mode():
            n = len(self.candidates)
            found = self.objective.evaluate_together(
                lambda samples: self._outputs(samples)[:n], batch_size
            )
        self._network.train()
        return found

    @torch.no_grad()
    def descend(self) -> None:
        """Take one step of each candidate's optimizer."""
        for own in self._parameters:
            own.pull()
        if self._clipping is not None:
            self._clipping.clip()
        step_together([own.descent for own in self.candidates])
        for own in self._parameters:
            own.push()
