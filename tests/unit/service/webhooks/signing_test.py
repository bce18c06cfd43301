"""Signatures, verified by the package that receivers use."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from service.webhooks import signing

BODY = '{"type": "job.succeeded", "data": {"name": "\\u00e9"}}'


def test_both_secrets_of_a_rotation_verify_and_no_other_does() -> None:
    new, old, other = (signing.new_secret() for _ in range(3))
    headers = signing.headers_of("msg_1", BODY, datetime.now(UTC), [new, old])
    for secret in (new, old):
        assert Webhook(secret).verify(BODY, dict(headers))["type"] == "job.succeeded"
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(BODY, dict(headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(BODY.replace("succeeded", "failed"), dict(headers))


def test_the_specifications_own_example_has_its_signature() -> None:
    """The example of the specification, "Signature scheme"."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the specification
    body, at = '{"test": 2432232314}', datetime.fromtimestamp(1614265330, UTC)
    headers = signing.headers_of("msg_p5jXN8AQM9LWM0D4loKWxJek", body, at, [secret])
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


@pytest.mark.parametrize("n_bytes", [24, 32, 64])
def test_a_secret_of_ones_own_is_taken(n_bytes: int) -> None:
    secret = "whsec_" + base64.b64encode(bytes(n_bytes)).decode()
    assert signing.read_secret(secret) == secret


@pytest.mark.parametrize(
    "text",
    [
        *("", "whsec_", "secret", base64.b64encode(bytes(32)).decode(), "whsec_\u00e9"),
        *("whsec_" + base64.b64encode(bytes(n)).decode() for n in (1, 23, 65)),
        "whsec_" + "A" * 33,
        "whsec_" + base64.b64encode(bytes(32)).decode() + "\n",
    ],
)
def test_one_that_cannot_sign_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="random bytes in base64") as refused:
        signing.read_secret(text)
    assert len(text) < 7 or text not in str(refused.value)
