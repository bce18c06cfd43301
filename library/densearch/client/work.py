"""Training outside: an iterator of trials that keeps their leases and reports their values.

Example:
    >>> for trial in client.work(job["id"]):  # doctest: +SKIP
    ...     network = apply_density(MyNetwork(), trial.phi)
    ...     for _ in range(10):
    ...         loss = train_one_epoch(network, lr=trial.params.get("lr", 0.01))
    ...         if trial.report(loss):
    ...             break
    ...     trial.tell(loss)
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast

from densearch.answers.trainers import LARGEST_VALUE
from densearch.client.errors import ClientError
from densearch.client.transport import Json, Transport, json_request
from densearch.names import shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from densearch.answers import (
        AskAnswer,
        AskedDensityAnswer,
        AskedTrialAnswer,
        HeardAnswer,
        TrialEndAnswer,
    )

    Array = NDArray[np.float64]

Answer = TypeVar("Answer")
Standing = Literal["taken", "pruned", "late"]
WAIT_S = 25.0
# How long a server may be gone: a trainer waits for it, then gives up.
PATIENCE_S = 600.0
RETRY_S, LONGEST_RETRY_S = 0.25, 5.0
MOST_LETTERS = 4000
NO_VALUE = "the trainer went on to the next trial without a value: call trial.tell"


@dataclass(frozen=True, slots=True)
class AskedDensity:
    """The density of some layers.

    Attributes:
        layers: Names as the spec has them; ``("all",)`` where it names none.
        phi: By which the kernels are multiplied, shape (K,) * n_dims.
        alpha: Factor along the first axis, shape (K,).
        beta: Along the second axis; None for signals.
        den: As the authors' ``wConv2d`` takes it; None where it cannot express the density.
    """

    layers: tuple[str, ...]
    phi: Array
    alpha: Array
    beta: Array | None
    den: list[float] | None

    @classmethod
    def of(cls, answer: AskedDensityAnswer) -> AskedDensity:
        """Read one of the densities of an ask's answer."""
        import numpy as np  # every command imports this module, and few have arrays

        beta = answer["beta"]
        return cls(
            layers=tuple(answer["layers"]),
            phi=np.asarray(answer["phi"], dtype=np.float64),
            alpha=np.asarray(answer["alpha"], dtype=np.float64),
            beta=None if beta is None else np.asarray(beta, dtype=np.float64),
            den=answer["den"],
        )


