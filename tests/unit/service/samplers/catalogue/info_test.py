"""What a user is shown of a sampler before choosing it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import Field

from densearch.plugins import Capabilities, SamplerOptions
from densearch.sampler import StudyPlan
from service.samplers.catalogue.info import SamplerInfo
from service.samplers.effort import of_known


class Options(SamplerOptions):
    """Options of every sort."""

    size: int = Field(default=3, ge=1)
    share: float = 0.5
    is_fast: bool = True
    limit: int | None = None


INFO = SamplerInfo(
    name="own",
    title="Own",
    description="For a test.",
    capabilities=Capabilities(needs="extra"),
    section=Options,
    path="nowhere:Nothing",
    effort=of_known,
)


def test_it_is_installed_where_all_that_it_needs_can_be_found() -> None:
    assert INFO.is_installed
    assert replace(INFO, requires=("json", "numpy")).is_installed
    missing = replace(INFO, requires=("json", "no_such_module"))
    assert not missing.is_installed
    assert missing.remedy == "own is not installed here: pip install -e '.[extra]'"


def test_whole_numbers_are_found_with_their_defaults() -> None:
    assert INFO.integers() == {"size": 3}


def test_a_dict_of_it_describes_options_and_capabilities() -> None:
    shown = INFO.to_dict()
    assert shown["installed"] is True
    assert shown["package"] is None
    options, can = shown["options"], shown["capabilities"]
    assert isinstance(options, dict)
    assert isinstance(can, dict)
    assert options["properties"]["size"] == {"default": 3, "minimum": 1, "type": "integer"}
    assert can["needs"] == "extra"


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"size": 2}, None),
        ({"size": 0}, ("size", "Input should be greater than or equal to 1")),
        ({"colour": 1}, ("colour", "own has no such option; it has size, share, is_fast, limit")),
    ],
)
def test_faults_of_options_name_the_sampler(
    given: dict[str, object], fault: tuple[str, str] | None
) -> None:
    assert list(INFO.option_faults(given)) == ([] if fault is None else [fault])


def test_a_round_is_a_batch_unless_it_says_otherwise() -> None:
    assert INFO.round_size(StudyPlan(2, 9, 0, batch_size=5)) == 5
