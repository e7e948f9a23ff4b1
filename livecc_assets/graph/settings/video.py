"""Profile: how videos are sampled, cut into clips and read (method 1.0, 1.2, 1.7, 2.4)."""

from typing import Literal, Self

from pydantic import Field, model_validator

from livecc_assets.core.rules import Rule
from livecc_assets.graph.settings.fields import Real, Section, Share, Whole, in_order


class Source(Section):
    """Which videos enter the pool (YT-CC-Source)."""

    min_height: Whole = Field(default=480, ge=1, description="Least pixels of the shorter side.")
    min_duration: Real = Field(default=30, ge=0, description="Shortest video, in seconds.")
    max_duration: Real = Field(default=600, gt=0, description="Longest video, in seconds.")
    language: str = Field(default="en", min_length=2, description="Language that the captions must be in (ISO 639-1).")
    caption_language_model: str = Field(
        default="", description="Model that detects the captions' language; empty: no check."
    )
    min_language_score: Share = Field(default=0.9, description="Least probability of that language.")
    min_distinct_words: Whole = Field(default=30, ge=0, description="Least distinct words in a video's captions.")
    variable_frame_rate: Literal["reject", "accept"] = Field(
        default="accept",
        description="What happens to a video whose frame rate varies. Its frames are taken by the time at which they are shown.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        in_order(self, ("min_duration", "max_duration"))
        return self


class ClipLimits(Section):
    """What makes a clip. All limits are inclusive."""

    min_clip_sec: Real = Field(default=30, ge=0, description="Shortest clip, in seconds.")
    max_clip_sec: Real = Field(default=240, gt=0, description="Longest clip, in seconds.")
    max_empty_sec: Real = Field(default=3, ge=0, description="Longest silence inside of a clip, in seconds.")
    min_wps: Real = Field(default=1, ge=0, description="Slowest speech, in words per second.")
    max_wps: Real = Field(default=4, gt=0, description="Fastest speech, in words per second.")
    rule: Rule = Field(default="corrected", description="Whether the published code's defects are reproduced.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        in_order(self, ("min_clip_sec", "max_clip_sec"), ("min_wps", "max_wps"))
        return self


class Video(Section):
    """How frames are sampled and sized, in training and in commentary. Pixels are height times width."""

    fps: Real = Field(default=2.0, gt=0, description="Frames taken a second.")
    max_frames: Whole = Field(default=480, ge=1, description="Most frames of a clip.")
    min_pixels: Whole = Field(default=100 * 784, ge=784, description="Least pixels of a frame.")
    frame_pixels: Whole = Field(default=768 * 784, ge=784, description="Most pixels of a frame.")
    total_pixels: Whole = Field(
        default=24576 * 784, ge=784, description="Most pixels of a clip, counted in pairs of frames."
    )
    stream_max_pixels: Whole = Field(default=384 * 784, ge=784, description="Most pixels of a frame in streaming mode.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        in_order(self, ("min_pixels", "frame_pixels"))
        return self
