"""Secrets and signatures of webhooks.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from standardwebhooks import Webhook as Signer

PREFIX = "whsec_"
N_BYTES = 32
# As the specification says.
LEAST_BYTES, MOST_BYTES = 24, 64


def new_secret() -> str:
    """Return a random secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(N_BYTES)).decode()


def read_secret(text: str) -> str:
    """Return a secret that may be used, as it is.

    Raises:
        ValueError: Saying what it must be; it does not quote the text.
    """
    message = (
        f"a secret is {PREFIX} and {LEAST_BYTES} to {MOST_BYTES} random bytes in base64; leave it "
        "out to get one"
    )
    if not text.startswith(PREFIX):
        raise ValueError(message)
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(message) from error
    if not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(message)
    return text


def headers_of(
    message_id: str, body: str, at: datetime, signing: Sequence[str]
) -> Mapping[str, str]:
    """Return the headers of a try: id, time and a signature by each secret.

    Args:
        message_id: The same in every try.
        body: As it is sent.
        at: Of this try, in UTC.
        signing: Secrets, the present one first.
    """
    signatures = [Signer(one).sign(message_id, at, body) for one in signing]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
