"""Who answers for each group of assets, and how long it may stand still before Dagster says so."""

from typing import Annotated

from pydantic import Field

from livecc_assets.graph.settings.fields import Empty, Section, Whole
from livecc_assets.graph.settings.patterns import OWNER

#: Days without a materialization after which what is re-curated by the clock is overdue: four Mondays and a week.
FRESH = 35

_OWNERS = "Whom Dagster shows as owners: addresses of people, or `team:NAME`."
_FRESH = (
    "Days without a materialization after which each asset of the group is overdue; two thirds of them give a warning. "
    "null: only people make it, so that no day is too late."
)
Owners = list[Annotated[str, Field(pattern=OWNER)]]
Days = Annotated[Whole | None, Field(ge=1, le=36500)]


class AssetGroup(Section):
    """One group of assets; data that people make."""

    owners: Owners = Field(default=["team:data"], description=_OWNERS)
    fresh_days: Days = Field(default=None, description=_FRESH)


class CuratedGroup(AssetGroup):
    """Data that the clock re-curates: silence means that something stands still."""

    fresh_days: Days = Field(default=FRESH, description=_FRESH)


class TrainedGroup(AssetGroup):
    """Models."""

    owners: Owners = Field(default=["team:training"], description=_OWNERS)


class EvaluatedGroup(AssetGroup):
    """Benchmarks and scores."""

    owners: Owners = Field(default=["team:evaluation"], description=_OWNERS)


_Curated = Annotated[CuratedGroup, Empty]
_Evaluated = Annotated[EvaluatedGroup, Empty]


class Groups(Section):
    """All groups, under their names in Dagster. Nothing here enters an artifact's key."""

    source: _Curated = Field(default_factory=CuratedGroup, description="Batches of videos.")
    live_cc: _Curated = Field(default_factory=CuratedGroup, description="The branch of captions, Live-CC.")
    live_whisperx: _Curated = Field(default_factory=CuratedGroup, description="The branch of recognised speech.")
    instructions: Annotated[AssetGroup, Empty] = Field(default_factory=AssetGroup, description="General instructions.")
    checkpoints: Annotated[TrainedGroup, Empty] = Field(default_factory=TrainedGroup, description="Trained models.")
    livesports: _Evaluated = Field(default_factory=EvaluatedGroup, description="LiveSports-3K.")
    scores: _Evaluated = Field(default_factory=EvaluatedGroup, description="Commentary, judgements and scores.")

    def named(self, group: str) -> AssetGroup | None:
        """What is set for a group; None for one that is not ours."""
        return getattr(self, group) if group in type(self).model_fields else None
