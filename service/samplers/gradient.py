"""The density learned by gradient descent, jointly with the weights: one training, no search."""

from __future__ import annotations

from collections.abc import Sequence

from densearch.density.families import MAX_VALUE
from densearch.sampler import Entry, Plan, Proposal, Sampler
from service.samplers import effort, round_sizes
from service.samplers.catalogue.info import Capabilities, Option, SamplerInfo

CENTRE = 0.5
# The values of its options; that module explains them.
AUTHORS = "authors"
SAME, CONSTANT, WARM_RESTARTS = SCHEDULES = ("same", "constant", "warm_restarts")
JOB_SCOPE, LAYER = SCOPES = ("job", "layer")


class Gradient(Sampler):
    """Issues the centre of the box, once for each trial of the budget, which a job sets to one.

    The training itself moves away from there; its payload (`service.studies.payloads`) says from
    where and how far.
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
            "Learns alpha and beta jointly with the weights by the job's own optimizer; with the "
            "preset authors as their trainable variant does. One training whatever the budget; "
            "its density is then judged like any other, fixed, with fresh seeds."
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
                "preset",
                "string",
                None,
                "The authors' settings: lr_factor 100, weight_decay 0.01, schedule warm_restarts, "
                "scope layer, and their start. With AdamW and symmetric densities alone; what is "
                "given as well counts.",
                choices=(AUTHORS,),
            ),
            Option(
                "lr_factor",
                "number",
                0.1,
                "The density's learning rate over that of the weights; 1 with Adam if unset.",
                minimum=0.0,
                maximum=1000.0,
            ),
            Option(
                "weight_decay",
                "number",
                0.0,
                "The density's weight decay, in the form of the job's optimizer.",
                minimum=0.0,
                maximum=1.0,
            ),
            Option(
                "schedule",
                "string",
                SAME,
                "The density's learning rate over the epochs: as the weights', constant, or along "
                "a cosine to 0 over 10, 20, 40 ... epochs, from the top each time.",
                choices=SCHEDULES,
            ),
            Option(
                "scope",
                "string",
                JOB_SCOPE,
                "Which layers share a density: as in the job, or none.",
                choices=SCOPES,
            ),
            Option(
                "start",
                "array",
                None,
                "First values of each density, the outermost first, within its bounds; as near to "
                "the plain convolution as these allow if unset.",
                minimum=-MAX_VALUE,
                maximum=MAX_VALUE,
            ),
        ),
        path="service.samplers.gradient:Gradient",
        round_size=round_sizes.of_one,
        effort=effort.of_gradient,
    ),
)
