"""A training that was killed goes on from its checkpoint as if nothing had happened."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from service.checkpoint_files import listed, path_of
from tests.support.interrupted import (
    CASES,
    FEW,
    SMALL_DENOISING,
    KilledError,
    Stores,
    counted,
    facts,
    killed_at,
    undisturbed,
    until_killed,
)
from tests.support.trainings import DIGITS, SMALL_CNN, task
from workers.training import checkpoint_store, packs
from workers.training.checkpoint_store import CheckpointStore
from workers.training.loop import train
from workers.training.task import Candidate, EpochMeasurement, Outcome, Status, TrainingTask

SHORT = {"epochs": 1, "schedule": "cosine", "schedule_epochs": 2}


@pytest.fixture(autouse=True)
def always_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store of every_s 0 keeps a checkpoint after each step."""
    monkeypatch.setattr(checkpoint_store, "REST", 0.0)


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return Stores(tmp_path)


@pytest.mark.parametrize("name", CASES)
def test_it_goes_on_bit_for_bit_from_any_step(name: str, stores: Stores) -> None:
    of = CASES[name]
    expected = undisturbed(of)
    n_batches = 3 if name == "batch-norm" or of.training.get("drop_last") else 4
    n_steps = n_batches * of.training["epochs"]
    ends = (n_batches, n_steps) if name == "plain" else ()
    for number, step in enumerate((n_batches + 2, *ends)):
        store = stores(f"{name}-{number}")
        until_killed(of, step, store)
        steps, look = counted()
        assert facts(list(train(of, look, store=store))) == expected, step
        assert len(steps) == n_steps - step
    assert not stores.said


def test_it_may_be_killed_again_and_again(stores: Stores) -> None:
    of, store = CASES["sgd"], stores()
    for _ in range(8):
        until_killed(of, 1, store)
    assert facts(list(train(of, killed_at(0), store=store))) == undisturbed(of)


def test_times_go_on_too(stores: Stores) -> None:
    of, store = CASES["plain"], stores()
    (first,) = until_killed(of, 6, store)
    again, second, third, outcome = train(of, store=store)
    assert again == first
    assert isinstance(again, EpochMeasurement)
    assert isinstance(second, EpochMeasurement)
    assert isinstance(third, EpochMeasurement)
    assert isinstance(outcome, Outcome)
    assert again.elapsed_s < second.elapsed_s < third.elapsed_s
    assert 0 < outcome.training_s < third.elapsed_s + 60


def test_a_limit_that_became_known_meanwhile_stops_it_where_it_would_have(stores: Stores) -> None:
    of, store = CASES["plain"], stores()
    limits = (float("inf"), 1e-9)
    expected = facts(list(train(of, stop_above=limits)))
    until_killed(of, 10, store)
    items = list(train(of, killed_at(0), limits, store))
    assert facts(items) == expected
    assert items[-1].status is Status.PRUNED  # type: ignore[union-attr]
    assert len(items) == 3


