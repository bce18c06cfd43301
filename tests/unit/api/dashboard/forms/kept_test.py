"""Texts of kinds that are not chosen are carried and come back; nothing hostile does."""

from __future__ import annotations

import json

import pytest

from api.dashboard.forms.kept import carried, fitting, kept_of


def test_what_has_no_field_is_carried_and_read_again() -> None:
    typed = {"/network/depth": "7", "/network/width": "16", "/name": "<b>\u05e9"}
    text = carried(typed, {"/network/width"})
    assert kept_of(text) == {"/network/depth": "7", "/name": "<b>\u05e9"}
    assert carried(typed, typed.keys()) == ""


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"a": "1"}', '{"/a": 1}', json.dumps({"/a" * 21: "1"})]
)
def test_what_no_form_carries_is_passed_over(text: str) -> None:
    assert kept_of(text) == {}


def test_nothing_comes_back_that_was_taken_away() -> None:
    kept = {
        "/network/depth": "7",
        "/network/width": "8",
        "/pruning/warmup_epochs": "2",
        "/samplers/0/options/a": "1",
        "/samplers/1/options/a": "2",
    }
    sent = {"/network/width": "", "/pruning/rule": "", "/samplers/0/name": "tpe"}
    # A cleared field, an object whose kind is not set, and a row that is gone stay so.
    assert fitting(kept, sent) == {"/network/depth": "7", "/samplers/0/options/a": "1"}
