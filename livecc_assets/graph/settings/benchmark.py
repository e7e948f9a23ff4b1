"""Profile: the benchmarks, the commentary on them and its judges (method 3 and 4)."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_serializer, model_validator

from livecc_assets.core.rules import Rule
from livecc_assets.graph.settings.choices import DType, Eviction, Mode, Positions
from livecc_assets.graph.settings.fields import (
    BatchNames,
    Device,
    Empty,
    Model,
    Names,
    NoneListed,
    Real,
    Section,
    Share,
    Whole,
)
from livecc_assets.graph.settings.patterns import WEB_ADDRESS
from livecc_assets.graph.settings.scoring import Endpoint, Price

#: By the logits of what a multiple-choice question is answered.
AnsweredBy = Annotated[
    Literal["letters", "words"],
    Field(
        description="Answer by the logits of the options' letters, as the paper does, or of their words, for models that "
        "never learnt letters."
    ),
]


class LiveSports(Section):
    """Where LiveSports-3K's events and questions come from."""

    batches: Annotated[BatchNames, NoneListed] = Field(
        default_factory=list, description="Batches that hold the benchmark's videos; `*` names all."
    )
    proposer: Literal["sentence-clips", "chat", "published"] = Field(
        default="sentence-clips",
        description="Propose an event a clip of the batches, let a chat model propose events and questions from their speech, or "
        "read the published files.",
    )
    writer: Endpoint | None = Field(default=None, description="The chat model of `proposer: chat`.")
    decisions: dict[str, str] = Field(
        default_factory=dict,
        description="Review sheets that annotators filled in (`livecc livesports review`), by the annotators' names. With any, "
        "only what most of them keep becomes the benchmark.",
    )
    max_events_per_video: Whole | None = Field(
        default=None, ge=1, description="Most proposed events of a video; null: no limit."
    )
    min_event_sec: Real = Field(default=10, ge=0, description="Shortest proposed event, in seconds.")
    lead_sec: Real = Field(
        default=0.8, ge=0, description="How much earlier than its first word an event begins, in seconds."
    )
    categories: Names | None = Field(
        default=None, min_length=1, description="Categories that are proposed from; null: all."
    )
    questions_per_event: Whole = Field(default=3, ge=1, description="Questions about an event.")
    max_questions: Whole = Field(default=24, ge=0, description="Most questions in all; 0: no limit.")
    seed: Whole = Field(default=0, description="Seed of the questions.")
    events_file: str = Field(
        default="", description="Published events (LiveSports_3K_CC); read with `proposer: published`."
    )
    questions_file: str = Field(
        default="", description="Published questions (LiveSports_3K_QA); read with `proposer: published`."
    )
    videos: str = Field(default="", description="Folder or s3:// prefix of the published files' videos.")
    answers: AnsweredBy = "letters"

    @model_validator(mode="after")
    def _published_is_there(self) -> Self:
        if self.proposer == "published" and not self.events_file:
            raise ValueError("`proposer: published` reads events_file; name it, or propose from sentence-clips")
        if self.proposer == "chat" and self.writer is None:
            raise ValueError(
                "`proposer: chat` asks a chat model; name it in writer.model, or propose from sentence-clips"
            )
        if self.proposer == "published" and self.decisions:
            raise ValueError("`decisions` are about proposals; remove them, or propose events")
        return self


class Override(Section):
    """Of the section `video`, what the commentary does in another way. Null: as `video` says."""

    fps: Real | None = Field(default=None, gt=0, description="Frames taken a second.")
    max_frames: Whole | None = Field(default=None, ge=1, description="Most frames of a clip.")
    min_pixels: Whole | None = Field(default=None, ge=784, description="Least pixels of a frame.")
    frame_pixels: Whole | None = Field(default=None, ge=784, description="Most pixels of a frame.")
    total_pixels: Whole | None = Field(
        default=None, ge=784, description="Most pixels of a clip, counted in pairs of frames."
    )
    stream_max_pixels: Whole | None = Field(
        default=None, ge=784, description="Most pixels of a frame in streaming mode."
    )


def policy_named(values: Any) -> Any:
    """Settings that name ``eviction_sec`` without ``eviction`` mean what they meant before there was a choice.

    A number is the paper's eviction every so many seconds; null or 0 is none.
    """
    if not isinstance(values, Mapping) or "eviction_sec" not in values or "eviction" in values:
        return values
    return {"eviction": "paper" if values["eviction_sec"] not in (None, 0) else "none", **values}


