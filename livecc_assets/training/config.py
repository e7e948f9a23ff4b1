"""Hyper-parameters of a training stage (spec section 2.7)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from livecc_assets.core.errors import UserError
from livecc_assets.core.rules import Rule
from livecc_assets.training.context import CONTEXT_MODES, ContextMode
from livecc_assets.training.interleave import WordAssignment
from livecc_assets.training.reading import VideoSettings
from livecc_assets.training.sequence import Paradigm, SequenceOptions

#: ``sequence``: the mean over sequences of each one's token mean (published: a short clip weighs as much as a long one).
#: ``token``: the mean over all learnt tokens of the global batch.
LossWeighting = Literal["sequence", "token"]


@dataclass(frozen=True)
class TrainingConfig:
    """One stage of an experiment file. Defaults are the paper's where the paper has one.

    ``init_model`` is a model reference. ``max_steps`` overrides ``epochs``. ``global_batch`` sequences make an optimiser step,
    one a micro batch. ``freeze`` names modules that stay as they are. ``cache_mb`` bounds what is kept of clips between
    epochs. ``save_every`` steps a resumable checkpoint is written (0: none). ``train`` false carries the initial model on.
    """

    init_model: str = ""
    train: bool = True
    context: ContextMode = "title_or_previous"
    paradigm: Paradigm = "streaming"
    blank_frames: bool = False
    word_assignment: WordAssignment = "frame_end"
    max_previous_words: int | None = None
    rule: Rule = "corrected"
    learning_rate: float = 2e-5
    epochs: float = 1.0
    max_steps: int | None = None
    global_batch: int = 512
    loss_weighting: LossWeighting = "sequence"
    warmup_ratio: float = 0.03
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    clip_norm: float = 1.0
    seed: int = 42
    dtype: str = "float32"
    device: str = "cpu"
    zero_stage: int = 2
    threads: int | None = None
    freeze: tuple[str, ...] = ("visual",)
    gradient_checkpointing: bool = False
    log_every: int = 10
    save_every: int = 1000
    num_workers: int = 1
    cache_mb: int = 512
    error_limit: float = 0.05
    video: VideoSettings = field(default_factory=VideoSettings)

    @classmethod
    def from_mapping(cls, config: Mapping[str, Any]) -> "TrainingConfig":
        """From a stage of an experiment file with the profile's ``video`` section; UserError names what is wrong."""
        known = {item.name for item in fields(cls)}
        if unknown := sorted(set(config) - known):
            raise UserError(f"training has no setting {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        values = {key: value for key, value in config.items() if key != "video"}
        for key in ("betas", "freeze"):
            if key in values:
                values[key] = tuple(values[key])
        for key in ("learning_rate", "epochs", "warmup_ratio", "weight_decay", "epsilon", "clip_norm", "error_limit"):
            if key in values:
                values[key] = _number(key, values[key])
        made = cls(**values, video=VideoSettings.from_section(config.get("video")))
        made._check()
        return made

    def _check(self) -> None:
        choices = {
            "context": CONTEXT_MODES,
            "paradigm": get_args(Paradigm),
            "word_assignment": get_args(WordAssignment),
            "rule": get_args(Rule),
            "loss_weighting": get_args(LossWeighting),
            "dtype": ("float32", "bfloat16"),
            "zero_stage": (0, 1, 2, 3),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise UserError(
                    f"training: {name} is {getattr(self, name)!r}; choose one of {', '.join(map(str, allowed))}"
                )
        for name in ("learning_rate", "epochs", "global_batch", "num_workers", "log_every"):
            if getattr(self, name) <= 0:
                raise UserError(f"training: {name} must be above 0, not {getattr(self, name)}")
        if self.max_steps is not None and self.max_steps < 1:
            raise UserError(f"training: max_steps must be above 0, not {self.max_steps}; remove it to train by epochs")

    @property
    def sequence_options(self) -> SequenceOptions:
        """What decides how a row becomes a sequence."""
        return SequenceOptions(
            self.context,
            self.paradigm,
            self.blank_frames,
            self.max_previous_words,
            self.rule,
            self.word_assignment,
            self.video,
        )


def _number(name: str, value: Any) -> float:
    """YAML reads 2e-5 as text."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UserError(f"training: {name} must be a number, not {value!r}") from None
