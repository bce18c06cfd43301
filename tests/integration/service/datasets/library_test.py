"""Rows and files come and go together, whatever breaks off in between; on both databases."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

import pytest
from sqlalchemy import Connection, event

from service.costs import memory, training_cost
from service.datasets import import_log, library
from service.datasets.store import reader
from service.datasets.store.array_files import DamagedDatasetError
from service.datasets.store.flat_files import FlatFile
from service.datasets.store.image_files import ImageFile
from service.errors import (
    DatasetInUseError,
    InvalidDatasetError,
    InvalidSpecError,
    NotFoundError,
    StorageFullError,
)
from service.jobs import commands, dataset_references, reopen
from service.jobs.commands import resolved_of
from service.records import Dataset, Import
from service.settings import Settings
from service.states import ImportState, JobState
from service.storage import datasets, imports
from service.storage import jobs as job_rows
from service.storage.database import Database
from service.studies.resolved import TrainingJob
from service.validation import parse
from tests.support.datasets import making
from tests.support.datasets.importing import add
from tests.support.datasets.jobs import spec_on


def _listed(database: Database) -> list[Dataset]:
    with database.read() as session:
        return datasets.page(session, limit=100)


def _folders(settings: Settings) -> list[str]:
    return sorted(p.name for p in (settings.data_dir / "datasets").iterdir() if p.is_dir())


def test_what_was_added_is_listed_and_can_be_opened(
    database: Database, settings: Settings
) -> None:
    first, second = add(database, settings), add(database, settings, name="again")
    assert [found.id for found in _listed(database)] == [second.id, first.id]
    assert first.sha256 == second.sha256
    assert _folders(settings) == [first.sha256]
    opened = reader.open_stored(settings.data_dir, first.sha256)
    assert opened.manifest == first.details["manifest"]
    assert not (settings.data_dir / "datasets" / first.sha256 / ".pending").exists()


def test_the_same_upload_again_is_the_set_that_is_there(
    database: Database, settings: Settings
) -> None:
    first = add(database, settings)
    assert add(database, settings) == first
    assert add(database, settings, split_seed=1).id != first.id
    assert [found.id for found in _listed(database)] == [first.id + 1, first.id]


def test_files_go_with_the_last_set_of_their_content(
    database: Database, settings: Settings
) -> None:
    first, second = add(database, settings), add(database, settings, name="again")
    library.delete(database, settings.data_dir, first.id)
    assert _folders(settings) == [first.sha256]
    library.delete(database, settings.data_dir, second.id)
    assert _folders(settings) == []
    with pytest.raises(NotFoundError):
        library.delete(database, settings.data_dir, second.id)
    assert add(database, settings).id not in {first.id, second.id}


def test_a_set_that_an_unfinished_job_names_stays(database: Database, settings: Settings) -> None:
    found = add(database, settings)
    job, _ = commands.submit(database, parse.parse(spec_on(f"stored:{found.id}")))
    with pytest.raises(DatasetInUseError) as refused:
        library.delete(database, settings.data_dir, found.id)
    assert refused.value.job_ids == (job.id,)
    commands.cancel(database, job.id)
    library.delete(database, settings.data_dir, found.id)
    assert _listed(database) == []


def test_a_set_is_not_deleted_under_a_job_that_is_just_submitted(
    database: Database, settings: Settings
) -> None:
    found = add(database, settings)
    outcome: list[BaseException | None] = []

    def delete() -> None:
        try:
            library.delete(database, settings.data_dir, found.id)
            outcome.append(None)
        except DatasetInUseError as error:
            outcome.append(error)

    thread = threading.Thread(target=delete)
    with database.write() as session:
        spec = dataset_references.resolve(session, parse.parse(spec_on(f"stored:{found.id}")))
        thread.start()
        thread.join(timeout=0.5)  # it waits for this transaction
        assert outcome == []
        job_rows.insert_all(session, [spec.model_dump(mode="json")])
    thread.join()
    assert isinstance(outcome[0], DatasetInUseError)


def test_a_job_does_not_go_on_without_its_set(database: Database, settings: Settings) -> None:
    found = add(database, settings)
    job, _ = commands.submit(database, parse.parse(spec_on(f"stored:{found.id}")))
    with database.write() as session:
        for state in (JobState.RUNNING, JobState.EVALUATING, JobState.SUCCEEDED):
            job_rows.set_state(session, job.id, state)
    library.delete(database, settings.data_dir, found.id)
    with pytest.raises(NotFoundError, match=f"no data set {found.id}"):
        reopen.extend(database, job.id, 5)


def test_a_refused_upload_leaves_no_row_and_no_folder(
    database: Database, settings: Settings
) -> None:
    with pytest.raises(InvalidDatasetError):
        add(database, settings, making.zipped({"a/1.png": b"no image"}))
    assert (_listed(database), _folders(settings)) == ([], [])


@pytest.mark.parametrize(
    ("limit", "options"),
    [
        ({"max_dataset_samples": 9}, {}),
        ({"max_image_pixels": 119}, {}),
        ({"max_image_pixels": 119}, {"storage": "encoded"}),
        ({"max_dataset_files": 9}, {}),
    ],
)
def test_limits_are_settings_that_refusals_name(
    sqlite_database: Database,
    settings: Settings,
    limit: dict[str, int],
    options: dict[str, Any],
) -> None:
    limited = settings.model_copy(update=limit)
    (setting,) = limit
    with pytest.raises(InvalidDatasetError, match=f"raise DENSEARCH_{setting.upper()}"):
        add(sqlite_database, limited, **options)
    enough = limited.model_copy(update={setting: limit[setting] + 1})
    found = add(sqlite_database, enough, **options)  # 10 images of 12 x 10
    reader.open_stored(settings.data_dir, found.sha256).sample(9)


@pytest.mark.parametrize(("kind", "storage"), [(FlatFile, "values"), (ImageFile, "encoded")])
def test_a_full_disk_leaves_nothing(
    database: Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[FlatFile | ImageFile],
    storage: str,
) -> None:
    append, n_left = kind.append, iter(range(4))

    def full(self: FlatFile | ImageFile, *args: Any) -> None:
        if next(n_left, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(self, *args)  # type: ignore[arg-type] # its own

    monkeypatch.setattr(kind, "append", full)
    with pytest.raises(StorageFullError, match="no room"):
        add(database, settings, storage=storage)
    assert (_listed(database), _folders(settings)) == ([], [])


def submitted(database: Database, body: dict[str, Any]) -> TrainingJob:
    job = resolved_of(commands.submit(database, parse.parse(body))[0])
    assert isinstance(job, TrainingJob)
    return job


def test_images_of_varying_size_are_trained_on_at_the_side_of_the_job(
    database: Database, settings: Settings
) -> None:
    found = add(database, settings, storage="encoded")
    name = f"stored:{found.id}"
    with pytest.raises(InvalidSpecError) as refused:
        commands.submit(database, parse.parse(spec_on(name)))
    assert [fault.pointer for fault in refused.value.faults] == ["/task/size_px"]
    sized = {"kind": "classification", "dataset": name, "size_px": 32}
    job = submitted(database, spec_on(name) | {"task": sized})
    task = training_cost.typical_payload(job, is_full=False)["task"]
    assert (task["dataset"], task["size_px"]) == (f"stored:{found.sha256}", 32)
    assert task["data"]["is_encoded"]
    # What a training needs is known before it is trained: that of a side of 32.
    assert memory.need_of(job) is not None
    # A payload of a set that is stored as values is what it was before there were others.
    values = add(database, settings, name="values")
    job = submitted(database, spec_on(f"stored:{values.id}"))
    task = training_cost.typical_payload(job, is_full=False)["task"]
    assert not {"size_px"} & task.keys()
    assert not {"is_encoded", "least_px"} & task["data"].keys()


def test_a_row_that_cannot_be_stored_takes_its_files_with_it(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def broken(self: Path, target: Path) -> NoReturn:
        rename(self, target)
        raise ConnectionError

    monkeypatch.setattr(Path, "rename", broken)
    with pytest.raises(ConnectionError):
        add(database, settings)
    assert (_listed(database), _folders(settings)) == ([], [])


def test_a_deletion_that_breaks_off_is_undone(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, rename = add(database, settings), Path.rename

    def broken(self: Path, target: Path) -> NoReturn:
        rename(self, target)
        monkeypatch.undo()
        raise ConnectionError

    monkeypatch.setattr(Path, "rename", broken)
    with pytest.raises(ConnectionError):
        library.delete(database, settings.data_dir, found.id)
    assert _listed(database) == [found]
    reader.open_stored(settings.data_dir, found.sha256)


def test_files_and_names_are_on_the_disk_before_the_row_is(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that no power cut leaves a row without its files, once it was answered or ever."""
    base, fsync = settings.data_dir / "datasets", os.fsync
    events: list[str] = []

    def synced(descriptor: int) -> None:
        events.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def committed(_connection: Connection) -> None:
        events.append("commit")

    monkeypatch.setattr(os, "fsync", synced)
    event.listen(database.engine, "commit", committed)
    found = add(database, settings)
    before = events[: -1 - events[::-1].index("commit")]  # the last one: that of the row
    files = {Path(path).name for path in before if "/made/" in path}
    kept = {path.name for path in (base / found.sha256).iterdir()}
    assert files == kept | {".pending"}
    assert before[-3].endswith("/made")
    assert before[-2:] == [str(base), str(settings.data_dir)]
    events.clear()
    library.delete(database, settings.data_dir, found.id)
    assert events == [str(base), str(settings.data_dir), "commit"]


