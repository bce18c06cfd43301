"""What the table of samplers says."""

from __future__ import annotations

from typing import Any

from densearch.cli.samplers import samplers_table
from service import samplers
from tests.support.screens import printed


def test_the_table_of_samplers_says_what_to_install() -> None:
    infos: list[dict[str, Any]] = [info.to_dict() for info in samplers.catalogue()]
    for info in infos:
        info["installed"] = info["name"] != "tune:ax"
    text = printed(samplers_table(infos), width=100)
    lines = {line.split()[0]: line for line in text.splitlines()}
    assert lines.keys() == {"sampler", *(info["name"] for info in infos)}
    assert lines["tune:ax"].rstrip().endswith("no: pip install -e '.[ax]'")
    # DIRECT-L takes no categories and has no seed, but works in parallel.
    assert lines["direct_l"].split()[1:4] == ["-", "yes", "-"]
    assert lines["tpe"].split()[1] == "yes"