class AskedTrial:
    """A trial in this program's hands. Its lease is kept until it ends.

    Attributes:
        answer: The trial as the server answered it, see /docs of the server.
        params: What to try: the searched settings, and the density in short.
        densities: One for each group of layers.
        seed: Of initial weights and data order: equal for the trials that are compared.
        phase: ``search``, ``promotion``, ``confirmation`` or ``evaluation``.
        split: What to measure the value on: ``validation``, or ``test`` in the evaluation.
        epochs: How long to train; None where the spec says nothing.
        is_over: Whether it has ended, or is no longer this program's.
        outcome: What became of its end, once it was sent: ``taken``, ``pruned`` or ``late``.
    """

    def __init__(self, client: Transport, answer: AskedTrialAnswer, patience_s: float) -> None:
        self._client, self._patience_s = client, patience_s
        self.answer = answer
        self.id = answer["id"]
        self.params = answer["params"]
        self.densities = [AskedDensity.of(one) for one in answer["densities"]]
        self.seed = answer["seed"]
        self.phase = answer["phase"]
        self.split = answer["split"]
        self.epochs = answer["epochs"]
        self.is_over = False
        self.outcome: Standing | None = None
        self._n_epochs = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"trial {self.id}", daemon=True)

    def __repr__(self) -> str:
        return f"AskedTrial(id={self.id}, phase={self.phase!r}, params={self.params})"

    @property
    def density(self) -> AskedDensity:
        """The only density.

        Raises:
            ValueError: There are several: see `densities`.
        """
        if len(self.densities) != 1:
            raise ValueError("the trial has several densities: use trial.densities")
        return self.densities[0]

    @property
    def phi(self) -> Array:
        """Phi of the only density, shape (K,) * n_dims."""
        return self.density.phi

    @property
    def den(self) -> list[float] | None:
        """The only density as the authors' ``wConv2d`` takes it; None where it cannot."""
        return self.density.den

    @property
    def alpha(self) -> Array:
        """Alpha of the only density, shape (K,)."""
        return self.density.alpha

    @property
    def beta(self) -> Array | None:
        """Beta of the only density, shape (K,); None for signals."""
        return self.density.beta

    def report(self, value: float, **metrics: float) -> bool:
        """Report the value of the next epoch; return whether to stop training.

        A value that is no number, or beyond 1e60, ends the trial as diverged.

        Raises:
            ClientError: The server refuses it.
            TypeError: The value or a metric is no number; it is named.
            UnreachableError: No server answers for a long time.
        """
        if self.is_over:
            return True
        number = number_of("value", value)
        if not _is_taken(number):
            self._end({"diverged": True})
            return True
        body = {"epoch": self._n_epochs + 1, "value": number, "metrics": _finite(metrics)}
        answer = cast("HeardAnswer", self._post("report", body, ("stop", "reason")))
        self._n_epochs += 1
        if answer["stop"] and answer["reason"] != "complete":
            self._close()
        return answer["stop"]

    def tell(self, value: float, **metrics: float) -> None:
        """Tell the trial's value; after a report that has ended the trial this does nothing.

        Raises:
            ClientError: The server refuses it.
            TypeError: The value or a metric is no number; it is named.
            UnreachableError: No server answers for a long time.
        """
        number = number_of("value", value)
        if _is_taken(number):
            self._end({"value": number, "metrics": _finite(metrics)})
        else:
            self._end({"diverged": True, "metrics": _finite(metrics)})

    def fail(self, reason: str) -> None:
        """Tell that the trial failed; it is tried again, a few times in all."""
        # It may quote the name of a file, which need not be text that can be sent.
        self._end({"failed": shown(reason, "\n\t")[:MOST_LETTERS] or "failed"})

    def release(self) -> None:
        """Give the trial back: it is offered again, and the attempt is not counted."""
        if not self.is_over:
            self._post("release", {})
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Tell an error of the body as the reason of a failure; give back what was interrupted."""
        if isinstance(error, Exception) and not isinstance(error, ClientError):
            self.fail(f"{type(error).__name__}: {error}")
        elif error is not None:
            self.release()

    def start(self) -> None:
        """Keep the lease from now on."""
        self._thread.start()

    def _end(self, body: Json) -> None:
        if not self.is_over:
            self.outcome = cast("TrialEndAnswer", self._post("tell", body, ("outcome",)))[
                "outcome"
            ]
            self._close()

    def _close(self) -> None:
        self.is_over = True
        self._done.set()

    def _post(self, what: str, body: Json, needs: Collection[str] = ()) -> Json:
        return again(lambda: self._once(what, body, needs), self._patience_s)

    def _once(self, what: str, body: Json, needs: Collection[str]) -> Json:
        request = json_request({"token": self.answer["token"], **body})
        return self._client.json("POST", f"/v1/trials/{self.id}/{what}", needs=needs, **request)

    def _keep(self) -> None:
        while not self._done.wait(self.answer["lease_s"] / 4):
            try:
                if cast("HeardAnswer", self._once("heartbeat", {}, ("stop",)))["stop"]:
                    self._close()
            except ClientError as error:
                if not error.may_pass:
                    self._close()


class Working(Transport):
    """A connection whose program trains for the server."""

    def work(
        self,
        job_id: int,
        *,
        worker: str | None = None,
        patience_s: float = PATIENCE_S,
    ) -> Iterator[AskedTrial]:
        """Yield trials of an external training, one at a time, until the job has ended.

        A thread keeps the lease of the trial in hand. A trial that the body leaves without a value
        has failed; one in hand when the iterator is closed is given back. ``with trial:`` around
        the body tells its errors as the reason of the failure.

        Args:
            job_id: Which job.
            worker: Name of this program, for people; the host and the process if None.
            patience_s: How long a server may be unreachable, s.

        Raises:
            ClientError: The server refuses.
            UnreachableError: No server answers for `patience_s`.
        """
        name = (worker or f"{socket.gethostname()}-{os.getpid()}")[:60]
        while True:
            key = secrets.token_hex(32)  # of one ask, however often it is sent
            body = {"worker": name, "wait_s": WAIT_S, "key": key}
            path, request = f"/v1/jobs/{job_id}/ask", json_request(body)
            given = {"needs": ("done", "trials"), "timeout": WAIT_S + 30.0, **request}
            found = again(partial(self.json, "POST", path, **given), patience_s)
            answer = cast("AskAnswer", found)
            if answer["done"]:
                return
            for asked in answer["trials"]:
                yield from _handed(AskedTrial(self, asked, patience_s))


def _handed(trial: AskedTrial) -> Iterator[AskedTrial]:
    """Yield a trial while its lease is kept."""
    trial.start()
    try:
        yield trial
    except GeneratorExit:
        trial.release()
        raise
    trial.fail(NO_VALUE)


def again(send: Callable[[], Answer], patience_s: float) -> Answer:
    """Send a request until a server answers it: one that starts again, or waits for its database.

    Raises:
        ClientError: It refuses.
        UnreachableError: None answers for `patience_s`.
    """
    deadline, pause_s = time.monotonic() + patience_s, RETRY_S
    while True:
        try:
            return send()
        except ClientError as error:
            if not error.may_pass or time.monotonic() + pause_s > deadline:
                raise
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_RETRY_S)


def _finite(metrics: dict[str, Any]) -> dict[str, float]:
    numbers = {name: number_of(name, value) for name, value in metrics.items()}
    return {name: number for name, number in numbers.items() if _is_taken(number)}


def _is_taken(number: float) -> bool:
    """Whether the server takes a number; one that diverges may stop short of infinity."""
    return abs(number) <= LARGEST_VALUE  # NaN is not


def number_of(name: str, value: Any) -> float:  # noqa: ANN401 - whatever a trainer has
    """Return a number as a float, those in an array or a tensor of one element, too.

    Raises:
        TypeError: It is none.
    """
    try:
        # Of a tensor with a gradient float() warns.
        return float(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise TypeError(f"{name} must be a number, not {value!r:.100}") from error
