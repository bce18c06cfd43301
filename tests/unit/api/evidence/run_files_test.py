"""Files of runs: fields as they were, and none of another version."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.evidence import run_files


def test_fields_are_read_as_they_were_written(tmp_path: Path) -> None:
    fields = {"mode": "quick", "cells": [{"task": "größer als 0"}]}
    run_files.save(fields, 3, tmp_path / "run.json")
    assert run_files.load(3, tmp_path / "run.json") == fields
    assert "größer" in (tmp_path / "run.json").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="another version"):
        run_files.load(4, tmp_path / "run.json")
