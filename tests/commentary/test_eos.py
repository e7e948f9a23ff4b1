"""The ellipsis threshold against the published processor, and the choice of a token around it."""

import json
import math
from pathlib import Path

import pytest
import torch

from livecc_assets.commentary.eos import EosThreshold
from livecc_assets.commentary.picking import penalise, pick, sample


def _tensor(rows: list[list[float | str]]) -> torch.Tensor:
    return torch.tensor([[float(value) for value in row] for row in rows], dtype=torch.float32)


def test_threshold_equals_the_published_processor_on_every_golden_step(golden: Path) -> None:
    cases = json.loads((golden / "eos_threshold.json").read_text())["cases"]
    steps = 0
    for case in cases:
        processor = EosThreshold(case["token_id"], case["base_threshold"], case["threshold_step"])
        for step in case["steps"]:
            assert processor.count == step["count"], case["id"]
            before = _tensor(step["scores"])
            after = processor(before.clone())
            low = [row for row in range(len(after)) if after[row, case["token_id"]] == -math.inf]
            assert low == step["suppressed_rows"], (case["id"], step["count"])
            same = torch.ones(after.shape[1], dtype=torch.bool)
            same[case["token_id"]] = False
            assert torch.equal(before[:, same], after[:, same])
            changed = [row for row in range(len(after)) if not torch.equal(before[row], after[row])]
            assert changed == step["changed_rows"], (case["id"], step["count"])
            steps += 1
        assert processor.count == case["final_count"]
    assert steps > 50, "the golden file must not be empty"


def test_threshold_compares_in_float32() -> None:
    # Softmax of two equal logits is exactly one half; the double just below it rounds to the same float32.
    processor = EosThreshold(0, math.nextafter(0.5, 0.0))
    assert processor(torch.zeros(1, 2))[0, 0] == -math.inf


def test_threshold_edits_in_place_and_takes_a_single_row() -> None:
    scores = torch.tensor([0.0, 5.0])
    assert EosThreshold(0, 0.5)(scores) is scores
    assert scores.tolist() == [-math.inf, 5.0]


def test_repetition_penalty_pushes_down_on_both_sides_of_zero() -> None:
    scores = torch.tensor([2.0, -2.0, 3.0])
    assert penalise(scores, [0, 1, 1], 2.0).tolist() == [1.0, -4.0, 3.0]
    assert penalise(torch.tensor([2.0, -2.0, 3.0]), [0, 1], 0.5).tolist() == [4.0, -1.0, 3.0], "a reward"


def test_penalty_runs_before_the_threshold() -> None:
    # Without the penalty the ellipsis (0) has probability 0.5, above the threshold; with it 0.27, below.
    assert pick(torch.tensor([2.0, 2.0]), [], 2.0, EosThreshold(0, 0.4), None) == 0
    assert pick(torch.tensor([2.0, 2.0]), [0], 2.0, EosThreshold(0, 0.4), None) == 1


def test_sampling_follows_its_generator_and_its_cuts() -> None:
    scores = torch.tensor([3.0, 2.9, 2.8, -1.0, -1.1])

    def draws(seed: int, top_k: int, top_p: float) -> list[int]:
        generator = torch.Generator().manual_seed(seed)
        return [sample(scores, generator, 1.0, top_k, top_p) for _ in range(60)]

    assert draws(1, 0, 1.0) == draws(1, 0, 1.0) != draws(2, 0, 1.0)
    assert set(draws(1, 2, 1.0)) == {0, 1}
    assert set(draws(1, 0, 0.3)) == {0}, "the first token alone reaches a mass of 0.3"
    assert set(draws(1, 0, 0.5)) == {0, 1}


@pytest.mark.parametrize("temperature", [0.05, 20.0])
def test_temperature_sharpens_or_flattens(temperature: float) -> None:
    scores = torch.tensor([1.0, 0.0, 0.0, 0.0])
    generator = torch.Generator().manual_seed(0)
    firsts = sum(sample(scores, generator, temperature, 0, 1.0) == 0 for _ in range(200))
    assert (firsts == 200) if temperature < 1 else (20 < firsts < 100)
