"""The texts to copy, run by what they are for: a shell, Python, a reader of YAML."""

from __future__ import annotations

import ast
import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.dashboard.forms.snippets import snippets, submit_command
from tests.support import seeding

ADDRESS = "http://127.0.0.1:8080/a/"
NAMES = (
    seeding.HOSTILE,
    'it\'s $(touch gone) `id` "${HOME}" \\ \\\\ !x %s',
    "JOB\u2028JOB \u05e9\u05dc\u05d5\u05dd \U0001f600 \u0085 \ufeff",
    "- yes: [no], {null} # ~ & * ? | > % @ '",
    "x" * 200,
    "1e-3",
)


def spec(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "task": {"kind": "denoising", "noise_sigma": 2.5e-7, name: [1, 1e-05, 1e300, True, None]},
        "samplers": ["direct_l", {"name": "no", "options": {}}],
        "budget": {"n_trials": 12},
    }


def texts(name: str) -> dict[str, str]:
    return {one.name: one.text for one in snippets(spec(name), ADDRESS)}


@pytest.mark.parametrize("name", NAMES)
def test_the_shell_sends_the_spec_as_it_is(name: str, tmp_path: Path) -> None:
    for tool, text in (("curl", texts(name)["curl"]), ("densearch", texts(name)["shell"])):
        shell = f'{tool}() {{ printf "%s\\0" "$@" > words; cat > body; }}\n{text}'
        subprocess.run(["bash", "-c", shell], cwd=tmp_path, check=True, stdin=subprocess.DEVNULL)
        words = (tmp_path / "words").read_text().split("\0")[:-1]
        body = words[-1] if tool == "curl" else (tmp_path / "body").read_text()
        assert json.loads(body) == spec(name)
        assert (ADDRESS + "v1/jobs" in words) or (ADDRESS.rstrip("/") in words)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["body", "words"]
    assert shlex.split(texts(name)["curl"])[0] == "curl"


def test_curl_takes_the_token_from_a_file_that_no_list_of_processes_shows(tmp_path: Path) -> None:
    (text,) = [s.text for s in snippets(spec("x"), ADDRESS, has_token=True) if s.name == "curl"]
    shell = f'curl() {{ printf "%s\\0" "$@" > words; cat > config; }}\n{text}'
    env = {"DENSEARCH_TOKEN": "0123456789abcdef"}
    command = ["/bin/bash", "-c", shell]
    subprocess.run(command, cwd=tmp_path, env={**os.environ, **env}, check=True)
    assert "0123456789abcdef" not in (tmp_path / "words").read_text()
    sent = (tmp_path / "config").read_text()
    assert sent == 'header = "Authorization: Bearer 0123456789abcdef"\n'


@pytest.mark.parametrize("name", NAMES)
def test_python_reads_the_spec_as_it_is(name: str) -> None:
    tree = ast.parse(texts(name)["python"])
    (assigned,) = [node for node in tree.body if isinstance(node, ast.Assign)]
    assert ast.literal_eval(assigned.value) == spec(name)
    assert repr(ADDRESS.rstrip("/")) in texts(name)["python"]


@pytest.mark.parametrize("name", NAMES)
def test_yaml_reads_the_spec_as_it_is(name: str) -> None:
    assert yaml.safe_load(texts(name)["yaml"]) == spec(name)


def test_the_command_names_a_server_that_is_not_the_default() -> None:
    assert submit_command("http://127.0.0.1:8080/") == "densearch submit job.json"
    assert submit_command("http://lab:9000/").endswith(" --url http://lab:9000")


def test_a_spec_of_a_megabyte_is_not_repeated_four_times() -> None:
    assert snippets({"name": "x" * 100_000}, ADDRESS) == ()
    assert len(snippets({"name": "x" * 90_000}, ADDRESS)) == 4