def test_storing_a_damaged_set_again_mends_it(database: Database, settings: Settings) -> None:
    found = add(database, settings)
    folder = settings.data_dir / "datasets" / found.sha256
    (folder / "inputs.npy").write_bytes((folder / "inputs.npy").read_bytes()[:-1])
    with pytest.raises(DamagedDatasetError, match="store the set again"):
        reader.open_stored(settings.data_dir, found.sha256)
    assert add(database, settings).sha256 == found.sha256
    reader.open_stored(settings.data_dir, found.sha256)
    assert _folders(settings) == [found.sha256]


def test_mending_that_breaks_off_leaves_one_folder(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, rename = add(database, settings), Path.rename
    folder = settings.data_dir / "datasets" / found.sha256
    (folder / "inputs.npy").unlink()

    def broken(self: Path, target: Path) -> None:
        rename(self, target)
        if self.name == "made":
            raise ConnectionError

    monkeypatch.setattr(Path, "rename", broken)
    with pytest.raises(ConnectionError):
        add(database, settings)
    assert _listed(database) == [found]
    assert _folders(settings) == [found.sha256]
    reader.open_stored(settings.data_dir, found.sha256)
    assert not (folder / ".pending").exists()


def test_a_killed_import_is_swept_away_and_a_living_one_is_not(
    sqlite_database: Database, settings: Settings
) -> None:
    def look() -> Import:
        return import_log.look(sqlite_database, settings.data_dir, 1)

    code = (
        "import sys, time; from pathlib import Path\n"
        "from service.datasets.store.workspace import workspace\n"
        "with workspace(Path(sys.argv[1])) as work:\n"
        "    work.upload.write_bytes(b'half'); print(work.name, flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(settings.data_dir)], stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        name = child.stdout.readline().decode().strip()
        with sqlite_database.write() as session:
            imports.insert(session, name="x", stage="reading", workspace=name, key="k")
        assert library.sweep(sqlite_database, settings.data_dir) == 0
        assert len(_folders(settings)) == 1
        assert look().state is ImportState.RUNNING
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()  # type: ignore[union-attr]
    # Known before and after a start removes what was left.
    assert look().state is ImportState.LOST
    assert library.sweep(sqlite_database, settings.data_dir) == 1
    assert _folders(settings) == []
    assert look().state is ImportState.LOST


def test_what_a_crash_left_is_settled_by_what_the_database_says(
    database: Database, settings: Settings
) -> None:
    found = add(database, settings)
    base = settings.data_dir / "datasets"
    (base / found.sha256 / ".pending").touch()  # committed, but not yet unmarked
    orphan = base / ("0" * 64)
    shutil.copytree(base / found.sha256, orphan)  # moved in, never committed
    gone = base / f".deleted-{'1' * 64}-x"
    shutil.copytree(base / found.sha256, gone)  # committed, not yet removed
    assert library.sweep(database, settings.data_dir) == 2
    assert _folders(settings) == [found.sha256]
    (base / found.sha256).rename(base / f".deleted-{found.sha256}-x")  # moved, never committed
    assert library.sweep(database, settings.data_dir) == 0
    reader.open_stored(settings.data_dir, found.sha256)


def test_many_at_once_add_and_delete_one_content(database: Database, settings: Settings) -> None:
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for _ in range(3):
                found = add(database, settings, name=name)
                reader.open_stored(settings.data_dir, found.sha256)
                library.delete(database, settings.data_dir, found.id)
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (_listed(database), _folders(settings)) == ([], [])
