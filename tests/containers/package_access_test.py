"""pip's settings in a build: where packages come from, with the files that they name."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

from tests.containers.package_access import as_file, pip_settings, places

LISTED = """\
:env:.cert='{folder}/ca.crt'
:env:.user='true'
global.constraint='/etc/constraints.txt'
global.extra-index-url='file://{folder}/index/simple\\nhttps://packages.example.org/simple'
global.index-url='https://one.example.org/simple'
global.timeout='20'
install.index-url='https://two.example.org/simple'
this is no setting
"""


def test_only_where_packages_come_from_is_taken() -> None:
    found = pip_settings(LISTED.format(folder="/x"))
    assert found.keys() == {"cert", "extra-index-url", "index-url", "timeout"}
    assert found["index-url"] == "https://two.example.org/simple"


def test_the_file_says_the_same() -> None:
    found = pip_settings(LISTED.format(folder="/x"))
    read = ConfigParser()
    read.read_string(as_file(found))
    assert {key: value.split() for key, value in read["global"].items()} == {
        key: value.split() for key, value in found.items()
    }


def test_files_that_settings_name_are_shown_to_the_build(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").touch()
    (tmp_path / "index" / "simple").mkdir(parents=True)
    found = list(places(pip_settings(LISTED.format(folder=tmp_path))))
    assert sorted(found) == [tmp_path / "ca.crt", tmp_path / "index"]
    assert not list(places(pip_settings(LISTED.format(folder="/nowhere"))))