@pytest.mark.slow  # tests/e2e/packs_test.py kills a worker of Ray
def test_another_process_takes_over_from_one_that_was_killed(stores: Stores) -> None:
    script = """
import sys
from pathlib import Path
from tests.support.interrupted import CASES, Stores
from workers.training import checkpoint_store
from workers.training.loop import train

checkpoint_store.REST = 0.0
steps = iter(range(100))
def look():
    print(next(steps), flush=True)
    return False
list(train(CASES["sgd"], look, store=Stores(Path(sys.argv[1]))()))
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(stores.folder)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        for line in other.stdout:
            if line == "6\n":
                other.send_signal(signal.SIGKILL)
                break
    assert other.returncode == -signal.SIGKILL
    items = list(train(CASES["sgd"], killed_at(6), store=stores()))
    assert facts(items) == undisturbed(CASES["sgd"])
    assert not stores.said


# Packs


def pack(
    tasks: Sequence[TrainingTask],
    stores: Sequence[CheckpointStore | None],
    looks: Callable[[], bool] = lambda: False,
) -> list[list[Any]]:
    items: list[list[Any]] = [[] for _ in tasks]
    candidates = [
        Candidate(of, looks if number == 0 else lambda: False, store=store)
        for number, (of, store) in enumerate(zip(tasks, stores, strict=True))
    ]
    for index, item in packs.train_pack(candidates):
        items[index].append(item)
    return items


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_pack_goes_on_whole_or_apart(stores: Stores, is_whole: bool) -> None:
    phis = (None, ((0.5,) * 3,) * 3, ((1.2,) * 3,) * 3)
    training = FEW | {"schedule": "cosine", "weight_decay": 1e-3}
    tasks = [task(DIGITS, phi=phi, training=training, keep_weights=True) for phi in phis]
    nothing = [None, None, None]
    expected = [facts(items) for items in pack(tasks, nothing)]
    mine = [stores(str(number)) for number in range(3)]
    with pytest.raises(KilledError):
        pack(tasks, mine, killed_at(6))
    if not is_whole:
        path_of(stores.folder, "1").unlink()
    steps, look = counted()
    items = pack(tasks, mine, look)
    assert [facts(own) for own in items] == expected
    assert len(steps) == 2
    assert not stores.said


# Longer trainings


def test_a_longer_training_continues_a_shorter_one(stores: Stores) -> None:
    of = task(SMALL_DENOISING, training=SHORT, keep_weights=True)
    whole = {"epochs": 2, "schedule": "cosine", "schedule_epochs": None}
    full = task(SMALL_DENOISING, training=whole, keep_weights=True)
    short = facts(list(train(of)))
    assert facts(list(train(of, store=stores(every_s=1e9, keeps_end=True)))) == short
    items = list(train(full, killed_at(3), store=stores(every_s=1e9)))
    assert facts(items) == undisturbed(full)
    assert not stores.said


def test_a_pack_continues_a_shorter_one(stores: Stores) -> None:
    shorts, fulls = (
        [task(DIGITS, phi=phi, training=FEW | {"epochs": n}) for phi in (None, ((0.5,) * 3,) * 3)]
        for n in (1, 2)
    )
    keep = [stores(str(n), every_s=1e9, keeps_end=True) for n in range(2)]
    pack(shorts, keep)
    go_on = [stores(str(n), every_s=1e9) for n in range(2)]
    expected = [facts(items) for items in pack(fulls, [None, None])]
    assert [facts(items) for items in pack(fulls, go_on, killed_at(4))] == expected


def test_the_end_of_a_training_is_kept_only_on_demand(stores: Stores) -> None:
    list(train(CASES["plain"], store=stores(every_s=1e9)))
    assert not list(listed(stores.folder))


# Bad input


def header_end(content: bytes) -> int:
    return 8 + int.from_bytes(content[:8], "little")


def with_metadata(content: bytes, **changes: Any) -> bytes:
    """Return a checkpoint that says something else of itself."""
    header = json.loads(content[8 : header_end(content)])
    for part in ("about", "progress"):
        items = json.loads(header["__metadata__"][part])
        items |= {name: value for name, value in changes.items() if name in items}
        header["__metadata__"][part] = json.dumps(items)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[header_end(content) :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut in its length": lambda c: c[:5],
    "cut in its header": lambda c: c[: header_end(c) // 2],
    "cut in its tensors": lambda c: c[:-1],
    "with a bit turned": lambda c: c[:-1] + bytes([c[-1] ^ 1]),
    "with a long tail": lambda c: c + b"0" * 100,
    "text": lambda _: b"a checkpoint\n" * 100,
    "a pickle": lambda _: b"\x80\x04cos\nsystem\n(S'exit 1'\ntR.",
    "of another digest": lambda c: with_metadata(c, digest="b"),
    "of other versions": lambda c: with_metadata(c, versions={"torch": "1.0"}),
    "of another device": lambda c: with_metadata(c, device="Z80"),
    "of another precision": lambda c: with_metadata(c, precision="bfloat16"),
    "of another format": lambda c: with_metadata(c, format=0),
    "of many batches": lambda c: with_metadata(c, n_batches=10**15),
    "of no number of steps": lambda c: with_metadata(c, n_steps="many"),
    "of steps below 0": lambda c: with_metadata(c, n_steps=-1),
    "of endless steps": lambda c: with_metadata(c, n_steps=float("inf")),
    "of measurements without losses": lambda c: with_metadata(c, measurements=[[{}, 1.0]]),
    "of no measurements": lambda c: with_metadata(c, measurements=7),
    "of more epochs": lambda c: with_metadata(c, measurements=[[{"val_loss": 1.0}, 1.0]] * 4),
}


def first_epoch(of: TrainingTask, store: CheckpointStore | None = None) -> dict[str, float]:
    """Train an epoch from its beginning, and return what is measured then."""
    steps, look = counted()
    items = train(of, look, store=store)
    first = next(items)
    items.close()  # type: ignore[attr-defined]
    assert len(steps) == 4
    assert isinstance(first, EpochMeasurement)
    return first.metrics


@pytest.fixture(scope="module")
def plain() -> dict[str, float]:
    return first_epoch(CASES["plain"])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A checkpoint after six steps."""
    folder = tmp_path_factory.mktemp("sound")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint_store, "REST", 0.0)
        until_killed(CASES["plain"], 6, Stores(folder)())
    return path_of(folder, "a").read_bytes()


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_no_checkpoint_of_this_training_is_ignored(
    stores: Stores, sound: bytes, plain: dict[str, float], damage: str
) -> None:
    path = path_of(stores.folder, "a")
    path.write_bytes(DAMAGE[damage](sound))
    assert first_epoch(CASES["plain"], stores(every_s=1e9)) == plain
    assert len(stores.said) == 1
    assert "the training starts at its beginning" in stores.said[0]


