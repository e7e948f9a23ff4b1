"""The experiment: which training sets, and how both stages are trained (method 2.7)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from livecc_assets.core.rules import Rule
from livecc_assets.graph.settings.benchmark import ExperimentCommentary
from livecc_assets.graph.settings.choices import ContextMode, LossWeighting, Paradigm, WordAssignment
from livecc_assets.graph.settings.fields import (
    Device,
    Empty,
    Model,
    Names,
    NoneListed,
    NoTruthValue,
    Real,
    Section,
    Share,
    Whole,
)

_Beta = Annotated[Real, Field(ge=0, lt=1)]


class Training(Section):
    """Hyper-parameters of a stage. Defaults are the paper's where the paper has one."""

    context: ContextMode = Field(
        default="title_or_previous", description="What the model is told before the first word."
    )
    paradigm: Paradigm = Field(default="streaming", description="Clips as streams, as one caption, or as both.")
    blank_frames: bool = Field(
        default=False, description="Blank every frame, to measure what the words alone can tell."
    )
    word_assignment: WordAssignment = Field(default="frame_end", description="Where a word that is being said belongs.")
    max_previous_words: Whole | None = Field(
        default=None, ge=0, description="Newest previous words that are kept; null: all."
    )
    rule: Rule = Field(default="corrected", description="Whether the published code's defects are reproduced.")
    learning_rate: Real = Field(default=2e-5, gt=0, description="Highest learning rate.")
    epochs: Real = Field(default=1.0, gt=0, description="Passes over the data.")
    max_steps: Whole | None = Field(
        default=None, ge=1, description="Optimiser steps in place of `epochs`; null: by epochs."
    )
    global_batch: Whole = Field(default=512, ge=1, description="Sequences of an optimiser step, over all processes.")
    loss_weighting: LossWeighting = Field(default="sequence", description="Mean over sequences, or over learnt tokens.")
    warmup_ratio: Share = Field(default=0.03, description="Share of the steps in which the learning rate rises.")
    weight_decay: Real = Field(default=0.0, ge=0, description="Weight decay of AdamW.")
    betas: tuple[_Beta, _Beta] = Field(default=(0.9, 0.999), description="Decay rates of AdamW's moments.")
    epsilon: Real = Field(default=1e-8, gt=0, description="AdamW's epsilon.")
    clip_norm: Real = Field(default=1.0, ge=0, description="Largest gradient norm; 0: no clipping.")
    seed: Whole = Field(default=42, ge=0, description="Seed of shuffling and dropout.")
    dtype: Literal["float32", "bfloat16"] = Field(default="float32", description="Number format of the training.")
    device: Device = Field(default="cpu", description="Where the training runs.")
    zero_stage: Annotated[Literal[0, 1, 2, 3], NoTruthValue] = Field(default=2, description="DeepSpeed's ZeRO stage.")
    threads: Whole | None = Field(default=None, ge=1, description="CPU threads; null: PyTorch's own number.")
    freeze: tuple[str, ...] = Field(default=("visual",), description="Modules that stay as they are.")
    gradient_checkpointing: bool = Field(default=False, description="Recompute activations to save memory.")
    log_every: Whole = Field(default=10, ge=1, description="Steps between two lines of the log.")
    save_every: Whole = Field(default=1000, ge=0, description="Steps between two resumable checkpoints; 0: none.")
    num_workers: Whole = Field(default=1, ge=1, description="Threads that read clips ahead.")
    cache_mb: Whole = Field(
        default=512, ge=0, description="Most MiB of features that are kept between epochs; 0: none."
    )
    error_limit: Share = Field(default=0.05, description="Share of unusable rows above which the training fails.")


class PreTraining(Training):
    """Stage 1, streaming pre-training. Without a training set the model is carried on as it is."""

    init_model: Model = Field(description="The model to start from, as a model reference.")


class Experiment(Section):
    """An experiment file."""

    profile: str | None = Field(default=None, description="Name of the profile that it belongs to; null: any.")
    description: str = Field(default="", description="What it is for, in a sentence.")
    live_cc: str | None = Field(
        default=None, description="Selection whose Live-CC set stage 1 trains on; null: no stage 1."
    )
    live_whisperx: str | None = Field(
        default=None, description="Selection whose Live-WhisperX set stage 2 trains on; null: no stage 2."
    )
    instructions: Annotated[Names, NoneListed] = Field(
        default_factory=list, description="Sources of general instructions that stage 2 mixes in."
    )
    instruct: bool = Field(
        default=False,
        description="Without a stage 2 here: the initial model was already tuned, so it is asked with a query.",
    )
    rules: Rule | None = Field(
        default=None,
        description="Whether its commentary, judge and scores keep the published code's defects; null: as the profile says.",
    )
    stage1: PreTraining = Field(description="Streaming pre-training.")
    stage2: Annotated[Training, Empty] = Field(default_factory=Training, description="Supervised fine-tuning.")
    commentary: Annotated[ExperimentCommentary, Empty] = Field(
        default_factory=ExperimentCommentary, description="What its commentary does otherwise than the profile's."
    )

    @property
    def blank_frames(self) -> bool:
        """Whether its models were trained blind; they are then run blind, too. The last stage that the file names says so."""
        last = self.stage2 if "stage2" in self.model_fields_set and self.stage2.model_fields_set else self.stage1
        return last.blank_frames

    @model_validator(mode="after")
    def _instructions_are_read(self) -> Self:
        if self.instructions and not self.live_whisperx:
            raise ValueError("instructions are mixed into stage 2 only; name a live_whisperx selection, or remove them")
        return self
