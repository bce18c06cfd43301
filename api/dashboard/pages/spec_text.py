"""A job's spec in a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from densearch.answers import TrialAnswer


def task_text(spec: Mapping[str, object]) -> str:
    """Return the task and the network of a spec in a few words."""
    task, network, training = spec.get("task"), spec.get("network"), spec.get("training")
    parts: list[object] = []
    if isinstance(task, Mapping):
        named = task.get("dataset") or task.get("name") or task.get("metric")
        parts += [task.get("kind"), named, _kernels(task.get("kernel_size"))]
        parts.append(_subset_text(task.get("n_train")))
    if isinstance(network, Mapping):
        parts.append(f"{network.get('kind')} {_kernels(network.get('kernel_size'))}".strip())
    if isinstance(training, Mapping) and training.get("steps"):
        parts.append(f"{training['steps']:,} steps")
    return " \u00b7 ".join(str(part) for part in parts if part)


def _subset_text(n_train: object) -> str:
    """Write how many training samples there are, where not all are used."""
    if isinstance(n_train, float):
        return f"{n_train:.3g} of the training samples"
    return f"{n_train:,} training samples" if isinstance(n_train, int) else ""


# By the metric `precision_bits`.
SEARCHED_IN = {
    16: "searched in bfloat16",
    19: "searched in TF32",
    32: "searched in float32",
}


def _kernels(sizes: object) -> str:
    """Write a network's kernel size, or the sizes of its parts in their order."""
    if isinstance(sizes, list):
        return " ".join(map(str, sizes))
    return f"{sizes}\u00d7{sizes}" if sizes else ""


def precision_text(spec: Mapping[str, object], shown: Sequence[TrialAnswer]) -> str:
    """Return the searches' precision as text; with "auto", from the metrics of a shown trial."""
    training = spec.get("training")
    wanted = training.get("precision") if isinstance(training, Mapping) else None
    if wanted not in ("auto", "tf32"):
        return "searched in bfloat16" if wanted == "bfloat16" else ""
    found = [(trial["metrics"] or {}).get("precision_bits") for trial in shown]
    bits = next((value for value in found if value is not None), 0)
    return SEARCHED_IN.get(bits, f"precision: {wanted}")


def packs_text(spec: Mapping[str, object]) -> str:
    """Return how many candidates a worker trains at once as text, "" for one."""
    resources = spec.get("resources")
    width = resources.get("pack_width", 1) if isinstance(resources, Mapping) else 1
    if width == "auto":
        return "pack width: measured before the first trial"
    return f"packs of {width}" if width != 1 else ""
