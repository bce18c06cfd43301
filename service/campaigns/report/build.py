"""Build the report of a campaign from its cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from service.campaigns.matrix import label_of
from service.campaigns.report import words
from service.campaigns.report.cells import CellResult, result_of
from service.campaigns.report.pooling import (
    SplitEffect,
    by_split,
    pooled,
    replication,
)
from service.campaigns.report.sharpness import Sharpness, sharpness_of, title_of
from service.jobs.decisions import PooledEffect
from service.records import Json
from service.report.effects import share_of
from service.report.meta import Combined
from service.storage import campaigns
from service.storage.campaigns import CampaignCell

VERSION = 1


def report_of(session: Session, campaign_id: int) -> Json:
    """Build the report of a stored campaign.

    Raises:
        NotFoundError: There is none.
    """
    campaigns.get(session, campaign_id)
    return build_report(campaigns.reported_cells(session, campaign_id))


def build_report(cells: Iterable[CampaignCell]) -> Json:
    """Compare the cells of a campaign; those whose jobs have no report yet are listed, too.

    The report is a function of the cells, of their specs and of their jobs' reports.

    Args:
        cells: With their specs and reports, in the campaign's order.

    Returns:
        ``version``; ``cells`` (settings, state, outcome, `change` of the loss with its interval,
        effective radius); ``outcomes``, counted; ``pooled`` (mean over test splits and
        prediction interval, null with fewer than 2); ``splits``; ``replication`` (on how many
        splits a gain is shown); ``radius`` (best radius of the cells and its slopes, null where no
        job searched widths); ``findings``, the same in sentences.
    """
    results = [result_of(cell) for cell in cells]
    splits = by_split(results)
    combined = pooled(splits)
    shown = replication(splits)
    sharpness = sharpness_of(results)
    findings = [
        *words.effect_in_words(splits, combined, len(results)),
        *words.none_in_words(results, splits),
        *words.replication_in_words(shown),
        *words.sharpness_in_words(sharpness),
        *words.standing_in_words(results),
    ]
    return {
        "version": VERSION,
        "cells": [_row(one) for one in results],
        "outcomes": dict(Counter(one.outcome for one in results if one.outcome is not None)),
        "splits": [_split(one) for one in splits],
        "pooled": _pooled(splits, combined),
        "replication": asdict(shown),
        "radius": _radius(sharpness),
        "findings": findings,
    }


def _row(one: CellResult) -> dict[str, Any]:
    effect = one.effect
    return {
        "index": one.index,
        "label": label_of(one.settings),
        "settings": one.settings,
        "job_id": one.job_id,
        "state": one.state,
        "split": one.split,
        "outcome": one.outcome,
        "n_seeds": effect.n_seeds if effect else None,
        "log_ratio": effect.mean if effect else None,
        "change": share_of(effect.mean) if effect else None,
        "low": share_of(effect.low) if effect else None,
        "high": share_of(effect.high) if effect else None,
        "radius": one.radius,
    }


def _split(one: SplitEffect) -> Json:
    values = {"split": one.split, "n_cells": one.n_cells, "log_ratio": one.mean, "p": one.p}
    return {**values, "variance": one.variance, "change": share_of(one.mean)}


def _pooled(splits: Sequence[SplitEffect], found: Combined | None) -> Json | None:
    if found is None:
        return None
    return {
        **asdict(PooledEffect.of(found)),
        "n_cells": sum(one.n_cells for one in splits),
        "log_ratio": found.mean,
        "tau": found.tau2**0.5,
    }


def _radius(found: Sharpness | None) -> Json | None:
    if found is None:
        return None
    cells = [
        {
            "label": title_of(cell),
            "settings": cell.settings,
            "cells": cell.indices,
            "rates": cell.rates,
            **asdict(cell.best),
        }
        for cell in found.cells
    ]
    slopes = [asdict(slope) | {"is_shown": slope.is_shown} for slope in found.slopes]
    return {
        "cells": cells,
        "slopes": slopes,
        "n_unscaled": found.n_unscaled,
        "n_untuned": found.n_untuned,
    }
