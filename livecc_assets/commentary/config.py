"""Settings of a commentary run: what the profile's ``commentary`` and ``video`` sections say together."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field

from livecc_assets.graph.settings.benchmark import Generation, policy_named
from livecc_assets.graph.settings.choices import Eviction, Mode
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
    def policy(self) -> Eviction:
        """What leaves the cache; nothing in the published code, whatever the settings."""
        return self.eviction if self.rule == "corrected" else "none"

    def but(self, **changes: Any) -> Self:
        """A copy with other values, checked like the original; ``eviction_sec`` alone names its policy, too."""
        return super().but(**policy_named(changes))

    @classmethod
    def from_profile(cls, config: Mapping[str, Any], **overrides: Any) -> "CommentaryConfig":
        """Settings from an asset's config: ``{"commentary": {...}, "video": {...}, "blank_frames": ..., "seed": ...}``.

        Keys of the two sections may also stand flat in ``config``; ``overrides`` win.
        Raises UserError for a key that nothing reads, because a misspelt setting would change a score in silence.
        """
        parts = [config.get("video", {}), policy_named(config.get("commentary", {}))]
        flat = {key: value for key, value in config.items() if key not in ("commentary", "video")}
        merged: dict[str, Any] = {}
        for part in (*parts, policy_named(flat), policy_named(overrides)):
            merged |= part
        return cls.of({key: value for key, value in merged.items() if key not in _ELSEWHERE}, "commentary")