class Generation(Section):
    """How commentary is generated and remembered (method 3.1 to 3.6)."""

    rule: Rule = Field(
        default="corrected",
        description="Whether the published code's penalty, lost token, sampler, unbounded speech and missing eviction are kept.",
    )
    positions: Positions = Field(
        default="train-consistent", description="Position ids as in training, or as published."
    )
    max_new_tokens: Whole = Field(default=16, ge=1, description="Most tokens of one interval.")
    max_caption_tokens: Whole | None = Field(
        default=None, ge=1, description="Most tokens of the one text of an event (`mode: captioning`); null: 512."
    )
    repetition_penalty: Real = Field(default=1.05, gt=0, description="Penalty on tokens that were said; 1: none.")
    penalty_window: Whole = Field(
        default=64, ge=1, description="Generated tokens that the corrected penalty looks back on."
    )
    eos_base: Real | None = Field(
        default=None, description="Base threshold of the streaming end token; null leaves the logits alone."
    )
    eos_step: Real = Field(default=0.0, description="What each interval adds to that threshold.")
    eviction: Eviction = Field(
        default="window",
        description="What leaves the cache: what is outside the window, all vision at times as in the paper, or nothing.",
    )
    window_text_tokens: Whole = Field(default=512, ge=0, description="Text tokens of former turns in the window.")
    window_vision_sec: Real = Field(default=16.0, ge=0, description="Seconds of vision in the window.")
    eviction_sec: Real | None = Field(
        default=240.0,
        ge=0,
        description="Seconds between the paper's evictions. Without `eviction`, a number means `paper`; null or 0, `none`.",
    )
    max_words_per_second: Real | None = Field(
        default=5.0,
        ge=0,
        description="Most words of a second; where they are said the interval ends. null or 0: no bound.",
    )
    max_repeated_share: Share | None = Field(
        default=0.25,
        description="Most share of word n-grams that repeat earlier ones; before one more the interval ends. null: no bound.",
    )
    repeat_ngram: Whole = Field(default=4, ge=2, description="Words of such an n-gram.")
    repeat_window_sec: Real = Field(default=240.0, gt=0, description="Seconds for which n-grams are remembered.")
    max_text_tokens: Whole = Field(default=8192, ge=1, description="Most text tokens that an eviction carries over.")
    sample: bool = Field(default=False, description="Draw tokens instead of taking the likeliest.")
    temperature: Real = Field(default=1.0, gt=0, description="Temperature of the draw.")
    top_k: Whole = Field(default=50, ge=0, description="Likeliest tokens that are drawn from; 0: all.")
    top_p: Share = Field(default=1.0, description="Least probability that the drawn-from tokens hold together.")
    seed: Whole = Field(default=0, description="Seed of the draw.")
    skip_silent: bool = Field(default=False, description="Leave out intervals without words.")

    _policy = model_validator(mode="before")(policy_named)

    @model_validator(mode="after")
    def _paper_has_a_period(self) -> Self:
        if self.eviction == "paper" and not self.eviction_sec:
            raise ValueError("`eviction: paper` needs eviction_sec above 0; write `eviction: none` to keep everything")
        return self


class Commentary(Generation, Override):
    """How a model comments, and where it runs."""

    mode: Mode | None = Field(
        default=None,
        description="How frames are fed; null: evaluation on the benchmark, streaming in `livecc comment`. `captioning`, on the "
        "benchmark alone: an event's whole clip, then one text.",
    )
    dtype: DType | None = Field(default=None, description="Number format; null: the one of the weights.")
    device: Device = Field(default="cpu", description="Where the model runs.")
    batch_size: Whole | None = Field(
        default=None, ge=1, description="Clips side by side, at most 1 in 20; null: 16 on a CPU, else 1."
    )
    threads: Whole | None = Field(default=None, ge=1, description="CPU threads; null: PyTorch's own number.")

    @model_serializer(mode="wrap")
    def _said(self, serialise: Any) -> dict[str, Any]:
        """What null leaves to others is left out, so that it overrides nothing."""
        left = {*Override.model_fields, "mode", "max_caption_tokens", "batch_size", "threads"}
        return {key: value for key, value in serialise(self).items() if value is not None or key not in left}


def _without_defaults(schema: dict[str, Any]) -> None:
    for one in schema["properties"].values():
        one.pop("default", None)


class ExperimentCommentary(Commentary):
    """What an experiment's commentary does otherwise than the profile's; only keys that are named count."""

    #: What holds where the file names no value: none of the models' defaults.
    ELSEWHERE: ClassVar[dict[str, str]] = {"blank_frames": "as trained", "instruct": "as trained"}
    OTHERWISE: ClassVar[str] = "the profile's"

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    blank_frames: bool = Field(default=False, description="Blank every frame.")
    instruct: bool = Field(default=True, description="Ask with a query, as models after SFT are.")

    def as_config(self) -> dict[str, Any]:
        """The keys that the file names."""
        return self.model_dump(mode="json", exclude_unset=True)


