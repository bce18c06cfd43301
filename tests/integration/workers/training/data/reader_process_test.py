"""The process that reads images answers in words where it fails, and ends with its socket."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from multiprocessing import Pipe
from pathlib import Path

from service.datasets.store.reader import folder_of
from tests.support.stored_images import blocks, store_images
from workers.training.data.reader_process import DAMAGED, ERROR, SHAPE
from workers.training.data.reading import Wanted, read
from workers.training.data.stored import PREFIX


def test_it_says_what_is_wrong_answers_on_and_ends(tmp_path: Path) -> None:
    name = store_images(tmp_path, *blocks(10))
    folder = str(folder_of(tmp_path, name.removeprefix(PREFIX)))
    ours, theirs = Pipe()
    fd = theirs.fileno()
    command = [sys.executable, "-m", "workers.training.data.reader_process", str(fd)]
    with theirs:
        process = subprocess.Popen(command, pass_fds=(fd,))
    with process:
        for where, row in ((str(tmp_path), 0), (folder, 10), (folder, 9)):
            wanted = Wanted(where, 8, [row])
            ours.send_bytes(json.dumps(asdict(wanted)).encode())
        answers = [json.loads(ours.recv_bytes()) for _ in range(3)]
        squares = ours.recv_bytes()
        ours.close()
        assert process.wait(60) == 0
    (damaged, why), (error, message), shape = answers
    assert (damaged, error) == (DAMAGED, ERROR)
    assert str(tmp_path) in why
    assert message.startswith("IndexError: ")
    assert shape == [SHAPE, [1, 3, 8, 8]]
    assert squares == read(Wanted(folder, 8, [9])).tobytes()
