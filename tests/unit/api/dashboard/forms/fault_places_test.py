"""A fault stands at the field that it is about, or is returned."""

from __future__ import annotations

from collections.abc import Sequence

from api.dashboard.forms.fault_places import placed
from api.dashboard.forms.fields import Fieldset, FormField, Part, RowList, fields_in
from service.errors import Fault


def form() -> Sequence[Part]:
    lives, colour = (FormField(f"/pet/{name}", name, "text") for name in ("lives", "colour"))
    pet = Fieldset("/pet", "Pet", [lives], [colour])
    row = Fieldset("/toys/0", "ball", [FormField("/toys/0/name", "Name", "choice")])
    toys = RowList("/toys", "Toys", [row], None, "", FormField("/toys", "Empty", "box"))
    # What is no object where one should be is a field of the same pointer.
    odd = Fieldset("/odd", "Odd", [FormField("/odd", "odd", "json")])
    return [pet, toys, FormField("/places", "Places", "json"), odd]


def test_faults_are_at_their_fields_and_the_rest_is_returned() -> None:
    faults = [
        Fault("/pet/lives", "too few"),
        Fault("/pet", "is odd"),
        Fault("/pet/gone", "is nowhere"),
        Fault("/places/0", "is far"),
        Fault("/places", "are many"),
        Fault("/toys", "are old"),
        Fault("/toys/0/name", "is lost"),
        Fault("/odd", "is no object"),
        Fault("", "is wrong"),
    ]
    (pet, toys, places, odd), rest = placed(form(), faults)
    fields = {one.pointer: one.faults for part in (pet, toys, places) for one in fields_in(part)}
    assert fields["/pet/lives"] == ["too few"]
    assert pet.faults == ["is odd"]
    assert places.faults == ["are many", "/0: is far"]
    assert fields["/toys/0/name"] == ["is lost"]
    assert toys.faults == ["are old"]
    assert (odd.faults, [one.faults for one in fields_in(odd)]) == ((), [["is no object"]])
    assert [one.pointer for one in rest] == ["/pet/gone", ""]


def test_a_fault_opens_what_it_is_hidden_in() -> None:
    (pet, *_), _ = placed(form(), [Fault("/pet/colour", "is unknown")])
    assert isinstance(pet, Fieldset)
    assert (pet.is_open, pet.is_more_open) == (True, True)
    (pet, *_), _ = placed(form(), [Fault("/pet/lives", "too few")])
    assert isinstance(pet, Fieldset)
    assert (pet.is_open, pet.is_more_open) == (True, False)


def test_many_faults_at_one_field_are_counted() -> None:
    faults = [Fault(f"/places/{i}", "is far") for i in range(30)]
    (*_, places, _), rest = placed(form(), faults)
    assert len(places.faults) == 21
    assert places.faults[-1] == "and 10 more"
    assert rest == []
