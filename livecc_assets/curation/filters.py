"""Filters of both training sets: what must never train, categories, and the band of the text loss."""

from collections.abc import Callable, Collection, Iterator

import numpy as np
import pyarrow as pa

from livecc_assets.curation.criteria import Band, Readable
from livecc_assets.curation.faults import Fault, mask, numbers, unscored
from livecc_assets.curation.tables import Scores, pc

#: Yields why clips of a piece may not train at all.
Admission = Callable[[pa.Table], Iterator[Fault]]


def admission(evaluation_ids: Collection[str], categories: Collection[str] | None) -> Admission:
    """Why a clip may not train at all: its video belongs to a benchmark, or its category is not asked for."""
    benchmark = pa.array(sorted(evaluation_ids), pa.string())
    listed = pa.array(sorted(categories), pa.string()) if categories is not None else None

    def faults(clips: pa.Table) -> Iterator[Fault]:
        ids = clips["video_id"]
        found = mask(pc.is_in(ids, value_set=benchmark))

        def held_out(rows: np.ndarray) -> list[str]:
            return [f"{one} belongs to a benchmark and must never train" for one in ids.take(rows).to_pylist()]

        yield Fault("filtered", "evaluation_video", found, held_out)
        if listed is not None:
            category = clips["category"]

            def excluded(rows: np.ndarray) -> list[str]:
                return [f"category {one!r} is not in the selection's list" for one in category.take(rows).to_pylist()]

            yield Fault("filtered", "excluded_category", ~mask(pc.is_in(category, value_set=listed)), excluded)

    return faults


def loss_scores(table: Readable, schema: pa.Schema, limits: Band) -> Scores | None:
    """The text losses of one batch's clips; None when the selection does not ask for them."""
    return None if limits == (None, None) else Scores(table, schema, "clip_id", "loss")


def loss_faults(loss: pa.Array, limits: Band) -> list[Fault]:
    """Why clips' text losses keep them out: no score, or outside the band, whose limits belong to it."""
    missing, values = numbers(loss)
    low, high = limits

    def outside(limit: str) -> Callable[[np.ndarray], list[str]]:
        return lambda rows: [f"text loss {value:.2f} is {limit}" for value in values[rows].tolist()]

    found = [unscored(missing, "it has no text loss; see why in the losses' rejected rows")]
    if low is not None:
        found.append(Fault("filtered", "loss_low", values < low, outside(f"below {low:g}")))
    if high is not None:
        found.append(Fault("filtered", "loss_high", values > high, outside(f"above {high:g}")))
    return found
