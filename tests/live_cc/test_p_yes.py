"""The paper's scorer: what Qwen2-VL is shown and how its answer becomes a probability."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from livecc_assets.core.rules import Rule
from livecc_assets.live_cc.p_yes import QUESTION, PYes
from livecc_assets.models.reference import resolve


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny base that ships with the package: untaught in this question, but with every part of the real model."""
    return resolve("embedded:tiny-qwen2-vl", tmp_path_factory.mktemp("home"))


def _scorer(folder: Path, rule: Rule) -> PYes:
    return PYes.load(str(folder), folder, rule, device="cpu")


def _frames(seed: int, height: int = 120, width: int = 214) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (8, height, width, 3), dtype=np.uint8)


def test_released_squashes_landscape_into_portrait_and_corrected_keeps_its_shape(folder: Path):
    assert _scorer(folder, "released").size(720, 1280) == (308, 168)
    assert _scorer(folder, "corrected").size(720, 1280) == (168, 308)
    assert _scorer(folder, "corrected").size(1280, 720) == (308, 168)


@pytest.mark.parametrize("rule", ["released", "corrected"])
def test_scores_are_probabilities_that_follow_the_pictures(folder: Path, rule: Rule):
    scorer = _scorer(folder, rule)
    first, again, other = scorer(_frames(1)), scorer(_frames(1)), scorer(np.zeros((8, 120, 214, 3), np.uint8))
    assert 0 < first < 1
    assert first == again
    assert first != pytest.approx(other, rel=1e-6)


def test_the_model_sees_eight_images_of_66_tokens_and_the_question(folder: Path):
    scorer, asked = _scorer(folder, "released"), {}
    real = scorer.model

    def spy(**inputs):
        asked.update(inputs)
        return real(**inputs)

    scorer.model = spy
    spy.device, spy.dtype = real.device, real.dtype  # type: ignore[attr-defined]
    scorer(_frames(1))
    ids = asked["input_ids"][0].tolist()
    assert ids.count(scorer.processor.image_pad) == 8 * 66
    assert asked["image_grid_thw"].tolist() == [[1, 22, 12]] * 8
    assert asked["pixel_values"].shape == (8 * 264, 1176)
    assert int(asked["mm_token_type_ids"].sum()) == 8 * 66
    text = scorer.processor.decode([token for token in ids if token != scorer.processor.image_pad], False)
    assert text.endswith(f"{QUESTION}<|im_end|>\n<|im_start|>assistant\n")
    assert text.startswith(
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|>"
    )


def test_released_takes_the_whole_vocabulary_and_corrected_only_yes_and_no(folder: Path):
    logits = torch.zeros(1, 1, 1000)
    for rule, expected in (("released", 1 / 1000), ("corrected", 0.5)):
        scorer = _scorer(folder, rule)  # type: ignore[arg-type]
        model = lambda **inputs: SimpleNamespace(logits=logits)  # noqa: E731
        model.device, model.dtype = torch.device("cpu"), torch.float32  # type: ignore[attr-defined]
        scorer.model = model
        assert scorer(_frames(1)) == pytest.approx(expected)
