"""The files of a job: each has a name of its own, whatever its arm and layer are called."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import pytest

from densearch.cli.downloads import _best_arm, safe_name, save_job
from densearch.client.client import Client
from densearch.client.transport import ClientError

DENSITIES = [
    {"id": 1, "study": "tune:hyperopt", "layer": ""},
    {"id": 2, "study": "tune-hyperopt", "layer": ""},
    {"id": 3, "study": "gradient", "layer": "body/0"},
    {"id": 4, "study": "gradient", "layer": "body.2"},
    {"id": 5, "study": "Gradient", "layer": "body.2"},
]
ARTIFACTS = [
    {"id": 11, "name": "tune:hyperopt.safetensors"},
    {"id": 12, "name": "tune-hyperopt.safetensors"},
    {"id": 13, "name": "../../report.json"},
    {"id": 14, "name": "bundle-gradient-so-far-996302979be1c0ea.zip"},
    {"id": 15, "name": "bundle-gradient-996302979be1c0ea.zip"},
]


def _answer(request: httpx2.Request) -> httpx2.Response:
    path = request.url.path
    if path == "/v1/jobs/3":
        report = {"best_arm": "gradient", "arms": []}
        ended = {"state": "SUCCEEDED", "finished_at": "2026-03-01T12:00:00Z", "report": report}
        return httpx2.Response(200, json={"id": 3, **ended})
    if path == "/v1/jobs/3/densities":
        return httpx2.Response(200, json={"items": DENSITIES})
    if path == "/v1/jobs/3/artifacts":
        return httpx2.Response(200, json={"items": ARTIFACTS})
    if path == "/v1/jobs/3/item-losses":
        return httpx2.Response(404, json={"title": "Not found", "detail": "there are none"})
    form = request.url.params.get("format", "")
    return httpx2.Response(200, content=f"{path} {form}".strip().encode())


def test_a_bundle_from_before_the_end_is_left_out(tmp_path: Path) -> None:
    with Client("http://server", transport=httpx2.MockTransport(_answer)) as client:
        names = [path.name for path in save_job(client, 3, tmp_path)]
    assert [name for name in names if name.startswith("bundle-")] == [
        "bundle-gradient-996302979be1c0ea.zip"
    ]


def test_no_file_overwrites_another_or_leaves_the_folder(tmp_path: Path) -> None:
    with Client("http://server", transport=httpx2.MockTransport(_answer)) as client:
        paths = list(save_job(client, 3, tmp_path))
    folder = tmp_path / "job-3"
    assert {path.parent for path in paths} == {folder}
    assert len({path.name.lower() for path in paths}) == len(paths)
    assert {path.name for path in folder.iterdir()} == {path.name for path in paths}
    assert json.loads((folder / "report.json").read_text()) == {"best_arm": "gradient", "arms": []}
    # What each file holds tells where it came from.
    wanted = {
        "density-tune-hyperopt": 1,
        "2-density-tune-hyperopt": 2,
        "density-gradient-body-0": 3,
        "density-best-body-0": 3,
        "density-gradient-body.2": 4,
        "density-best-body.2": 4,
        "5-density-Gradient-body.2": 5,
    }
    for stem, number in wanted.items():
        for form in ("json", "csv", "npz"):
            assert (folder / f"{stem}.{form}").read_text() == f"/v1/densities/{number} {form}"
    for name, number in (
        ("tune-hyperopt.safetensors", 11),
        ("12-tune-hyperopt.safetensors", 12),
        ("13-report.json", 13),
    ):
        assert (folder / name).read_text() == f"/v1/artifacts/{number}"
    assert len(paths) == 2 + 3 * len(wanted) + 4


@pytest.mark.parametrize(
    ("light", "kept", "best"),
    [
        ("adopt", {"tpe", "uniform_tuned"}, "tpe"),
        ("leave out", {"tpe", "linear"}, "linear"),
        ("leave out", {"tpe"}, "tpe"),  # of the plain convolution nothing is kept
        ("more seeds", {"tpe", "linear"}, "tpe"),
    ],
)
def test_the_best_density_is_that_of_the_recommended_arm(
    light: str, kept: set[str], best: str
) -> None:
    answer = {"outcome": "not decided", "question": {"arm": "tpe", "against": "linear"}}
    report = {"best_arm": "tpe", "arms": [], "answer": answer}
    assert _best_arm({"report": report, "decision": {"light": light}}, kept) == best
    assert _best_arm({"report": None}, kept) is None


def test_losses_of_items_are_saved_where_there_are_any(tmp_path: Path) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/v1/jobs/3/item-losses":
            return httpx2.Response(status, content=b"archive")
        if request.url.path == "/v1/jobs/3/artifacts":
            return httpx2.Response(200, json={"items": [{"id": 1, "name": "Item-Losses.npz"}]})
        return _answer(request)

    status = 200
    with Client("http://server", transport=httpx2.MockTransport(answer)) as client:
        paths = list(save_job(client, 3, tmp_path))
        assert (tmp_path / "job-3" / "item-losses.npz").read_bytes() == b"archive"
        assert tmp_path / "job-3" / "1-Item-Losses.npz" in paths
        status = 500
        with pytest.raises(ClientError):
            list(save_job(client, 3, tmp_path / "again"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("direct_l", "direct_l"),
        ("../../etc/passwd", "etc-passwd"),
        (".hidden", "hidden"),
        ("a b\n\x00c", "a-b-c"),
        ("..", "unnamed"),
        ("x" * 300, "x" * 100),
    ],
)
def test_a_name_from_the_server_cannot_leave_the_directory(name: str, expected: str) -> None:
    assert safe_name(name) == expected
