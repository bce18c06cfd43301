"""The registered campaigns: each is one that the server takes, and asks the radius question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.evidence.campaigns import CampaignRecord, CampaignRun, load, registered, save
from api.evidence.protocol import TEXT
from service.campaigns import commands
from service.campaigns.matrix import cells_of
from service.campaigns.request import CampaignSpec
from service.costs.prices import UNPRICED

DATA: dict[str, Any] = {
    "n_outputs": 10, "size_px": 28, "n_training": 58000, "least_n_train": 10
}  # fmt: skip


def test_each_is_a_grid_of_widths_at_the_plain_networks_rate_over_sizes_and_seeds() -> None:
    for one in registered():
        wanted = CampaignSpec.model_validate(one.body_on(7 if one.data else None))
        base = wanted.base
        if one.data is not None:
            assert base["task"]["dataset"] == "stored:7"
            base = {**base, "task": {**base["task"], "data": DATA}}
        commands.check(base, wanted.matrix, commands.MOST_CELLS)
        assert list(wanted.matrix) == ["task.n_train", "network.width", "seed"]
        cells = cells_of(wanted.matrix)
        specs, faults = commands.specs_of(wanted.name, base, cells, UNPRICED)
        assert (len(specs), faults) == (len(cells), {})
        for spec in specs.values():
            assert spec.tuned_rate is not None
            assert spec.tuned_rate.seed in wanted.matrix["seed"]
            assert spec.density is not None
            assert (spec.density.family, spec.density.normalised) == ("gaussian", True)
            assert spec.training is not None
            assert spec.training.steps == (None if one.is_secondary else 400)


def test_equal_epochs_stand_next_to_the_same_campaign_with_equal_steps() -> None:
    by_name = {one.name: one for one in registered()}
    steps, epochs = by_name["fashion"].campaign, by_name["fashion_epochs"].campaign
    length = {"training": {**epochs["base"]["training"], "steps": 400}}
    assert length["training"].pop("epochs") == 6
    assert {**epochs["base"], **length} == steps["base"]
    assert epochs["matrix"] == steps["matrix"]


def test_the_text_is_registered_with_the_campaigns() -> None:
    assert "specs/campaign.json" in TEXT.read_text(encoding="utf-8")


def test_what_was_saved_is_read_again_and_another_version_is_refused(tmp_path: Path) -> None:
    run = CampaignRun("a machine", {"torch": "2"}, [CampaignRecord("a", "A", skipped="no data")])
    path = tmp_path / "campaigns.json"
    save(run, path)
    assert load(path) == run
    path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
    with pytest.raises(ValueError, match="run the protocol again"):
        load(path)
