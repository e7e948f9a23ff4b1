"""Settings of a commentary run: what the profile's ``commentary`` and ``video`` sections say together."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from livecc_assets.graph.settings.benchmark import Generation
from livecc_assets.graph.settings.choices import Mode
from livecc_assets.graph.settings.video import Video

#: Keys of the profile's section that others read: where the model runs, how many clips run side by side.
_ELSEWHERE = frozenset({"device", "dtype", "batch_size", "instruct", "threads"})


class CommentaryConfig(Generation, Video):
    """How a stream is cut, sized, generated and remembered (method 3.1 to 3.6).

    ``rule`` decides what the published code gets wrong: the reach of the repetition penalty, the token lost
    on a length stop, the sampler of evaluation mode, and eviction (which the published code does not have).
    ``positions`` is a switch of its own, because published checkpoints may be compared under either.
    """

    mode: Mode = Field(default="streaming", description="How frames are fed.")
    blank_frames: bool = Field(default=False, description="Blank every frame.")

    @property
    def evicts_every(self) -> float | None:
        """Seconds between evictions, None for never (as in the published code)."""
        return self.eviction_sec or None if self.rule == "corrected" else None

    @classmethod
    def from_profile(cls, config: Mapping[str, Any], **overrides: Any) -> "CommentaryConfig":
        """Settings from an asset's config: ``{"commentary": {...}, "video": {...}, "blank_frames": ..., "seed": ...}``.

        Keys of the two sections may also stand flat in ``config``; ``overrides`` win.
        Raises UserError for a key that nothing reads, because a misspelt setting would change a score in silence.
        """
        flat = {key: value for key, value in config.items() if key not in ("commentary", "video")}
        merged = {**config.get("video", {}), **config.get("commentary", {}), **flat, **overrides}
        return cls.of({key: value for key, value in merged.items() if key not in _ELSEWHERE}, "commentary")
