"""Bundles of jobs: made once by a process of their own, and kept as artifacts.

The name of the artifact has a digest of all that the bundle is made of, so that a job that was
extended since gets a new one.
"""

from __future__ import annotations

import json
import subprocess
import threading
from hashlib import sha256
from importlib.metadata import version as version_of_package
from weakref import WeakKeyDictionary

from api.documents.background_work import BackgroundWork, TooMuchWorkError
from api.documents.compose import document_of
from api.documents.markdown import markdown_of
from api.documents.source import read_source
from api.downloads import file_name
from api.problems.handlers import ProblemError
from api.short_process import reason_of, run_module
from service.jobs import artifact_files, bundle_source
from service.jobs.bundle_source import PREFIX, NothingToBundleError
from service.records import Artifact, Json
from service.settings import Settings
from service.storage import deadlines, densities, jobs
from service.storage.database import Database
from service.storage.job_versions import version_of

MODULE = "workers.bundle.process"
MEDIA_TYPE = "application/zip"
# A request waits so long; the bundle is made nevertheless, and the next one has it.
WAIT_S = 60.0
# Torch's exporter takes minutes for a large network on a busy machine.
LIMIT_S = 600.0
_MAKING = BackgroundWork[Artifact](most=8)
MOST_NAMES = 1000
_Asked = tuple[int, str | None, str, str]


class _Names:
    """The names of bundles by what they depend on, since each has a digest of the whole report.

    Thread safety: all.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: WeakKeyDictionary[Database, dict[_Asked, str]] = WeakKeyDictionary()

    def get(self, database: Database, asked: _Asked) -> str | None:
        """Return the name of a bundle, if it is known."""
        with self._lock:
            return self._known.get(database, {}).get(asked)

    def put(self, database: Database, asked: _Asked, name: str) -> None:
        """Keep a name, and forget all when there are many."""
        with self._lock:
            known = self._known.setdefault(database, {})
            if len(known) >= MOST_NAMES:
                known.clear()
            known[asked] = name


_NAMES = _Names()


def bundle_of(
    database: Database, settings: Settings, job_id: int, arm: str | None, norm: str
) -> Artifact:
    """Return the bundle of a job's arm, made now unless it is kept.

    Raises:
        NotFoundError: There is no such job or arm.
        ProblemError: There is nothing to bundle, or its process failed.
    """
    with database.read() as session:
        version = version_of(session, job_id)
    asked = (job_id, arm, norm, str(version))
    known = _NAMES.get(database, asked)
    if known is not None and (kept := _kept(database, settings, job_id, known)) is not None:
        return kept
    question, name = _question(database, settings, job_id, arm, norm)
    if version.is_final:  # until then its document depends on the clock, too
        _NAMES.put(database, asked, name)
    if (kept := _kept(database, settings, job_id, name)) is not None:
        return kept
    deadlines.extend(2 * WAIT_S)

    def make() -> Artifact:  # another request may have made it meanwhile
        return _kept(database, settings, job_id, name) or _made(
            database, settings, job_id, name, question
        )

    try:
        return _MAKING.ask((database, name), make).result(WAIT_S)
    except TooMuchWorkError as error:
        raise ProblemError("export-failed", "other bundles are being made") from error
    except TimeoutError as error:
        detail = f"it is not made yet after {WAIT_S:g} s, and goes on being made: ask again"
        raise ProblemError("export-failed", detail) from error


def _question(
    database: Database, settings: Settings, job_id: int, arm: str | None, norm: str
) -> tuple[Json, str]:
    with database.read() as session:
        try:
            question = bundle_source.question_of(session, job_id, arm, norm)
        except NothingToBundleError as error:
            raise ProblemError("no-bundle", str(error)) from error
        source = read_source(session, job_id, settings)
    question["report_md"] = markdown_of(document_of(source))
    text = json.dumps(
        [version_of_package("densearch-server"), question], sort_keys=True, default=str
    )
    folded = "-folded" if norm == "folded" else ""
    so_far = "" if question["job"]["is_final"] else "-so-far"
    stem = file_name(f"{PREFIX}{question['arm'][:80]}{folded}{so_far}")
    name = f"{stem}-{sha256(text.encode()).hexdigest()[:16]}.zip"
    return {**question, "data_dir": str(settings.data_dir.resolve())}, name


def _kept(database: Database, settings: Settings, job_id: int, name: str) -> Artifact | None:
    with database.read() as session:
        own = densities.artifacts(session, job_id)
    found = next((artifact for artifact in own if artifact.name == name), None)
    if found is None or artifact_files.inside(settings.data_dir, found.path) is None:
        return None
    return found


def _made(
    database: Database, settings: Settings, job_id: int, name: str, question: Json
) -> Artifact:
    content = _run(question)
    with artifact_files.held(settings.data_dir):
        path, n_bytes, digest = artifact_files.store_bundle(settings.data_dir, content)
        with database.write(is_durable=True) as session:
            jobs.get(session, job_id)  # it may have been deleted meanwhile
            return densities.put_artifact(
                session,
                {
                    "job_id": job_id,
                    "trial_id": None,
                    "name": name,
                    "media_type": MEDIA_TYPE,
                    "path": path,
                    "n_bytes": n_bytes,
                    "sha256": digest,
                },
            )


def _run(question: Json) -> bytes:
    try:
        done = run_module(MODULE, json.dumps(question).encode(), LIMIT_S)
    except subprocess.TimeoutExpired as error:
        raise ProblemError("export-failed", f"it took over {LIMIT_S:g} s") from error
    except OSError as error:
        raise ProblemError("export-failed", f"no process could be started ({error})") from error
    if done.returncode != 0 or not done.stdout.startswith(b"PK"):
        detail = f"the process that makes bundles failed ({reason_of(done)})"
        raise ProblemError("export-failed", detail)
    return done.stdout
