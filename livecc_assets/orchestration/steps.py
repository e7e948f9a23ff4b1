"""The whole graph in order, as plain steps: what ``livecc status`` walks and the Dagster assets are made of."""

from livecc_assets.evaluation.steps import STEPS as BENCHMARKS
from livecc_assets.graph.step import Step
from livecc_assets.live_cc.steps import STEPS as LIVE_CC
from livecc_assets.live_whisperx.steps import STEPS as LIVE_WHISPERX
from livecc_assets.source.steps import STEPS as SOURCE
from livecc_assets.training.steps import STEPS as TRAINING

EVENTS = [step for step in BENCHMARKS if step.group == "livesports"]
SCORES = [step for step in BENCHMARKS if step.group != "livesports"]

_BY_BATCH = [step for step in (*SOURCE, *LIVE_CC, *LIVE_WHISPERX) if step.partitioned_by == "batch"]
_REST = [step for step in (*SOURCE, *LIVE_CC, *LIVE_WHISPERX) if step.partitioned_by != "batch"]

#: Upstream before downstream; the events come before the selections, which keep the events' videos out.
STEPS: list[Step] = [*_BY_BATCH, *EVENTS, *_REST, *TRAINING, *SCORES]

BY_ASSET = {step.asset: step for step in STEPS}
