"""What is run together. A job holds one kind of partition (docs/design.md, "The asset graph")."""

import dagster as dg

from livecc_assets.orchestration.steps import STEPS


def _assets(*groups: str, by: str | None) -> dg.AssetSelection:
    return dg.AssetSelection.assets(
        *[step.asset for step in STEPS if step.group in groups and step.partitioned_by == by]
    )


curate = dg.define_asset_job(
    "curate",
    _assets("source", "live_cc", "live_whisperx", by="batch"),
    description="One source batch from raw videos to scored clips; thresholds come later.",
)
livesports = dg.define_asset_job(
    "livesports",
    dg.AssetSelection.assets("livesports_events", "livesports_questions", "evaluation_videos"),
    description="The benchmark, and the ids it takes out of training.",
)
select = dg.define_asset_job(
    "select",
    _assets("live_cc", "live_whisperx", by="selection"),
    description="The training sets of one selection: a join over scores, no model is run.",
)
instructions = dg.define_asset_job(
    "instructions",
    dg.AssetSelection.assets("general_instructions"),
    description="One source of general instructions for SFT.",
)
train = dg.define_asset_job(
    "train",
    _assets("checkpoints", by="experiment"),
    description="Both stages of one experiment. Starts by hand or by a named schedule, never because data arrived.",
)
evaluate = dg.define_asset_job(
    "evaluate",
    _assets("scores", by="experiment"),
    description="Commentary, judgements and scores of one experiment.",
)
# Not called like its one asset: an asset's op has the asset's name, and a repository has each name once.
update_leaderboard = dg.define_asset_job(
    "update_leaderboard",
    dg.AssetSelection.assets("leaderboard"),
    description="All experiments side by side.",
)

JOBS = [curate, livesports, select, instructions, train, evaluate, update_leaderboard]