class LikelihoodJudge(Section):
    """A text model judges by the likelihood of the human's words."""

    kind: Literal["likelihood"] = Field(description="Likelihood of the human words given the commentary.")
    model: Model = Field(description="Chat model, as a model reference.")
    dtype: DType = Field(default="float32", description="Number format of the weights.")
    device: Device | None = Field(default=None, description="Where it runs; null: on the GPU where there is one.")
    max_tokens: Whole = Field(default=512, ge=1, description="Most tokens of a prompt with the human words.")


class Juror(Section):
    """One more judge. What is left empty is as the first judge has it."""

    model: str = Field(min_length=1, description="Model name, as the endpoint knows it.")
    base_url: str = Field(default="", pattern=WEB_ADDRESS, description="Its endpoint; empty: the first judge's.")
    api_key_env: str = Field(default="", description="Environment variable that holds its key.")
    price: Price | None = Field(default=None, description="What it costs; null: not known.")


class OpenAIJudge(Endpoint):
    """The paper's judge: a chat model, asked in both orders."""

    kind: Literal["openai"] = Field(description="A chat model.")
    seed: Whole | None = Field(default=42, description="Seed that the endpoint is given; null: none.")
    temperature: Real | None = Field(
        default=0, ge=0, description="Temperature that the endpoint is given; null: none, for models that take none."
    )
    attempts: Whole = Field(default=12, ge=1, description="How often a request is tried.")
    json_schema: bool = Field(
        default=False, description="Send the form of the answer as `response_format`; not every endpoint knows it."
    )
    jury: list[Juror] = Field(
        default_factory=list, description="Further judges of the same events; the majority decides each call."
    )
    rule: Rule = Field(
        default="corrected",
        description="`corrected`: texts between fences, verdicts read strictly; `released`: the published prompt and parser.",
    )


class EventF1Judge(Section):
    """Counts the events that a commentary names, where the truth is known."""

    kind: Literal["event-f1"] = Field(description="F1 of the named events.")


Judge = Annotated[LikelihoodJudge | OpenAIJudge | EventF1Judge, Field(discriminator="kind")]


class TitleCaption(Section):
    """An opponent that has seen nothing but the title."""

    kind: Literal["title-caption"] = Field(description="A caption written from the event's title.")


class CaptionFile(Section):
    """An opponent read from a file."""

    kind: Literal["file"] = Field(description="A file of commentaries.")
    path: str = Field(default="", description="JSON lines with video_id, event_id, pred. Must be set before judging.")
    name: str | None = Field(default=None, description="What the opponent is called; null: as its file.")


Opponent = Annotated[TitleCaption | CaptionFile, Field(discriminator="kind")]

_PathAlone = BeforeValidator(
    lambda value: {"path": value} if isinstance(value, str) else {} if value is None else value,
    json_schema_input_type=str | dict[str, Any],
)


class QuestionFile(Section):
    """A benchmark's questions. The path alone may stand for the whole section."""

    path: str = Field(default="", description="File of questions; `embedded:sample` makes some from the sample world.")
    videos: str = Field(default="", description="Folder or s3:// prefix of the benchmark's videos.")


class LetteredFile(QuestionFile):
    """A benchmark whose every question has options."""

    answers: AnsweredBy = "letters"


class VideoMME(LetteredFile):
    """Video-MME."""

    subtitles: bool = Field(default=False, description="Show the subtitles with the question.")


class OVOBench(QuestionFile):
    """OVO-Bench."""

    answers: Literal["letters", "words", "generated"] = Field(
        default="letters",
        description="Answer by the logits of the options' letters, as the paper does, of their words, or as the benchmark itself "
        "does: the model writes an answer, which is read.",
    )
    templates: str = Field(default="", description="JSON file of the benchmark's own prompts; empty: paraphrases.")


class Benchmarks(Section):
    """The multiple-choice benchmarks. Each is a path, or a mapping."""

    rule: Rule = Field(
        default="corrected",
        description="Whether every multiple-choice score, LiveSports-3K QA too, keeps the published scripts' defects.",
    )

    videomme: Annotated[VideoMME, _PathAlone] = Field(default_factory=VideoMME, description="Video-MME.")
    mvbench: Annotated[LetteredFile, _PathAlone] = Field(default_factory=LetteredFile, description="MVBench.")
    ovobench: Annotated[OVOBench, _PathAlone] = Field(default_factory=OVOBench, description="OVO-Bench.")


class EvaluationVideos(Section):
    """Videos that must never train."""

    ids: Annotated[Names, NoneListed] = Field(default_factory=list, description="Ids of videos.")
    files: Annotated[dict[str, str], Empty] = Field(
        default_factory=dict, description="By benchmark: a file of one id a line."
    )
    sample_world: bool = Field(default=False, description="Add the sample world's held-out videos, once it is made.")
