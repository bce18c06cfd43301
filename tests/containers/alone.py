"""The image alone: a whole server in one container, without any of the compose file."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from densearch.client import Client
from tests.containers.engine import CommandError, Engine
from tests.containers.stack import is_healthy, until
from tests.support.ports import free_port

# As a platform runs it that gives every application a user of its own, in the group 0.
AS_ANY_USER = ("--user=12345:0", "--read-only", "--tmpfs=/tmp")
# Nothing answers there (RFC 5737).
PROXIES: Mapping[str, str] = dict.fromkeys(
    ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
    "http://192.0.2.1:9",
)


@contextmanager
def server(
    engine: Engine, image: str, *options: str, proxies: Mapping[str, str] | None = None
) -> Iterator[Client]:
    """Run the image until the end of the block; it is healthy and ready at its beginning."""
    port, name = free_port(), "alone"
    variables = [f"--env={key}={value}" for key, value in (proxies or {}).items()]
    place = ("--volume=alone:/data", f"--publish=127.0.0.1:{port}:8080", "--shm-size=512m")
    token = secrets.token_hex(24)
    variables.append(f"--env=DENSEARCH_TOKEN={token}")
    client = Client(f"http://127.0.0.1:{port}", token=token)
    try:
        engine.podman("run", "--detach", f"--name={name}", *place, *variables, *options, image)
        until(lambda: is_healthy(engine, name), "the container is healthy")
        until(lambda: client.readiness()[0], "/readyz is ready")
        yield client
    except Exception as error:
        with suppress(CommandError):
            error.add_note(engine.podman("logs", "--tail=20", name))
        raise
    finally:
        for command in (("rm", "--force", "--time=10", name), ("volume", "rm", "--force", name)):
            with suppress(CommandError):
                engine.podman(*command)
