"""The generator of forms: each part of a JSON schema becomes the control that fits it."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.dashboard.forms.builder import FormBuilder
from api.dashboard.forms.fields import Fieldset, FormChoice, FormField, Part, RowList, fields_in
from api.dashboard.forms.offers import Offers
from api.dashboard.forms.schemas import plain


class Cat(BaseModel):
    """A cat.

    It is not shown.
    """

    kind: Literal["cat"]
    lives: int = Field(default=9, ge=1, le=9, description="Lives that are left.")
    name: str = Field(max_length=10)


class Dog(BaseModel):
    """A dog."""

    kind: Literal["dog"]
    weight_kg: float = Field(default=10.0, gt=0, lt=100)
    name: str = Field(max_length=10)


class Toy(BaseModel):
    """A toy."""

    name: Literal["ball", "bone"]
    size_px: int | None = None


class Cage(BaseModel):
    """Where it lives."""

    width: int | None = None


class Yard(BaseModel):
    """Where it runs."""

    fence: int = 1
    owner: str
    area: int = 2
    pond: int = 3


class Farm(BaseModel):
    """A farm."""

    farm: Yard


class Home(BaseModel):
    """A home."""

    pet: Cat | Dog | None = Field(default=None)
    toys: list[Toy | str] = []
    cage: Cage | None = None
    is_open: bool = False
    places: list[float] = []
    walks: int | Literal["auto"] = 1


def built(value: dict[str, Any], offers: Offers | None = None) -> dict[str, Part]:
    builder = FormBuilder(offers or Offers())
    parts = builder.members(plain(Home.model_json_schema(), {}), value, "")
    return {part.pointer: part for part in parts}


def field(parts: dict[str, Part], pointer: str) -> FormField:
    (found,) = [
        one
        for part in parts.values()
        for one in fields_in(part)
        if (one.pointer, one.control == "box") == (pointer, False)
    ]
    return found


def test_a_kind_has_its_own_fields_with_range_default_unit_and_help() -> None:
    parts = built({"pet": {"kind": "cat", "name": "Tom"}})
    pet = parts["/pet"]
    assert isinstance(pet, Fieldset)
    assert [one.pointer for one in pet.parts] == ["/pet/kind", "/pet/lives", "/pet/name"]
    kind, lives, name = (field(parts, f"/pet/{key}") for key in ("kind", "lives", "name"))
    assert kind.is_switch
    assert (kind.value, kind.help) == ("cat", "A cat.")
    assert [choice.value for choice in kind.choices] == ["cat", "dog"]
    assert (lives.least, lives.most, lives.is_whole, lives.placeholder) == (1, 9, True, "9")
    assert (lives.limits, lives.help) == ("from 1 to 9", "Lives that are left.")
    assert (name.control, name.value, name.is_required, name.longest) == ("text", "Tom", True, 10)
    other = field(built({"pet": {"kind": "dog"}}), "/pet/weight_kg")
    assert (other.least, other.limits, other.is_whole) == (None, "above 0, below 100", False)
    nothing = built({})["/pet"]
    assert isinstance(nothing, Fieldset)
    assert [one.pointer for one in nothing.parts] == ["/pet/kind"]


def test_members_of_one_meaning_have_one_mark_in_both_kinds() -> None:
    marks = json.loads(field(built({}), "/pet/kind").members)
    assert marks["cat"].keys() == {"kind", "lives", "name"}
    assert marks["cat"]["name"] == marks["dog"]["name"]
    assert marks["cat"]["kind"] != marks["dog"]["kind"]


def test_lists_of_objects_are_rows_in_their_short_form_too() -> None:
    value = {"toys": ["ball", {"name": "bone", "size_px": 3}, "tower"]}
    parts = built(value)
    rows = parts["/toys"]
    assert isinstance(rows, RowList)
    assert [row.label for row in rows.rows] == ["ball", "bone", "tower"]
    assert field(parts, "/toys/1/size_px").unit == "px"
    # A value that is not among the choices stays one.
    assert field(parts, "/toys/2/name").value == "tower"
    assert field(parts, "/toys/2/name").choices[-1].value == "tower"
    assert rows.added == '""'
    assert isinstance(added := built({"toys": ["ball"]})["/toys"], RowList)
    assert added.added == '"bone"'
    assert [added.empty.is_on, built({"toys": []})["/toys"].empty.is_on] == [False, True]  # type: ignore[union-attr]


def test_what_an_empty_object_means_has_a_box() -> None:
    cases: tuple[tuple[dict[str, Any], bool], ...] = (({}, False), ({"cage": {}}, True))
    for value, is_on in cases:
        (box,) = [one for one in fields_in(built(value)["/cage"]) if one.control == "box"]
        assert (box.pointer, box.value, box.is_on) == ("/cage", "{}", is_on)


def test_other_values_have_controls_that_fit() -> None:
    parts = built({"is_open": True, "places": [1, 2.5], "walks": "auto", "more": {"x": 1}})
    is_open, places, walks, more = (
        field(parts, at) for at in ("/is_open", "/places", "/walks", "/more")
    )
    assert (is_open.control, is_open.value, is_open.placeholder) == ("choice", "true", "false")
    assert [choice.token for choice in is_open.choices] == ["true", "false"]
    assert (places.control, places.value) == ("json", "[1, 2.5]")
    assert (walks.control, walks.value) == ("mixed", "auto")
    assert [choice.value for choice in walks.choices] == ["auto"]
    assert (more.control, more.value, more.label) == ("json", '{"x": 1}', "more")


def test_values_of_another_type_are_shown_as_they_are() -> None:
    parts = built({"pet": 3, "toys": "ball", "cage": [1], "is_open": "maybe", "walks": [1]})
    assert field(parts, "/pet").value == "3"
    assert field(parts, "/toys").value == '"ball"'
    assert field(parts, "/cage").value == "[1]"
    assert field(parts, "/is_open").value == "maybe"
    assert field(parts, "/walks").value == "[1]"


def test_members_that_are_seldom_set_follow_those_that_matter() -> None:
    named = frozenset({"/farm", "/farm/area"})
    schema = plain(Farm.model_json_schema(), {})
    (farm,) = FormBuilder(Offers(named=named)).members(schema, {"farm": {"odd": 1}}, "")
    assert isinstance(farm, Fieldset)
    # Required, named by a template, unknown to the schema; then the rest.
    assert [one.pointer for one in farm.parts] == ["/farm/owner", "/farm/area", "/farm/odd"]
    assert [one.pointer for one in farm.more] == ["/farm/fence", "/farm/pond"]
    (farm,) = FormBuilder().members(schema, {"farm": {"pond": 3}}, "")
    assert isinstance(farm, Fieldset)
    assert (len(farm.parts), len(farm.more), farm.n_more_given) == (1, 3, 1)
    assert not farm.is_more_open


def test_offers_add_choices_and_hide_what_a_name_does_not_take() -> None:
    offers = Offers(
        choices={"/toys/*/name": [FormChoice("kite", '"kite"', "A kite")]},
        only={"/toys/*": {"size_px": ("kite",)}},
        fits={"/pet": {"dog"}},
    )
    groups = field(built({}, offers=offers), "/pet/kind").groups
    assert [(name, [one.value for one in choices]) for name, choices in groups] == [
        ("that do not fit the task", ["cat"]),
        ("that fit", ["dog"]),
    ]
    parts = built({"toys": ["kite", "ball"]}, offers=offers)
    pointers = [one.pointer for one in fields_in(parts["/toys"])]
    assert "/toys/0/size_px" in pointers
    assert "/toys/1/size_px" not in pointers


def test_ids_hold_any_name() -> None:
    name = 'a "b" <c>\u202e/' + "x" * 200
    found = field(built({name: 1}), "/" + name.replace("/", "~1"))
    assert not set(found.id) & set(' "<>')
    assert len(found.label) <= 80
