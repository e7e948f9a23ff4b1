"""Hyper-parameters: what a stage's settings mean, and what a mistake says."""

import json

import pytest
import torch
import yaml

from livecc_assets.core.errors import UserError
from livecc_assets.training.config import TrainingConfig
from livecc_assets.training.context import CONTEXT_MODES, clip_context, newest_words
from livecc_assets.training.engine import deepspeed_config, schedule
from livecc_assets.training.trainer import accumulation_steps, step_count


def test_defaults_are_the_papers():
    config = TrainingConfig()
    assert (config.learning_rate, config.global_batch) == (2e-5, 512)
    assert (config.warmup_ratio, config.weight_decay) == (0.03, 0.0)
    assert (config.betas, config.epsilon, config.clip_norm, config.seed) == ((0.9, 0.999), 1e-8, 1.0, 42)
    assert (config.freeze, config.zero_stage) == (("visual",), 2)
    assert (config.context, config.paradigm) == ("title_or_previous", "streaming")


def test_numbers_that_yaml_reads_as_text_are_numbers():
    assert TrainingConfig.from_mapping(yaml.safe_load("learning_rate: 2e-5")).learning_rate == 2e-5


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"learning_rte": 1}, "learning_rte"), ({"context": "titel"}, "titel"), ({"zero_stage": 4}, "zero_stage"),
        ({"global_batch": 0}, "global_batch"), ({"learning_rate": "fast"}, "learning_rate"), ({"dtype": "int8"}, "dtype"),
        ({"max_steps": 0}, "max_steps"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(settings, named):
    with pytest.raises(UserError, match=named):
        TrainingConfig.from_mapping(settings)


def test_the_schedule_is_the_librarys_cosine_with_warmup():
    from transformers import get_cosine_schedule_with_warmup

    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW([parameter], lr=1.0)
    library = get_cosine_schedule_with_warmup(optimizer, 3, 100)
    for step in range(100):
        assert schedule(step, 100, 0.03) == pytest.approx(library.get_last_lr()[0], abs=1e-12)
        optimizer.step()
        library.step()
    assert schedule(9858, 9858, 0.03) == pytest.approx(0.0, abs=1e-9)


def test_live_cc_5m_takes_the_published_number_of_steps():
    assert step_count(TrainingConfig(), 5_047_208) == 9858
    assert step_count(TrainingConfig(max_steps=7), 5_047_208) == 7
    assert accumulation_steps(TrainingConfig(), 8) == 64
    assert accumulation_steps(TrainingConfig(), 128) == 4
    with pytest.raises(UserError, match="global_batch"):
        accumulation_steps(TrainingConfig(), 3)


def test_deepspeed_is_configured_as_published():
    config = deepspeed_config(TrainingConfig(dtype="bfloat16"), 64)
    assert config["zero_optimization"] == {
        "stage": 2, "allgather_partitions": True, "allgather_bucket_size": 500_000_000, "reduce_bucket_size": 500_000_000,
        "overlap_comm": False, "reduce_scatter": True, "contiguous_gradients": True,
    }  # fmt: skip
    assert config["communication_data_type"] == "fp32"
    assert config["bf16"] == {"enabled": True}
    assert config["gradient_accumulation_steps"] == 64
    json.dumps(config)


@pytest.mark.parametrize(
    ("mode", "previous", "text"),
    [
        ("title_or_previous", "said before", "said before"), ("title_or_previous", "", "T"), ("none", "said before", ""),
        ("title", "said before", "T"), ("previous", "said before", "said before"), ("previous", "", ""),
        ("title_and_previous", "said before", "T\nsaid before"),
    ],
)  # fmt: skip
def test_context_modes_are_the_rows_of_the_ablation(mode, previous, text):
    assert clip_context(mode, "T", previous).text == text


def test_long_previous_speech_keeps_its_newest_words_and_counts_the_rest():
    context = clip_context("previous", "T", "a b c d e", max_previous_words=2)
    assert (context.text, context.dropped_words) == ("d e", 3)
    assert newest_words("a  b", 2) == ("a  b", 0)
    assert newest_words("a  b", None) == ("a  b", 0)
    assert len(CONTEXT_MODES) == 5
    with pytest.raises(ValueError, match="context"):
        clip_context("titles", "T")  # type: ignore[arg-type]
