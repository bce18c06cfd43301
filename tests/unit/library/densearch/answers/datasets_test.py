"""The words of an import's answer against those of the service."""

from __future__ import annotations

from typing import get_args

from densearch.answers import datasets
from service import states


def test_the_words_are_those_of_the_service() -> None:
    assert get_args(datasets.ImportState) == tuple(states.ImportState)
    assert datasets.LEFT_OUT.keys() == set(get_args(datasets.LeftOutReason))
