"""A worker goes on where one before it died, finds what a shorter training left, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.checkpoint_files import CheckpointRule, listed, make_folder
from service.orchestration.messages import Assignment, Ended, Ending, Measured
from tests.support.assignments import assignment, packed, training
from workers.checkpoints import Noted
from workers.inbox import Inbox
from workers.training import checkpoint_store, precision
from workers.worker import Message, Worker

RULE = CheckpointRule(every_s=1e-9, most_bytes=10**9)


@pytest.fixture(autouse=True)
def always_due(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(checkpoint_store, "REST", 0.0)
    make_folder(tmp_path)


def worker(data_dir: Path, rule: CheckpointRule | None = RULE) -> Worker:
    return Worker(str(data_dir), checkpoints=rule)


def until_first_measurement(messages: Any) -> None:  # noqa: ANN401 - a generator of messages
    """Drop a run, as the death of its process does, after its first measurement."""
    next(message for message in messages if isinstance(message, Measured))
    messages.close()


def facts(messages: Sequence[Message]) -> list[object]:
    """Return what is said of trials, without times and attempts."""
    found: list[object] = []
    for message in messages:
        if isinstance(message, Measured):
            found.append((message.trial_id, message.epoch, message.metrics))
        elif not isinstance(message, Noted):
            ended = replace(message[0], attempt_id=0, training_s=0.0, peak_memory_bytes=0)
            found.append((ended, message[1]))
    return sorted(found, key=repr)


def again(assignments: Sequence[Assignment]) -> list[Assignment]:
    return [replace(own, attempt_id=own.attempt_id + 100) for own in assignments]


@pytest.mark.parametrize("is_pack", [False, True])
def test_a_worker_goes_on_where_one_before_it_died(tmp_path: Path, is_pack: bool) -> None:
    own = [replace(assignment(training(epochs=3)), keeps_weights=True)]
    given = [packed(1), packed(2)] if is_pack else own
    expected = facts(list(Worker().run(given)))
    until_first_measurement(worker(tmp_path).run(given))
    told = list(worker(tmp_path).run(again(given)))
    assert facts(told) == expected
    notes = [message for message in told if isinstance(message, Noted)]
    assert [note.attempt_id for note in notes] == [own.attempt_id + 100 for own in given]
    assert all("the training continues after" in note.text for note in notes)
    attempts = {m.attempt_id for m in told if isinstance(m, Measured)}
    assert attempts == {own.attempt_id + 100 for own in given}


def test_a_promotion_continues_the_search_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "has_fast_bfloat16", lambda _: False)  # some processors are
    cut = {"schedule": "cosine", "schedule_epochs": 4, "precision": "auto"}
    short = replace(assignment(training(**cut)), keeps_end=True)
    rare = replace(RULE, every_s=1e9)
    list(worker(tmp_path, rare).run([short]))
    full = assignment(training(epochs=4, schedule="cosine", precision="float32"), 2)
    told = list(worker(tmp_path, rare).run([full]))
    assert facts(told) == facts(list(Worker().run([full])))
    (note,) = (message for message in told if isinstance(message, Noted))
    assert "after 4 steps, in epoch 3" in note.text


def test_where_the_directory_is_not_shared_it_says_so_once(tmp_path: Path) -> None:
    elsewhere = worker(tmp_path / "elsewhere")
    told = [*elsewhere.run([assignment(training())]), *elsewhere.run([assignment(training())])]
    notes = [message for message in told if isinstance(message, Noted)]
    assert [note.is_warning for note in notes] == [True]
    assert "is missing on a worker's machine" in notes[0].text
    assert sum(isinstance(m, tuple) and m[0].ending is Ending.COMPLETED for m in told) == 2
    assert not (tmp_path / "elsewhere").exists()


def test_nothing_is_kept_without_a_rule(tmp_path: Path) -> None:
    list(worker(tmp_path, None).run([replace(assignment(training()), keeps_end=True)]))
    assert not list(listed(tmp_path / "checkpoints"))


def test_notes_are_for_the_log(tmp_path: Path) -> None:
    inbox, own = Inbox(tmp_path), assignment(training())
    with capture_logs() as logs:
        inbox.put(own, Noted(1, "it continues", is_warning=False))
        inbox.put(own, Noted(1, "it is damaged", is_warning=True))
    assert not inbox.has(own.job_id)
    levels = [(line["log_level"], line["event"], line["trial"]) for line in logs]
    assert levels == [("info", "it continues", 11), ("warning", "it is damaged", 11)]
    inbox.put(own, (Ended(1, 11, Ending.COMPLETED, value=1.0), None))
    assert inbox.has(own.job_id)
