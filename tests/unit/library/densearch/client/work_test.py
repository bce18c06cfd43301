"""The iterator of trials: what it sends, and what it does when a server is gone."""

from __future__ import annotations

import json
import math
from typing import Any, cast

import httpx2
import numpy as np
import pytest

from densearch.client import Client, ClientError

TRIAL: dict[str, Any] = {
    "id": 7, "token": "t", "lease_s": 3600.0, "params": {"lr": 0.1}, "seed": 5,
    "phase": "search", "split": "validation", "epochs": 3,
    "densities": [{"layers": ["all"], "alpha": [0.5, 1, 0.5], "beta": [0.5, 1, 0.5],
                   "phi": [[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]], "den": [0.5]}],
}  # fmt: skip


class Scripted:
    """A server that gives one trial, then says that the job is done."""

    def __init__(self, **answers: Any) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.answers = {"report": {"stop": False, "reason": None}, "tell": {"outcome": "taken"},
                        "release": {"outcome": "taken"}} | answers  # fmt: skip
        self.n_refusals = 0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        what, body = request.url.path.rpartition("/")[2], json.loads(request.content)
        if self.n_refusals > 0:
            self.n_refusals -= 1
            return httpx2.Response(503, json={"title": "Starting", "detail": "wait"})
        self.sent.append((what, body))
        if what == "ask":
            n_asked = sum(name == "ask" for name, _ in self.sent)
            trials = [TRIAL] if n_asked == 1 else []
            return httpx2.Response(200, json={"trials": trials, "done": n_asked > 1})
        return httpx2.Response(200, json=self.answers[what])

    def client(self) -> Client:
        return Client(transport=httpx2.MockTransport(self))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("densearch.client.work.time.sleep", lambda _s: None)


def test_a_trial_is_trained_reported_and_ended() -> None:
    server = Scripted()
    for trial in server.client().work(3, worker="me"):
        assert (trial.params["lr"], trial.seed, trial.split, trial.epochs) == (
            0.1,
            5,
            "validation",
            3,
        )
        assert trial.beta is not None
        assert np.array_equal(trial.phi, np.outer(trial.alpha, trial.beta))
        assert trial.den == [0.5]
        assert not trial.report(0.5, accuracy=0.9)
        assert not trial.report(0.4)
        trial.tell(0.4)
        trial.tell(0.3)  # it has ended
    assert [(what, body.get("epoch"), body.get("value")) for what, body in server.sent] == [
        ("ask", None, None),
        ("report", 1, 0.5),
        ("report", 2, 0.4),
        ("tell", None, 0.4),
        ("ask", None, None),
    ]
    assert server.sent[0][1]["worker"] == "me"
    assert server.sent[1][1]["metrics"] == {"accuracy": 0.9}


def test_after_a_report_that_pruned_nothing_is_sent() -> None:
    server = Scripted(report={"stop": True, "reason": "pruned"})
    for trial in server.client().work(3):
        assert trial.report(9.0)
        assert trial.report(9.0)
        trial.tell(9.0)
    assert [what for what, _ in server.sent] == ["ask", "report", "ask"]


def test_the_last_epoch_stops_and_its_value_counts() -> None:
    server = Scripted(report={"stop": True, "reason": "complete"})
    for trial in server.client().work(3):
        assert trial.report(0.5)
        trial.tell(0.5)
    assert [what for what, _ in server.sent] == ["ask", "report", "tell", "ask"]


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e61, -1e300])
def test_a_value_that_is_no_number_is_a_divergence(value: float) -> None:
    server = Scripted()
    for trial in server.client().work(3):
        assert trial.report(value)
    assert server.sent[1] == ("tell", {"token": "t", "diverged": True})


def test_an_error_of_the_body_is_the_reason_of_a_failure() -> None:
    server = Scripted()

    def train() -> None:
        for trial in server.client().work(3):
            with trial:
                raise ZeroDivisionError("by 0")

    with pytest.raises(ZeroDivisionError):
        train()
    assert server.sent[1] == ("tell", {"token": "t", "failed": "ZeroDivisionError: by 0"})


def test_a_reason_that_is_no_text_is_sent_with_escapes() -> None:
    """Python keeps the bytes of a file's name as halves of surrogate pairs, which none takes."""
    server = Scripted()
    for trial in server.client().work(3):
        trial.fail("no file 'caf\udce9.png'\nin\0data")
    assert server.sent[1][1]["failed"] == "no file 'caf\\udce9.png'\nin\\x00data"


def test_metrics_that_no_server_takes_are_left_out() -> None:
    server = Scripted()
    for trial in server.client().work(3):
        trial.tell(0.5, huge=1e61, missing=math.nan, recall=0.25)
    assert server.sent[1][1]["metrics"] == {"recall": 0.25}


def test_a_trial_that_is_left_is_given_back_or_has_failed() -> None:
    left, passed = Scripted(), Scripted()
    for _ in left.client().work(3):
        break
    assert [what for what, _ in left.sent] == ["ask", "release"]
    for _ in passed.client().work(3):
        pass
    assert "call trial.tell" in passed.sent[1][1]["failed"]


def test_a_server_that_starts_again_is_waited_for() -> None:
    server = Scripted()
    for trial in server.client().work(3):
        server.n_refusals = 5
        trial.tell(0.5)
    assert [what for what, _ in server.sent] == ["ask", "tell", "ask"]
    server = Scripted()
    server.n_refusals = 5
    with pytest.raises(ClientError, match="wait"):
        next(server.client().work(3, patience_s=0.0))


def test_a_value_of_another_kind_is_named_and_nothing_is_sent() -> None:
    server = Scripted()
    others: list[Any] = ["x", None, [1], 1j, 10**400, np.zeros(2)]
    work = server.client().work(3)  # kept: one that is left gives its trial back
    trial = next(work)
    for other in others:
        with pytest.raises(TypeError, match="value must be a number, not "):
            trial.report(other)
        with pytest.raises(TypeError, match="accuracy must be a number, not "):
            trial.tell(0.5, accuracy=other)
    assert [what for what, _ in server.sent] == ["ask"]
    assert not trial.is_over
    assert repr(trial).startswith(f"AskedTrial(id={trial.id}, phase='")
    trial.tell(cast("float", np.array([0.25])), accuracy=cast("float", np.float32(0.5)))
    assert server.sent[-1][1]["value"] == 0.25