@pytest.mark.parametrize(
    "other",
    [
        task(DIGITS, phi=None, training=FEW | {"optimizer": "sgd"}),
        task(DIGITS, training=FEW | {"optimizer": "adam", "lr": 0.01}),
        task(DIGITS, phi=None, network={**SMALL_CNN, "width": 8}, training=FEW),
        task(DIGITS, phi=None, training=FEW | {"optimizer": "adam", "epochs": 1}),
    ],
    ids=["sgd", "master_weights", "width", "epochs"],
)
def test_a_checkpoint_of_another_shape_is_ignored(
    stores: Stores, sound: bytes, other: TrainingTask
) -> None:
    path_of(stores.folder, "a").write_bytes(sound)
    assert first_epoch(other, stores(every_s=1e9)) == first_epoch(other)
    assert len(stores.said) == 1


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_file_is_not_read(stores: Stores, sound: bytes, kind: str) -> None:
    path = path_of(stores.folder, "a")
    if kind == "link":
        (stores.folder / "elsewhere").write_bytes(sound)
        path.symlink_to(stores.folder / "elsewhere")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    assert stores().find("float32") is None
    assert "is no file" in stores.said[0]


def test_a_full_disk_costs_the_checkpoint_and_not_the_training(
    stores: Stores, plain: dict[str, float]
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        assert first_epoch(CASES["plain"], stores()) == plain
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert len(stores.said) == 1
    assert "no checkpoint could be kept" in stores.said[0]
    assert not list(stores.folder.iterdir())


def test_a_folder_that_vanishes_costs_the_checkpoint_alone(
    tmp_path: Path, plain: dict[str, float]
) -> None:
    stores = Stores(tmp_path / "gone")
    assert first_epoch(CASES["plain"], stores()) == plain
    assert len(stores.said) == 1


def test_any_program_may_read_it_and_no_other_user(stores: Stores) -> None:
    until_killed(CASES["sgd"], 6, stores(owner={"trial": 7}))
    (path,) = stores.folder.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    with safe_open(path, framework="np") as file:
        items = {
            name: json.loads(text) for name, text in file.metadata().items() if name != "sha256"
        }
        assert items["about"]["trial"] == 7
        assert items["progress"]["n_steps"] == 6
        assert "network.features.0.0.weight" in file.keys()  # noqa: SIM118 - no mapping
