"""The card of a bundle, README.md in the form that Hugging Face's hub reads.

Source: https://huggingface.co/docs/hub/model-cards; a test reads it with `huggingface_hub`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from service.tasks.metric_names import OF_THE_SPLIT

_PIPELINES = {
    "classification": "image-classification",
    "multilabel": "image-classification",
    "segmentation": "image-segmentation",
    "denoising": "image-to-image",
    "image_to_image": "image-to-image",
}
# What Markdown reads as more than a letter.
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|<>~&$-])")


def card_of(
    question: Mapping[str, Any], contents: Sequence[tuple[str, str]], lacks: Mapping[str, str]
) -> bytes:
    """Return the card.

    Args:
        question: See `workers.bundle.contents`.
        contents: The files of the bundle, each with what it is.
        lacks: What is not in it, each with the reason.
    """
    job, arm = question["job"], question["arm"]
    metrics = ((question.get("trial") or {}).get("metrics") or {}) if job["is_final"] else {}
    head = yaml.safe_dump(_data(job, metrics), sort_keys=True, allow_unicode=True)
    lines = [f"# {escaped(job['name'])}: arm {escaped(arm)}", ""]
    lines += [_about(job, arm, question), ""]
    lines += [] if job["is_final"] else ["**So far: the job had not ended.** Ask again then.", ""]
    verdict = (question.get("report") or {}).get("verdict")
    if verdict:
        lines += ["## What the job found", "", escaped(verdict), ""]
    if metrics:
        lines += ["## Test metrics", "", "Of this network, on the whole test split.", ""]
        lines += ["| metric | value |", "|---|---|"]
        lines += [f"| {escaped(name)} | {value:.7g} |" for name, value in _reached(metrics)]
        lines += ["", *_of_the_split(metrics)]
    lines += ["## Files", "", "| file | content |", "|---|---|"]
    lines += [f"| `{name}` | {text} |" for name, text in contents]
    if lacks:
        lines += ["", "## What is not here", ""]
        lines += [f"- `{name}`: {escaped(reason)}" for name, reason in sorted(lacks.items())]
    has_model = "model.safetensors" not in lacks
    lines += ["", "## Use", "", "```python"]
    lines += ["import network, use_density" if has_model else "import use_density", ""]
    if has_model:
        lines += ['model = network.load("model.safetensors")  # the trained network']
    lines += ["mine = use_density.weigh(MyNetwork())  # the density in a network of your own"]
    lines += ["```", ""]
    return f"---\n{head}---\n\n{chr(10).join(lines)}".encode()


def escaped(text: object) -> str:
    """Return a text as Markdown shows it, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def _about(job: Mapping[str, Any], arm: str, question: Mapping[str, Any]) -> str:
    task = job["spec"]["task"]
    where = f" on the data set {escaped(task['dataset'])}" if "dataset" in task else ""
    shown = ", ".join(
        f"{escaped(own['family'])} {own['kernel_size']}" for own in question["densities"]
    )
    return (
        f"A density of weighted convolutions ({shown}), learned by the arm {escaped(arm)} of "
        f"the job {job['id']} of densearch for the task {escaped(task['kind'])}{where}. "
        "`report.md` says whether it is better than the plain convolution."
    )


def _reached(metrics: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return what the network reached, without what is the same for every network."""
    return [(name, value) for name, value in sorted(metrics.items()) if name not in OF_THE_SPLIT]


def _of_the_split(metrics: Mapping[str, float]) -> list[str]:
    known = [f"{escaped(name)} {metrics[name]:.7g}" for name in OF_THE_SPLIT if name in metrics]
    return [f"The same for every network on this split: {', '.join(known)}.", ""] if known else []


def _data(job: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, Any]:
    task = job["spec"]["task"]
    found: dict[str, Any] = {
        "library_name": "pytorch",
        "tags": ["densearch", "weighted-convolution", "pytorch"],
    }
    kind = _PIPELINES.get(task["kind"])
    if kind is not None:
        found["pipeline_tag"] = kind
    if metrics:
        dataset = str(task.get("dataset", "none"))
        found["model-index"] = [
            {
                "name": job["name"],
                "results": [
                    {
                        "task": {"type": kind or task["kind"]},
                        "dataset": {"name": dataset, "type": dataset, "split": "test"},
                        "metrics": [
                            {"type": name, "name": name, "value": value}
                            for name, value in _reached(metrics)
                        ],
                    }
                ],
            }
        ]
    return found
