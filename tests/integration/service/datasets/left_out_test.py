"""What an upload has and its set has not: stored with it by the reason, counted and named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from service.datasets.faults import MAX_NAMED
from service.errors import InvalidDatasetError
from tests.support.datasets import making
from tests.support.datasets.importing import Import


def named(rows: list[Any]) -> dict[str, tuple[int, list[tuple[str, str | None]]]]:
    return {
        row["reason"]: (row["n"], [(one["entry"], one["detail"]) for one in row["first"]])
        for row in rows
    }


@pytest.mark.parametrize("pack", [making.zipped, making.tarred])
def test_each_reason_is_counted_and_its_files_are_named(imported: Import, pack: Any) -> None:  # noqa: ANN401
    files = making.class_files(20) | {
        "README.md": b"x",
        ".DS_Store": b"x",
        "cat/Thumbs.db": b"x",
        "cat/bad.png": b"",
        "groups.csv": b"cat/00.png,a\ncat/gone.png,b\n",
    }
    found, _ = imported(pack(files), skip_bad=True)
    rows = named(found.left_out)
    assert rows["other"] == (1, [("README.md", None)])
    assert rows["clutter"][0] == 2
    assert sorted(rows["clutter"][1]) == [(".DS_Store", None), ("cat/Thumbs.db", None)]
    n, refused = rows["refused"]
    assert n == 2
    assert ("cat/bad.png", "is empty: replace or remove it") in refused
    line = "line 2 names cat/gone.png, which is not there: correct or remove it"
    assert ("groups.csv", line) in refused
    assert sum(found.manifest["counts"].values()) == 40


def test_nothing_is_left_out_of_a_clean_set(imported: Import) -> None:
    found, _ = imported(making.zipped(making.class_files(20)))
    assert found.left_out == []


def test_fifty_are_named_and_all_counted(imported: Import) -> None:
    files = making.class_files(20) | {f"__MACOSX/{i}": b"" for i in range(MAX_NAMED + 7)}
    found, _ = imported(making.zipped(files))
    ((n, first),) = named(found.left_out).values()
    assert (n, len(first)) == (MAX_NAMED + 7, MAX_NAMED)


def labelled() -> dict[str, bytes]:
    files = making.class_files(20)
    lines = [f"{name},1,{index % 2}" for index, name in enumerate(sorted(files))]
    lines[3] = "cat/gone.png,1,0"
    return files | {"labels.csv": "\n".join(["name,a,b", *lines]).encode()}


def paired() -> dict[str, bytes]:
    files = making.pair_files(20)
    inputs = sorted(name for name in files if name.startswith("input"))
    targets = sorted(name for name in files if name.startswith("target"))
    del files[inputs[0]], files[targets[1]]
    return files


@pytest.mark.parametrize(
    ("make", "n_samples", "reasons"),
    [
        (labelled, 39, {"line 5 names cat/gone.png", "has no line in labels.csv"}),
        (paired, 18, {"has no target of the same name", "has no input of the same name"}),
    ],
)
def test_what_lacks_its_other_half_is_named_at_once_or_left_out(
    imported: Import,
    make: Callable[[], dict[str, bytes]],
    n_samples: int,
    reasons: set[str],
) -> None:
    content = making.zipped(make())
    with pytest.raises(InvalidDatasetError) as refused:
        imported(content)
    assert refused.value.n_faults == 2
    found, _ = imported(content, skip_bad=True)
    assert found.manifest["n_samples"] == n_samples
    (row,) = found.left_out
    assert row["n"] == 2
    details = [str(one["detail"]) for one in row["first"]]
    assert all(any(reason in detail for detail in details) for reason in reasons)


def test_files_are_named_before_what_the_others_lack(imported: Import) -> None:
    files = making.class_files(20) | {f"dog/{i:02}.png": b"" for i in range(20)}
    with pytest.raises(InvalidDatasetError, match="is empty") as refused:
        imported(making.zipped(files))
    assert refused.value.n_faults == 20
    with pytest.raises(InvalidDatasetError, match="only the class 'cat'"):
        imported(making.zipped(files), skip_bad=True)
