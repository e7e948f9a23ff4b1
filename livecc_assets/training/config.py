"""What a training is given: a stage's hyper-parameters (method 2.7), and what the graph adds to them."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from livecc_assets.graph.settings.experiment import Training
from livecc_assets.graph.settings.video import Video
from livecc_assets.training.sequence import SequenceOptions


class TrainingConfig(Training):
    """One stage of an experiment file with the profile's ``video`` section.

    ``init_model`` is a model reference; empty where the stage before gives the model. ``train`` false carries the initial
    model on.
    """

    init_model: str = Field(default="", description="The model to start from, as a model reference.")
    train: bool = Field(default=True, description="False carries the initial model on.")
    video: Video = Field(default_factory=Video, description="How frames are sampled and sized.")

    @classmethod
    def from_mapping(cls, config: Mapping[str, Any]) -> "TrainingConfig":
        """From the config of a checkpoint's asset; UserError names what is wrong."""
        return cls.of(config, "training")

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
