"""What a request may say about a webhook."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from service.storage.outbox import KINDS
from service.webhooks.request import WebhookSpec

URL = "https://hooks.example/"


def test_events_are_all_kinds_or_those_named_each_once() -> None:
    assert tuple(WebhookSpec(id="a", url=URL).events) == KINDS
    wanted = ["job.failed", "job.started", "job.failed"]
    found = WebhookSpec.model_validate({"id": "a", "url": URL, "events": wanted})
    assert found.events == ["job.started", "job.failed"]


@pytest.mark.parametrize("name", ["", "A", "-a", "a b", "a/b", "a" * 65, "\u00e9", "a\n"])
def test_an_id_is_part_of_an_address(name: str) -> None:
    with pytest.raises(ValidationError):
        WebhookSpec(id=name, url=URL)
