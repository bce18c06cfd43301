"""Connections under HTTP: ambiguous requests are refused, idle connections are closed.

uvicorn's protocol on h11, with limits that it lacks:

- the head of a request must be complete `HEAD_S` seconds after the connection or its first byte;
- a body must bring `BODY_BYTES` in every `BODY_WINDOW_S` seconds in which we wait for it, so that
  a slow link may take hours for a large file and a client that trickles may not;
- a client that reads nothing for `STALL_S` seconds is disconnected;
- at most `MAX_CONNECTIONS` at once: further ones are answered 503.

TCP detects a peer that disappeared without closing (see `api.cli.http_server.bind`).
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

import h11
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.problems.handlers import MEDIA_TYPE, body_of
from api.problems.kinds import PROBLEMS, Problem

HEAD_S = 15.0
BODY_WINDOW_S, BODY_BYTES = 20.0, 10_000
STALL_S = 60.0
TICK_S = 1.0
MAX_CONNECTIONS = 2_000
# Browsers also send the cookies of all other servers on localhost.
MAX_HEAD_BYTES = 64 * 1024

log = structlog.get_logger("api.connections")


class StrictConnection(h11.Connection):
    """Parses HTTP/1.1, and refuses what two parsers could read differently."""

    fault = "the request is not HTTP/1.1"

    def next_event(self) -> Any:  # noqa: ANN401 - as h11 has it
        """Return the next event.

        Raises:
            h11.RemoteProtocolError: The request is not HTTP, or its end or address is ambiguous.
        """
        try:
            event = super().next_event()
            return _unambiguous(event) if isinstance(event, h11.Request) else event
        except h11.RemoteProtocolError as error:
            self.fault = str(error)
            raise


def _unambiguous(request: h11.Request) -> h11.Request:
    if request.http_version not in (b"1.0", b"1.1"):
        raise h11.RemoteProtocolError("only HTTP/1.0 and HTTP/1.1 are supported")
    if len(request.target) + sum(len(n) + len(v) for n, v in request.headers) > MAX_HEAD_BYTES:
        raise h11.RemoteProtocolError(f"the head of the request has over {MAX_HEAD_BYTES:,} bytes")
    names = [name for name, _ in request.headers]
    if b"transfer-encoding" in names:
        # RFC 9112, section 6.1: a sign of smuggling; close after the answer.
        if b"content-length" in names:
            raise h11.RemoteProtocolError("both Content-Length and Transfer-Encoding are given")
        if request.http_version < b"1.1":
            raise h11.RemoteProtocolError("HTTP/1.0 has no Transfer-Encoding")
    target = request.target
    if target.startswith(b"/") or target == b"*":
        return request
    # A request to a proxy, with the whole address in its first line (RFC 9112, section 3.2.2).
    scheme, _, rest = target.partition(b"://")
    authority, slash, path = rest.partition(b"/")
    host = dict(request.headers).get(b"host", authority)
    if scheme.lower() not in (b"http", b"https") or authority.lower() != host.lower():
        raise h11.RemoteProtocolError("the request's first line names another host than Host")
    return h11.Request(
        method=request.method,
        target=slash + path or b"/",
        headers=request.headers,
        http_version=request.http_version,
    )


class HttpConnection(H11Protocol):
    """The protocol of one connection, with the limits above; it runs in the event loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn: StrictConnection = StrictConnection(h11.SERVER, MAX_HEAD_BYTES)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._phase: tuple[str, object] = ("", None)
        self._began_at = 0.0
        self._n_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer of a request, or refuse the connection."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self._answer(PROBLEMS["too-many-connections"], f"{MAX_CONNECTIONS} are open already")
            return
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers."""
        for timer in self._timers.values():
            timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count the received bytes."""
        self._n_bytes += len(data)
        super().data_received(data)

    def pause_writing(self) -> None:
        """Start the timer of a client that does not read."""
        super().pause_writing()
        self._timers["stall"] = self.loop.call_later(STALL_S, self._cut_off)

    def resume_writing(self) -> None:
        """Cancel that timer: the client reads."""
        if "stall" in self._timers:
            self._timers.pop("stall").cancel()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse an invalid request, and close."""
        del msg  # carries no information
        self._answer(PROBLEMS["bad-request"], self.conn.fault)

    def _awaited(self) -> str:
        """Return what the client must send now: "head", "body", or "" for nothing."""
        state = self.conn.their_state
        if state is h11.IDLE and self.timeout_keep_alive_task is None:
            return "head"
        is_ours = self.flow.read_paused or self.conn.they_are_waiting_for_100_continue
        return "body" if state is h11.SEND_BODY and not is_ours else ""

    def _look(self) -> None:
        """Check periodically whether the client still sends."""
        if self.transport.is_closing():
            return
        now, phase = self.loop.time(), (self._awaited(), self.cycle)
        if phase != self._phase:
            self._phase, self._began_at, self._n_bytes = phase, now, 0
        waited_s = now - self._began_at
        if phase[0] == "head" and waited_s >= HEAD_S:
            self._give_up(f"the head of the request took over {HEAD_S:g} s")
            return
        if phase[0] == "body" and waited_s >= BODY_WINDOW_S:
            if self._n_bytes < BODY_BYTES:
                self._give_up(f"only {self._n_bytes} bytes of the body came in {waited_s:.0f} s")
                return
            self._began_at, self._n_bytes = now, 0
        self._timers["look"] = self.loop.call_later(TICK_S, self._look)

    def _give_up(self, detail: str) -> None:
        is_silent = self._phase[0] == "head" and not self.conn.trailing_data[0]
        if is_silent:  # a browser's spare connection: it sent no request, so it gets no response
            self.transport.close()
            return
        if self._phase[0] == "body":
            if self.cycle.response_started:
                self._cut_off()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._answer(PROBLEMS["request-timeout"], detail)

    def _cut_off(self) -> None:
        log.info("connection cut off", client=self.client)
        self.transport.abort()

    def _answer(self, problem: Problem, detail: str) -> None:
        """Send a problem in place of the application's response, if none has begun, and close."""
        log.info("connection refused", status=problem.status, detail=detail, client=self.client)
        body = json.dumps(body_of(problem, f"{detail}. {problem.remedy}")).encode()
        headers = [
            ("content-type", MEDIA_TYPE),
            ("content-length", str(len(body))),
            ("x-content-type-options", "nosniff"),
            ("connection", "close"),
        ]
        reason = HTTPStatus(problem.status).phrase
        response = h11.Response(status_code=problem.status, headers=headers, reason=reason)
        try:
            for event in (response, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        except h11.LocalProtocolError:  # another answer has begun
            self.transport.abort()
        self.transport.close()
