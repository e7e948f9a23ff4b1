"""Settings of a commentary run: what the profile's ``commentary`` and ``video`` sections say, checked once."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from livecc_assets.core.errors import UserError
from livecc_assets.core.rules import Rule

Mode = Literal["streaming", "evaluation"]
Positions = Literal["train-consistent", "released"]

#: Keys of the profile's sections that other modules read (where the model runs, how many clips run side by side).
_ELSEWHERE = frozenset({"device", "dtype", "batch_size", "instruct", "model", "name", "threads"})
_CHOICES = {
    "mode": ("streaming", "evaluation"),
    "positions": ("train-consistent", "released"),
    "rule": ("released", "corrected"),
}


@dataclass(frozen=True)
class CommentaryConfig:
    """How a stream is cut, sized, generated and remembered (spec 3.1 to 3.6).

    ``rule`` decides what the published code gets wrong: the reach of the repetition penalty, the token lost
    on a length stop, the sampler of evaluation mode, and eviction (which the published code does not have).
    ``positions`` is a switch of its own, because published checkpoints may be compared under either.
    Pixel numbers are H*W of one frame, except ``total_pixels`` (the whole clip, in pairs of frames).
    """

    mode: Mode = "streaming"
    rule: Rule = "corrected"
    positions: Positions = "train-consistent"
    max_new_tokens: int = 16
    repetition_penalty: float = 1.05
    penalty_window: int = 64
    """Generated words' tokens that the corrected penalty looks back on."""
    eos_base: float | None = None
    """Base threshold for the streaming end token; None leaves the logits alone."""
    eos_step: float = 0.0
    eviction_sec: float | None = 240.0
    max_text_tokens: int = 8192
    """Most text tokens that an eviction carries over (the paper's language budget, spec 2.5)."""
    sample: bool = False
    temperature: float = 1.0
    top_k: int = 50
    top_p: float = 1.0
    seed: int = 0
    blank_frames: bool = False
    skip_silent: bool = False
    fps: float = 2.0
    max_frames: int = 480
    min_pixels: int = 100 * 784
    frame_pixels: int = 768 * 784
    total_pixels: int = 24576 * 784
    stream_max_pixels: int = 384 * 784

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise UserError(f"commentary.{name} is {getattr(self, name)!r}: use one of {', '.join(allowed)}")
        for name in ("max_new_tokens", "fps", "temperature", "repetition_penalty", "max_text_tokens"):
            if not getattr(self, name) > 0:
                raise UserError(f"commentary.{name} is {getattr(self, name)!r}: it must be greater than 0")

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
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(merged) - known - _ELSEWHERE)
        if unknown:
            raise UserError(
                f"commentary settings hold an unknown key {unknown[0]!r}: known are {', '.join(sorted(known))}"
            )
        return cls(**{key: value for key, value in merged.items() if key in known})
