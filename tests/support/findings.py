"""What a seeded report found out, in the form of `service.report`."""

from __future__ import annotations

from typing import Any

HELPS = (
    "The density helped: direct_l's test loss is 12.4 % below uniform's (95 % interval 9.8 % to "
    "15.1 %, 3 seeds)."
)
DUE_TO = (
    "Of the 12.4 % that density_tuned gains over uniform, 10.5 points are due to the learning "
    "rate; no significant effect of the spatial shape with 3 seeds (observed: -0.4 points)."
)
FINDINGS = [HELPS, DUE_TO, "Inference costs nothing more: the density is folded."]

PLATEAU: dict[str, Any] = {
    "n_trials": 4,
    "n_compared": 12,
    "noise": 1.1e-4,
    "limit": 2.4e-4,
    "axes": [
        {"axis": "den[0]", "best": 0.2941, "low": 0.25, "high": 0.41, "text": "0.25 to 0.41"},
        {"axis": "den[1]", "best": 0.8123, "low": 0.8123, "high": 0.8123, "text": "0.8"},
    ],
}


def part(
    arm: str, against: str, share: float, *names: str, spread: float = 0.02
) -> dict[str, Any]:
    """One part of the gain, `share` of uniform's loss."""
    loss = 0.00502
    return {
        "names": list(names), "arm": arm, "against": against, "n": 3, "p": 0.01,
        "difference": share * loss, "low": (share - spread) * loss,
        "high": (share + spread) * loss, "relative": share,
        "relative_low": share - spread, "relative_high": share + spread,
    }  # fmt: skip


RATE, SCALE, SHAPE = "learning rate", "scale of the weights", "spatial shape"
ATTRIBUTION: dict[str, Any] = {
    "arm": "density_tuned",
    "is_rate_tuned": True,
    "gain": part("density_tuned", "uniform", 0.124, RATE, SCALE, SHAPE),
    "parts": [
        part("uniform_tuned", "uniform", 0.105, RATE),
        part("flat_tuned", "uniform_tuned", 0.023, SCALE, spread=0.01),
        part("density_tuned", "flat_tuned", -0.004, SHAPE, spread=0.012),
    ],
    "beside": [part("default_init_tuned", "uniform_tuned", 0.031, "initialisation")],
    "missing": [],
    "words": DUE_TO,
}


def run_of(sampler: str, n: int, mean: float, sd: float | None) -> dict[str, Any]:
    """The searches of one sampler."""
    return {
        "sampler": sampler, "n": n, "is_deterministic": n == 1, "mean": mean, "sd": sd,
        "least": mean - (sd or 0.0),
    }  # fmt: skip


SAMPLERS: dict[str, Any] = {
    "samplers": [
        run_of("tpe", 5, 0.00412, 3.1e-5),
        run_of("direct_l", 1, 0.00415, None),
        run_of("random", 5, 0.00433, 8.2e-5),
    ],
    "pairs": [
        {"better": "tpe", "other": "random", "n": 5, "n_other": 5, "win_rate": 0.8,
         "p": 0.0079, "p_holm": 0.0079},
    ],
    "is_test": True,
    "n_needed": 4,
    "words": "With 5 runs of a sampler, tpe reaches lower test losses than random.",
}  # fmt: skip

PARTS: dict[str, Any] = {
    "version": 2,
    "findings": FINDINGS,
    "attribution": ATTRIBUTION,
    "noise": {"relative": 0.026, "limit": 0.057, "n_arms": 7, "n_seeds": 3},
    "samplers": SAMPLERS,
    "fidelity": {"words": "The searches took 202 epochs; in full they would have taken 576."},
    "timing": {
        "overhead": {"words": "Training with a density took 1.02 times as long as without."},
        "speculation": None,
    },
}
