"""Prices for an hour of a device, and the cost of a job's work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from service.errors import Fault
from service.settings import Settings
from service.spec import JobSpec, Resources

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Prices:
    """Money for an hour of one CPU and of one GPU; None where no price was set."""

    cpu_hour: float | None = None
    gpu_hour: float | None = None
    currency: str = ""

    def per_s(self, resources: Resources) -> float | None:
        """Return the money for a second of a worker; None where what it uses has no price."""
        total = 0.0
        for amount, price in (
            (resources.cpus_per_trial, self.cpu_hour),
            (resources.gpus_per_trial, self.gpu_hour),
        ):
            if amount > 0 and price is None:
                return None
            total += amount * (price or 0.0) / HOUR_S
        return total

    def faults(self, spec: JobSpec) -> Iterator[Fault]:
        """Yield a fault for a limit in money where a device of the job has no price."""
        if spec.budget.cost is not None and self.per_s(spec.resources) is None:
            missing = [
                f"DENSEARCH_PRICE_PER_{device}_HOUR"
                for device, amount, price in (
                    ("CPU", spec.resources.cpus_per_trial, self.cpu_hour),
                    ("GPU", spec.resources.gpus_per_trial, self.gpu_hour),
                )
                if amount > 0 and price is None
            ]
            yield Fault(
                "/budget/cost",
                "the server has no price for what the job uses: leave it out, or have the "
                f"operator set {' and '.join(missing)}",
            )


# An operator that has set no price.
UNPRICED = Prices()


def prices_of(settings: Settings) -> Prices:
    """Return the prices that the operator has set."""
    return Prices(settings.price_per_cpu_hour, settings.price_per_gpu_hour, settings.currency)
