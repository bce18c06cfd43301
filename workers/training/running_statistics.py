"""Running statistics of batch normalisation without their initial values.

Batch normalisation judges with running means of what its batches came to. They start at mean 0 and
variance 1 and move by a share m (the layer's momentum) at each step, so (1 - m)^t of that start is
left after t of them. A density rescales what enters the layer: training does not notice, and a
short training would be judged by how near its activations' variance is to 1.

At step t the share is m / (1 - (1 - m)^t) here. The first batch then replaces the start, and after
each step the statistics are the weighted mean of what was seen: the bias correction of Adam
(D. P. Kingma, J. Ba, arXiv:1412.6980, section 3), as a rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

# Below it 1 - (1 - m)^t is 1 in float64.
_NOTHING_LEFT = 2.0**-54


class RunningStatistics:
    """Those of a network: of every layer of torch's own kinds, and of kinds derived from them.

    A layer that averages over all batches (its momentum is None) has no start to forget. One that
    is frozen, in eval mode while the network trains, keeps what it has. A layer of another make
    means by "momentum" what it likes, and is left alone.

    Args:
        network: Its layers' momenta are those that it was built with.
    """

    def __init__(self, network: nn.Module) -> None:
        self._layers = [
            (layer, float(layer.momentum))
            for layer in network.modules()
            if isinstance(layer, _NormBase) and layer.momentum and layer.running_mean is not None
        ]

    @contextmanager
    def at_step(self, number: int) -> Iterator[None]:
        """Have a forward pass move the statistics as the training's `number`-th, from 1."""
        moved = [(layer, m) for layer, m in self._layers if (1.0 - m) ** number > _NOTHING_LEFT]
        for layer, m in moved:
            layer.momentum = min(m / (1.0 - (1.0 - m) ** number), 1.0)
        try:
            yield
        finally:
            for layer, m in moved:
                layer.momentum = m
