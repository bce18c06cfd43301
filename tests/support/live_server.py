"""The application on a free loopback port, in a thread of the tests."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import uvicorn

from api.app import create_app
from service.settings import Settings
from service.storage.database import Database
from tests.support.ports import free_port


class Server:
    """uvicorn in a thread; it can be stopped and started again on the same port."""

    def __init__(self, database: Database, data_dir: Path, public_url: str | None = None) -> None:
        self.database = database
        self.app = create_app(Settings(data_dir=data_dir, public_url=public_url), database)
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        config = uvicorn.Config(
            self.app, port=self.port, log_level="warning", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the server did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
