"""Archives, read back by Python's own zipfile and hashlib."""

from __future__ import annotations

import hashlib
import io
import zipfile

from workers.bundle.archive import SUMS, zipped


def test_bytes_depend_on_the_files_alone() -> None:
    files = {"b.json": b"{}\n", "a/x.npy": b"\x00" * 100}
    content = zipped(files)
    assert content == zipped(dict(reversed(files.items())))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == [SUMS, "a/x.npy", "b.json"]
        assert {name: archive.read(name) for name in files} == files
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        lines = archive.read(SUMS).decode().splitlines()
    names = sorted(files)
    assert lines == [f"{hashlib.sha256(files[n]).hexdigest()}  {n}" for n in names]
