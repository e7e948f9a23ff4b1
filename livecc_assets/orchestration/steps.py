"""The whole graph in order, as plain steps: what ``livecc status`` walks and the Dagster assets are made of."""

from livecc_assets.commentary import assets as commentary
from livecc_assets.evaluation import assets as evaluation
from livecc_assets.graph.step import Step, steps_of
from livecc_assets.live_cc import assets as live_cc
from livecc_assets.live_whisperx import assets as live_whisperx
from livecc_assets.source import assets as source
from livecc_assets.training import assets as training

_DECLARED = [
    step
    for stage in (source, live_cc, live_whisperx, training, commentary, evaluation)
    for step in steps_of(stage).values()
]


def _in_order(declared: list[Step]) -> list[Step]:
    """Upstream before downstream; what does not depend on each other stays in the order of the stages."""
    ordered: dict[str, Step] = {}
    by_asset = {step.asset: step for step in declared}

    def add(step: Step) -> None:
        for name in step.upstream:
            if name not in ordered:
                add(by_asset[name])
        ordered.setdefault(step.asset, step)

    for step in declared:
        add(step)
    return list(ordered.values())


#: Upstream before downstream: the benchmark's events come before the selections, which keep the events' videos out.
STEPS: list[Step] = _in_order(_DECLARED)

BY_ASSET = {step.asset: step for step in STEPS}

#: Assets that source batches partition.
BATCH_ASSETS = [step.asset for step in STEPS if step.partitioned_by == "batch"]
