"""One POST to a webhook: to an address that was checked, without redirects, within 10 s."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from service.errors import WebhookAddressError
from service.webhooks.addresses import Target, resolve

LIMIT_S = 10.0
# Of an answer so much is read; its content does not matter.
MOST_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class PostOutcome:
    """What became of a try: a status, or why there is none; and how long it took, s."""

    status: int | None
    error: str | None
    seconds: float


def post(
    url: str,
    body: str,
    headers: Mapping[str, str],
    *,
    allows_private: bool,
    limit_s: float = LIMIT_S,
) -> PostOutcome:
    """Send a message; every fault is an outcome.

    Args:
        url: Of the webhook; its host is resolved and checked now.
        body: JSON, in ASCII.
        headers: Of the message.
        allows_private: As in `service.webhooks.addresses`.
        limit_s: For all of it after the name is resolved, s.
    """
    began = resolved = time.monotonic()
    status, error = None, None
    try:
        target = resolve(url, allows_private=allows_private)
        resolved = time.monotonic()
        status = _sent(target, body, headers, limit_s)
    except WebhookAddressError as refused:
        error = _reason(refused)
    except (OSError, http.client.HTTPException, ValueError) as refused:
        is_late = time.monotonic() - resolved >= limit_s
        error = f"no answer within {limit_s:g} s" if is_late else _reason(refused)
    return PostOutcome(status, error, round(time.monotonic() - began, 3))


def _sent(target: Target, body: str, headers: Mapping[str, str], limit_s: float) -> int:
    deadline = time.monotonic() + limit_s
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = _connected(target, deadline)
    # A peer that sends a byte now and then never times out: its connection is closed then.
    alarm = threading.Timer(max(deadline - time.monotonic(), 0), _cut, [connection])
    alarm.daemon = True
    alarm.start()
    try:
        if target.is_secure:
            _secure(connection, target.host)
        connection.putrequest("POST", target.target, skip_host=True, skip_accept_encoding=True)
        content = body.encode("ascii")
        fixed = {
            "Host": target.authority,
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            "User-Agent": "densearch-webhooks",
            "Connection": "close",
        }
        for name, value in {**fixed, **headers}.items():
            connection.putheader(name, value)
        connection.endheaders(content)
        answer = connection.getresponse()
        answer.read(MOST_BYTES)
        return answer.status
    finally:
        alarm.cancel()
        connection.close()


def _connected(target: Target, deadline: float) -> socket.socket:
    """Connect to the first of the checked addresses that answers; no proxy is asked.

    Each has its share of the time that is left: one that says nothing leaves some to the others.
    """
    refused: OSError | None = None
    for n_before, address in enumerate(target.addresses):
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            break
        share_s = left_s / (len(target.addresses) - n_before)
        try:
            found = socket.create_connection((address, target.port), timeout=share_s)
        except OSError as error:
            refused = error
        else:
            found.settimeout(max(deadline - time.monotonic(), 0.01))
            return found
    raise refused or TimeoutError("the connection takes too long")


def _secure(connection: http.client.HTTPConnection, host: str) -> None:
    """Begin TLS; the connection has its socket before the handshake, which may be cut, too."""
    secured = _tls().wrap_socket(
        connection.sock, server_hostname=host, do_handshake_on_connect=False
    )
    connection.sock = secured
    secured.do_handshake()


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _cut(connection: http.client.HTTPConnection) -> None:
    """End both directions below TLS: what reads meanwhile meets the end of the stream."""
    with suppress(OSError, AttributeError):  # it is closed already
        socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is refused: {error.verify_message}"
    if isinstance(error, http.client.HTTPException):
        return f"the answer is no HTTP: {type(error).__name__}"
    text = str(getattr(error, "strerror", None) or error) or type(error).__name__
    return text[:300]
