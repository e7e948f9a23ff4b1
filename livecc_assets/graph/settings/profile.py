"""The profile: models, thresholds and sizes on which scores depend. One section for each asset or group of assets."""

from typing import Annotated, Any, Self

from pydantic import Field, PrivateAttr, model_validator

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings.benchmark import Benchmarks, Commentary, EvaluationVideos, Judge, LiveSports, Opponent
from livecc_assets.graph.settings.fields import Empty, Names, Section, Share, Whole
from livecc_assets.graph.settings.groups import Groups
from livecc_assets.graph.settings.patterns import PROFILE_NAME, SAMPLE_WORLD
from livecc_assets.graph.settings.scoring import (
    ActiveSpeaker,
    Language,
    Queries,
    SpeechRecognition,
    TalkingHead,
    TextLoss,
)
from livecc_assets.graph.settings.video import ClipLimits, Source, Video


class InstructionSource(Section):
    """One source of general instructions: made from the sample world, or a file of conversations."""

    jsonl: str = Field(
        default="", description="File of conversations, one a line. Must be set before the source is made."
    )
    generator: str | None = Field(
        default=None,
        pattern=SAMPLE_WORLD,
        description="`sample-world` makes questions about the sample world instead.",
    )
    count: Whole | None = Field(default=None, ge=1, description="How many the generator makes.")
    seed: Whole = Field(default=0, ge=0, description="Seed of the generator.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.generator and self.jsonl:
            raise ValueError("generator and jsonl exclude each other; remove one of them")
        if self.generator and self.count is None:
            raise ValueError("count is missing: how many the generator makes")
        if not self.generator and self.count is not None:
            raise ValueError("count is read only with generator: sample-world; remove it")
        return self


class SampleWorld(Section):
    """Matches in each generated batch."""

    train: Whole | None = Field(
        default=None, ge=1, description="Matches in each training batch; null: as the world has them."
    )
    test: Whole | None = Field(
        default=None, ge=1, description="Matches in the held-out batch; null: as the world has them."
    )


#: Stands for a section that the file leaves out and that has no default.
_ABSENT: Any = None


def _absent() -> Any:
    return _ABSENT


class Profile(Section):
    """A profile file. A section without a default may be left out; what reads it then says so (UserError)."""

    name: str = Field(
        pattern=PROFILE_NAME, description="The name by which selections and experiments refer to the profile."
    )
    error_limit: Share = Field(
        default=0.05, description="Share of rows in error above which a batch's blocking check fails."
    )
    source: Annotated[Source, Empty] = Field(default_factory=Source, description="Which videos enter the pool.")
    evaluation_videos: Annotated[EvaluationVideos, Empty] = Field(
        default_factory=EvaluationVideos, description="Videos that must never train."
    )
    caption_clips: Annotated[ClipLimits, Empty] = Field(
        default_factory=ClipLimits, description="How captions are cut into clips."
    )
    text_loss: TextLoss = Field(default_factory=_absent, description="The text model that scores clips.")
    talking_head: TalkingHead = Field(default_factory=_absent, description="The talking-head scorer.")
    categories: Names | None = Field(
        default=None, min_length=1, description="Categories of videos that speech recognition hears; null: all."
    )
    asr: SpeechRecognition = Field(default_factory=_absent, description="Speech recognition.")
    sentence_clips: Annotated[ClipLimits, Empty] = Field(
        default_factory=ClipLimits, description="How recognised speech is cut into clips."
    )
    active_speaker: ActiveSpeaker = Field(default_factory=_absent, description="The active-speaker scorer.")
    queries: Queries = Field(default_factory=_absent, description="Who writes the clips' queries.")
    language: Language = Field(default_factory=_absent, description="The detector of the clips' language.")
    instructions: Annotated[dict[str, InstructionSource], Empty] = Field(
        default_factory=dict, description="Sources of general instructions, by name."
    )
    sample_world: SampleWorld | None = Field(
        default=None, description="Size of the generated world; null: there is none."
    )
    livesports: Annotated[LiveSports, Empty] = Field(default_factory=LiveSports, description="LiveSports-3K.")
    video: Annotated[Video, Empty] = Field(default_factory=Video, description="How frames are sampled and sized.")
    commentary: Annotated[Commentary, Empty] = Field(default_factory=Commentary, description="How a model comments.")
    judge: Judge = Field(default_factory=_absent, description="Who judges the commentary.")
    opponent: Opponent = Field(default_factory=_absent, description="Whom the commentary is compared with.")
    benchmarks: Annotated[Benchmarks, Empty] = Field(
        default_factory=Benchmarks, description="The multiple-choice benchmarks."
    )
    groups: Annotated[Groups, Empty] = Field(
        default_factory=Groups, description="Owners and freshness of the groups of assets, as Dagster shows them."
    )

    _file: str = PrivateAttr("the profile")

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if value is _ABSENT and name in _WITHOUT_DEFAULT:
            raise UserError(f"{self._file}: the section `{name}` is missing; copy it from profiles/sample.yaml")
        return value

    def as_config(self) -> dict[str, Any]:
        """All values, defaults included, without the sections that are absent."""
        given = {
            name: value for name, value in self.__dict__.items() if value is not _ABSENT or name not in _WITHOUT_DEFAULT
        }
        return {name: _plain(value) for name, value in given.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Section):
        return value.as_config()
    return {name: _plain(one) for name, one in value.items()} if isinstance(value, dict) else value


_WITHOUT_DEFAULT = frozenset(name for name, field in Profile.model_fields.items() if field.default_factory is _absent)
