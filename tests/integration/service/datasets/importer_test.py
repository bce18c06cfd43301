"""Imports go on by themselves and end once; one that is stopped leaves nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from service.datasets import import_log, library
from service.datasets.importer import N_AT_ONCE, HeldWorkspace, Importer
from service.datasets.options import ImportOptions
from service.errors import NotFoundError
from service.records import Import
from service.settings import Settings
from service.states import ImportState
from service.storage import datasets, imports
from service.storage.database import Database
from tests.support.asking import until
from tests.support.datasets import making
from tests.support.datasets.gates import PATIENCE_S
from tests.support.datasets.uploading import CONTENT, folders
from tests.support.long_writes import long_write

OPTIONS = ImportOptions(name="pets")


def explained(error: Exception) -> dict[str, Any]:
    return {"title": type(error).__name__, "detail": str(error)}


def importer_of(database: Database, settings: Settings) -> Importer:
    return Importer(database, settings, explained, threading.Event())


def started(
    importer: Importer,
    database: Database,
    settings: Settings,
    content: bytes = CONTENT,
    digest: bytes | None = b"d",
) -> Import:
    with ExitStack() as stack:
        work = stack.enter_context(library.working(database, settings))
        work.upload.write_bytes(content)
        return importer.start(HeldWorkspace(work, stack), OPTIONS, digest=digest)


def look(database: Database, settings: Settings, found: Import) -> Import:
    return import_log.look(database, settings.data_dir, found.id)


def ended(importer: Importer, database: Database, settings: Settings, found: Import) -> Import:
    importer.join(found.id, PATIENCE_S)
    return look(database, settings, found)


def n_stored(database: Database) -> int:
    with database.read() as session:
        return len(datasets.page(session, limit=10))


def test_an_import_ends_with_its_set(database: Database, settings: Settings) -> None:
    importer = importer_of(database, settings)
    found = started(importer, database, settings)
    done = ended(importer, database, settings, found)
    assert done.state is ImportState.SUCCEEDED
    with database.read() as session:
        stored = datasets.page(session, limit=2)
    assert [one.id for one in stored] == [done.dataset_id]
    assert len(folders(settings)) == 1


def test_a_refused_one_keeps_the_problem(sqlite_database: Database, settings: Settings) -> None:
    importer = importer_of(sqlite_database, settings)
    found = started(importer, sqlite_database, settings, making.zipped({"a/1.png": b"no"}))
    done = ended(importer, sqlite_database, settings, found)
    assert done.state is ImportState.FAILED
    assert done.problem is not None
    assert done.problem["title"] == "InvalidDatasetError"
    assert (n_stored(sqlite_database), folders(settings)) == (0, [])


def test_progress_is_seen_and_equal_uploads_at_once_are_one_import(
    database: Database, settings: Settings, opened: threading.Event
) -> None:
    one, other = importer_of(database, settings), importer_of(database, settings)
    first = started(one, database, settings)
    until(lambda: look(database, settings, first).n_done == 3)
    seen = look(database, settings, first)
    assert (seen.state, seen.stage, seen.n_total) == (ImportState.RUNNING, "reading", 10)
    # Also where another process received them: nothing but the database is shared.
    assert started(other, database, settings).id == first.id
    assert started(other, database, settings, digest=b"e").id != first.id
    opened.set()
    assert ended(one, database, settings, first).state is ImportState.SUCCEEDED
    other.join_all(PATIENCE_S)
    # The other one stored the same content under the same name: the set that is there.
    assert n_stored(database) == 1
    assert len(folders(settings)) == 1


def test_a_deleted_import_stores_nothing(
    database: Database, settings: Settings, opened: threading.Event
) -> None:
    importer = importer_of(database, settings)
    found = started(importer, database, settings)
    import_log.delete(database, found.id)
    importer.join(found.id, PATIENCE_S)
    assert not opened.is_set()
    assert (n_stored(database), folders(settings)) == (0, [])
    with pytest.raises(NotFoundError):
        look(database, settings, found)


def test_one_that_is_deleted_as_it_stores_is_rolled_back(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    importer = importer_of(database, settings)

    def late(folder: Path) -> None:
        assert (folder / "inputs.npy").exists()
        with database.read() as session:
            (running,) = imports.running(session)
        import_log.delete(database, running.id)

    monkeypatch.setattr("service.datasets.library.sync_files", late)
    found = started(importer, database, settings)
    importer.join(found.id, PATIENCE_S)
    assert (n_stored(database), folders(settings)) == (0, [])


def test_an_ending_server_loses_its_imports_and_leaves_nothing(
    sqlite_database: Database, settings: Settings, opened: threading.Event
) -> None:
    ending = threading.Event()
    importer = Importer(sqlite_database, settings, explained, ending)
    found = [
        started(importer, sqlite_database, settings, digest=bytes([index]))
        for index in range(N_AT_ONCE + 1)  # the last one waits for its turn
    ]
    until(lambda: look(sqlite_database, settings, found[0]).n_done == 3)
    ending.set()
    importer.join_all(PATIENCE_S)
    assert not opened.is_set()
    assert folders(settings) == []
    states = {look(sqlite_database, settings, one).state for one in found}
    assert states == {ImportState.LOST}


def test_a_thread_that_does_not_start_leaves_nothing(
    sqlite_database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    importer = importer_of(sqlite_database, settings)
    monkeypatch.setattr(threading.Thread, "start", refused)
    with pytest.raises(RuntimeError):
        started(importer, sqlite_database, settings)
    importer.join_all(PATIENCE_S)
    assert folders(settings) == []
    with sqlite_database.read() as session:
        (found,) = imports.running(session)
    assert look(sqlite_database, settings, found).state is ImportState.LOST


def test_a_start_marks_what_was_lost(
    sqlite_database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the end of an import cannot be written its row says RUNNING, and nobody holds it."""
    importer = importer_of(sqlite_database, settings)
    monkeypatch.setattr(imports, "succeed", lambda *_: 1 / 0)
    monkeypatch.setattr(imports, "fail", lambda *_: 1 / 0)
    found = started(importer, sqlite_database, settings)
    importer.join(found.id, PATIENCE_S)
    monkeypatch.undo()
    with sqlite_database.read() as session:
        assert imports.get(session, found.id).state is ImportState.RUNNING
    library.sweep(sqlite_database, settings.data_dir)
    with sqlite_database.read() as session:
        assert imports.get(session, found.id).state is ImportState.LOST


def test_an_import_waits_for_a_long_write_of_another_process(
    sqlite_database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.storage.database.BUSY_TIMEOUT_MS", 20)
    hasty = Database(sqlite_database.url.render_as_string(hide_password=False))
    importer = importer_of(hasty, settings)
    n_refused = 0
    with ExitStack() as held:
        keep = library._keep

        def crowded(*words: Any) -> Any:  # noqa: ANN401
            if not n_refused:
                ends.append(held.enter_context(long_write(hasty)))
            return keep(*words)

        def paused(_s: float) -> None:
            nonlocal n_refused
            n_refused += 1
            if n_refused == 2:
                ends[0]()

        ends: list[Callable[[], None]] = []
        monkeypatch.setattr(library, "_keep", crowded)
        monkeypatch.setattr("service.storage.outages.time", SimpleNamespace(sleep=paused))
        found = ended(importer, hasty, settings, started(importer, hasty, settings))
    assert found.state is ImportState.SUCCEEDED
    assert n_refused == 2
    assert n_stored(hasty) == len(folders(settings)) == 1
    hasty.close()
