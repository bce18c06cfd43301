"""What a sampler can do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What kinds of search space a sampler can handle, and how it works.

    Attributes:
        continuous: Coordinates are real numbers.
        integer: Rounded coordinates make sense to it.
        log: A logarithmic axis makes sense to it (always mapped outside, on the unit cube).
        categorical: Unordered choices make sense to it.
        parallel: It issues several points before the first has its value.
        seeded: Another seed gives other points.
        adaptive: Its points depend on earlier values.
        speculative: It has points for idle workers (`Sampler.speculate`).
        warm_start: It can start from densities of earlier jobs.
        models_values: It fits a model to the values themselves rather than to their order: for
            trials that diverged or failed it receives no penalty, but a value little worse than
            the worst measured one (`densearch.sampler.penalties`), which may change from round to
            round.
        needs: The extra that must be installed for it (`pip install -e '.[NAME]'`), or None.
    """

    continuous: bool = True
    integer: bool = True
    log: bool = True
    categorical: bool = False
    parallel: bool = True
    seeded: bool = True
    adaptive: bool = True
    speculative: bool = False
    warm_start: bool = False
    models_values: bool = False
    needs: str | None = None

    @property
    def in_rounds(self) -> bool:
        """Whether it answers nothing while a trial is open (`densearch.sampler.rounds`)."""
        return self.adaptive and not self.speculative
