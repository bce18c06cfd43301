"""Cards with hostile names; that of a real bundle is read in contents_test.py."""

from __future__ import annotations

import yaml

from workers.bundle.card import card_of, escaped

NAME = "---\nlicense: mit\n# <script>alert(1)</script> [x](http://evil) | `a`"


def test_a_name_is_a_text_in_the_head_and_in_the_table() -> None:
    spec = {"task": {"kind": "denoising", "dataset": "photos"}}
    question = {
        "job": {"id": 3, "name": NAME, "spec": spec, "is_final": True},
        "arm": "a|b",
        "densities": [{"family": "symmetric", "kernel_size": 5}],
        "trial": {"metrics": {"loss": 0.5, "constant_loss": 2.0}},
        "report": {"verdict": "Leave the density out."},
    }
    lacks = {"model.onnx": "no <b>", "model.safetensors": "none was kept"}
    text = card_of(question, [("density.json", "the densities")], lacks).decode()
    _, head, body = text.split("---\n", 2)[0], *text.removeprefix("---\n").split("\n---\n", 1)
    data = yaml.safe_load(head)
    assert data["model-index"][0]["name"] == NAME
    assert "license" not in data
    assert data["pipeline_tag"] == "image-to-image"
    assert "<script" not in body.replace("\\<script", "")
    assert "| loss | 0.5 |" in body
    assert "## What the job found\n\nLeave the density out.\n" in body
    assert "The same for every network on this split: constant\\_loss 2." in body
    (result,) = data["model-index"][0]["results"]
    assert [metric["name"] for metric in result["metrics"]] == ["loss"]
    assert "import use_density" in body
    assert "import network" not in body
    assert "- `model.onnx`: no \\<b\\>" in body


def test_an_escaped_text_is_one_line() -> None:
    assert escaped("a\n# b") == "a \\# b"


def test_a_trainers_job_has_no_data_set() -> None:
    spec = {"task": {"kind": "external", "metric": "map50"}}
    job = {"id": 3, "name": "n", "spec": spec, "is_final": True}
    question = {"job": job, "arm": "tpe", "densities": []}
    text = card_of(question, [], {}).decode()
    assert "for the task external. `report.md`" in text
    assert "import network, use_density" in text


def test_the_card_of_a_job_at_work_says_so_and_shows_no_result_of_the_test_split() -> None:
    spec = {"task": {"kind": "denoising", "dataset": "photos"}}
    question = {
        "job": {"id": 3, "name": "n", "spec": spec, "is_final": False},
        "arm": "tpe",
        "densities": [],
        "trial": {"metrics": {"loss": 0.5}},
    }
    text = card_of(question, [], {}).decode()
    assert "**So far: the job had not ended.**" in text
    assert "0.5" not in text
    assert "model-index" not in text
