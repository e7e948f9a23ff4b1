"""The selection: which scored clips become a training set (method 1.1)."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field

from livecc_assets.graph.settings.choices import SETS
from livecc_assets.graph.settings.fields import Band, BatchNames, Names, Real, Section, Share, Whole


class Criteria(Section):
    """What is asked for of any set. Null (or absence) lifts a filter, as the paper's scale ablation does."""

    loss: Band = Field(
        default=(None, None), description="Least and most text loss, nats a token; inclusive, null: no limit."
    )
    categories: Annotated[Names | None, AfterValidator(lambda names: names or None)] = Field(
        default=None, description="Categories that are taken; null or empty: all."
    )
    size: Whole | None = Field(default=None, ge=0, description="Most clips; null: all that pass.")
    rank: Literal["distinct_words"] | None = Field(
        default="distinct_words",
        description="What ranks clips where `size` cuts; null: chance, by a digest of their ids.",
    )

    @classmethod
    def of(cls, config: Mapping[str, Any], where: str = "") -> Self:
        """From a set's config; the batches in it are not the join's business."""
        known = "batches" in cls.model_fields
        return super().of({key: value for key, value in config.items() if known or key != "batches"}, where)


class LiveCCCriteria(Criteria):
    """What is asked for of Live-CC."""

    talking_head_below: Real | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Talking-head score that a video must stay below; exclusive, null: no limit.",
    )


class LiveWhisperXCriteria(Criteria):
    """What is asked for of Live-WhisperX. All limits are inclusive."""

    active_speaker_ratio: Band = Field(
        default=(None, None),
        description="Least and most share of the clip in which somebody in view speaks; null: no limit.",
    )
    min_language_score: Share | None = Field(
        default=None, description="Least certainty of `language`; null: no language filter."
    )
    language: str = Field(default="en", min_length=2, description="Language of the clip's words (ISO 639-1).")
    queries: bool = Field(
        default=True, description="Whether a clip needs an accepted query; false leaves queries empty."
    )


_BATCHES: Any = Field(min_length=1, description="Batches that the set is made of; `*` names every registered batch.")


class LiveCC(LiveCCCriteria):
    """Live-CC, the pre-training set."""

    batches: BatchNames = _BATCHES


class LiveWhisperX(LiveWhisperXCriteria):
    """Live-WhisperX, the SFT set."""

    batches: BatchNames = _BATCHES


class Selection(Section):
    """A selection file. A set that is left out is not made."""

    SETS: ClassVar[tuple[str, ...]] = SETS

    profile: str | None = Field(default=None, description="Name of the profile that it belongs to; null: any.")
    live_cc: LiveCC | None = Field(default=None, description="The pre-training set.")
    live_whisperx: LiveWhisperX | None = Field(default=None, description="The SFT set.")

    @property
    def sets(self) -> list[str]:
        """Names of the sets that it describes, which are the names of their assets."""
        return [name for name in SETS if getattr(self, name) is not None]
