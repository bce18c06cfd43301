"""The density learned by gradient descent, jointly with the weights: one training, no search."""

from __future__ import annotations

from collections.abc import Sequence

from service.samplers import effort
from service.samplers.base import Entry, Plan, Proposal, Sampler
from service.samplers.info import Capabilities, Option, SamplerInfo

CENTRE = 0.5


class Gradient(Sampler):
    """Issues the centre of the box, once for each trial of the budget, which a job sets to one.

    The training itself moves away from there; `service.payloads` tells it from where and how far.
    """

    def plan(self, log: Sequence[Entry]) -> Plan:
        """Answer every trial at once; they are all the same and all certain."""
        n_trials, point = self.study.n_trials, (CENTRE,) * self.study.dimension
        return Plan(
            proposals=tuple(Proposal(point, number) for number in range(len(log), n_trials)),
            numbered={i: i for i, entry in enumerate(log) if entry.number is None},
            is_finished=len(log) >= n_trials and all(entry.value is not None for entry in log),
        )


ENTRIES: tuple[SamplerInfo, ...] = (
    SamplerInfo(
        name="gradient",
        title="Gradient descent",
        description=(
            "Learns alpha and beta jointly with the weights by the job's own optimizer, as the "
            "authors' trainable variant does. One training whatever the budget; its density is "
            "then judged like any other, fixed, with fresh seeds."
        ),
        capabilities=Capabilities(
            integer=False,
            log=False,
            parallel=False,
            seeded=False,
            adaptive=False,
        ),
        options=(
            Option(
                "lr_factor",
                "number",
                0.1,
                "The density's learning rate over that of the weights; 1 with Adam if unset.",
                minimum=0.0,
                maximum=1000.0,
            ),
        ),
        path="service.samplers.gradient:Gradient",
        effort=effort.of_gradient,
    ),
)
