"""The script ./run in a project of its own, with a stand-in for Python that notes its orders."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.root import ROOT

PYTHON = r"""#!/usr/bin/env bash
echo "$*" >>"{log}"
case "$*" in
    *"-m venv"*)
        mkdir -p "{root}/.venv/bin"
        cp "$0" "{root}/.venv/bin/python"
        ;;
    *"-m pip config list"*)
        cat "{root}/pip.settings" 2>/dev/null
        ;;
    *"-m pip install"*)
        env >"{root}/pip.environment"
        sleep "$(cat "{root}/pip.seconds" 2>/dev/null || echo 0)"
        [[ -e "{root}/pip-fails" ]] && exit 1
        for name in densearch ruff mypy lint-imports check-jsonschema hadolint; do
            cp "{tool}" "{root}/.venv/bin/$name"
        done
        ;;
    *"-m pytest"*)
        echo "threads: $OMP_NUM_THREADS"
        ;;
    -VV)
        echo "Python 3.11.99"
        ;;
esac
"""

TOOL = """#!/bin/sh
name=$(basename "$0")
echo "$name in $PWD: $*"
exit "$(cat "{root}/$name.code" 2>/dev/null || echo 0)"
"""


class Project:
    """A copy of the script with a stand-in for Python."""

    def __init__(self, root: Path) -> None:
        self.root, self.log = root / "a project", root / "calls"
        self.root.mkdir()
        shutil.copy(ROOT / "run", self.root / "run")
        (self.root / "library").mkdir()
        for name in ("pyproject.toml", "library/pyproject.toml", "constraints.txt"):
            (self.root / name).write_text(name)
        self.python, tool = root / "python3", root / "tool"
        self.python.write_text(PYTHON.format(log=self.log, root=self.root, tool=tool))
        tool.write_text(TOOL.format(root=self.root))
        for program in (self.python, tool):
            program.chmod(0o755)

    def run(
        self, *args: str, python: str | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.root / "run", *args],
            cwd=self.root.parent,
            env={**os.environ, "PYTHON": python or str(self.python), **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def n_installations(self) -> int:
        return self.log.read_text().count("-m pip install") if self.log.exists() else 0


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_installs_once_and_again_only_when_the_pins_change(project: Project) -> None:
    for _ in range(3):
        done = project.run("version")
        assert done.returncode == 0, done.stderr
        # The command runs where the user stands, so that relative paths mean what they say.
        assert done.stdout == f"densearch in {project.root.parent}: version\n"
    assert project.n_installations() == 1
    (project.root / "constraints.txt").write_text("torch==9")
    project.run("version")
    assert project.n_installations() == 2


def test_a_failed_installation_is_tried_again(project: Project) -> None:
    (project.root / "pip-fails").touch()
    done = project.run("setup")
    assert done.returncode == 2
    assert "the installation failed" in done.stderr
    (project.root / "pip-fails").unlink()
    assert project.run("setup").returncode == 0
    assert project.n_installations() == 2


def test_the_description_of_an_older_distribution_is_removed(project: Project) -> None:
    older = project.root / "densearch.egg-info"
    older.mkdir()
    (older / "entry_points.txt").touch()
    project.run("setup")
    assert not older.exists()


def test_installs_with_the_constraints(project: Project) -> None:
    project.run("setup")
    root = project.root
    both = f"-e {root}/library[cli,client,direct,plugins,torch] -e {root}[dev]"
    assert f"-c {root}/constraints.txt {both}" in project.log.read_text()
    assert f"-m compileall -qq -j 0 {root}/.venv/lib\n" in project.log.read_text()


def test_an_old_python_is_refused_with_the_remedy(project: Project) -> None:
    done = project.run("setup", python="/bin/false")
    assert done.returncode == 2
    assert "3.11 to 3.14" in done.stderr
    assert not (project.root / ".venv").exists()


@pytest.mark.parametrize("said", ["(3, 15)", "(3, 10)"])
def test_a_python_without_wheels_is_refused_in_a_sentence(project: Project, said: str) -> None:
    other = project.root.parent / "other"
    # It answers as one of another version would.
    other.write_text(
        f"#!/bin/sh\nshift\nexec {sys.executable} -c "
        f"\"import sys; sys.version_info = type('V', (tuple,), {{}})({said}); $1\"\n"
    )
    other.chmod(0o755)
    done = project.run("setup", python=str(other))
    assert (done.returncode, project.n_installations()) == (2, 0)
    assert "3.11 to 3.14" in done.stderr


def test_pip_has_the_users_sources_and_nothing_else_of_their_settings(project: Project) -> None:
    (project.root / "pip.settings").write_text(
        "global.index-url='https://index.invalid/simple'\n"
        "install.user='true'\n"
        "install.target='/elsewhere'\n"
        "global.trusted-host='one.invalid\\ntwo.invalid'\n"
        ":env:.index-url='https://mine.invalid/simple'\n"
    )
    done = project.run("setup", PIP_USER="1", PIP_NO_DEPS="1", PIP_PREFIX="/elsewhere")
    assert done.returncode == 0, done.stderr
    lines = (project.root / "pip.environment").read_text().splitlines()
    assert {line for line in lines if line.startswith("PIP_")} == {
        "PIP_CONFIG_FILE=/dev/null",
        "PIP_index_url=https://mine.invalid/simple",
        "PIP_trusted_host=one.invalid two.invalid",
    }


def test_foreign_paths_do_not_reach_python(project: Project) -> None:
    project.run("setup", PYTHONPATH="/cluster/old", PYTHONHOME="/cluster")
    environment = (project.root / "pip.environment").read_text()
    assert "PYTHONPATH" not in environment
    assert "PYTHONHOME" not in environment


def test_two_at_once_make_one_installation(project: Project) -> None:
    (project.root / "pip.seconds").write_text("1")
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda _: project.run("setup"), range(3)))
    assert [one.returncode for one in done] == [0, 0, 0]
    assert project.n_installations() == 1
    assert project.log.read_text().count("-m venv") == 1


def test_no_program_is_needed_that_macos_lacks() -> None:
    script = (ROOT / "run").read_text()
    for word in ("sha256sum", "readlink -f", "mapfile", "declare -A", ",,}", "^^}"):
        assert word not in script


def test_every_step_runs_although_one_fails(project: Project) -> None:
    project.run("setup")
    (project.root / "mypy.code").write_text("1")
    (project.root / "Dockerfile").touch()
    done = project.run("test")
    assert done.returncode == 1
    summary = done.stdout.partition("== summary")[2]
    assert re.findall(r"(ok|FAILED) +\d+ s  (.+)", summary) == [
        ("ok", "ruff check"),
        ("ok", "ruff format"),
        ("ok", "import contracts"),
        ("ok", "Dockerfile"),
        ("ok", "pytest"),
        ("FAILED", "mypy"),
    ]
    # It ran at the same time as the others; what it said is in one piece all the same.
    assert re.search(r"\n== mypy\nmypy in .+: \n-- mypy: FAILED after \d+ s\n", done.stdout)
    assert "1 of 6 steps failed" in summary
    assert "threads: 1" in done.stdout
    (project.root / "mypy.code").unlink()
    assert project.run("test").returncode == 0


def test_chaos_and_containers_run_from_the_project_with_their_arguments(project: Project) -> None:
    assert project.run("chaos", "--kills", "3").returncode == 0
    assert project.run("containers", "--keep", "here").returncode == 0
    called = project.log.read_text()
    assert "-m tests.chaos --kills 3\n" in called
    assert "-m tests.containers --keep here\n" in called


def test_help_needs_no_installation(project: Project) -> None:
    done = project.run()
    assert done.returncode == 0
    for word in ("setup", "demo", "test", "chaos", "containers", "serve"):
        assert f"\n  {word} " in done.stdout
    assert not project.log.exists()


def test_the_programs_that_it_calls_are_installed() -> None:
    called = set(re.findall(r'"\$(?:bin|venv/bin)/([a-z-]+)"', (ROOT / "run").read_text()))
    assert {"ruff", "mypy", "lint-imports", "check-jsonschema", "hadolint"} <= called
    for name in called:
        assert Path(sys.executable).with_name(name).exists(), name


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_scripts_are_executable_and_parse(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    subprocess.run(["bash", "-n", ROOT / script], check=True)
