"""Training with the real DeepSpeed engine on a tiny Qwen2-VL."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from livecc_assets.core.errors import UserError
from livecc_assets.models.qwen2_vl import load_model, load_processor
from livecc_assets.store.videos import own_path
from livecc_assets.training.config import TrainingConfig
from livecc_assets.training.data import Mixture, Source
from livecc_assets.training.sequence import IGNORED, SequenceOptions
from livecc_assets.training.trainer import train

REPOSITORY = Path(__file__).resolve().parents[2]


def settings(video_section, **more):
    base = {"global_batch": 2, "learning_rate": 5e-3, "max_steps": 6, "threads": 1, "log_every": 1, "save_every": 0}
    return base | {"video": video_section} | more


def losses(log):
    return [entry["loss"] for entry in log]


def state(folder):
    return {name: value.clone() for name, value in load_model(folder).state_dict().items()}


@pytest.fixture(scope="module")
def straight(tiny_folder, clip_rows, video_section, tmp_path_factory):
    """A run of six steps that nothing interrupts."""
    folder = tmp_path_factory.mktemp("straight")
    told = []
    config = TrainingConfig.from_mapping(settings(video_section))
    outcome = train(
        tiny_folder,
        [Source("live_cc", clip_rows, own_path)],
        config,
        folder,
        folder / "work",
        lambda *step: told.append(step),
    )
    return outcome, told, folder / "work" / "model"


def test_the_loss_falls_and_every_step_is_reported(straight):
    outcome, told, _ = straight
    assert losses(outcome.log)[-1] < losses(outcome.log)[0] - 0.5
    assert [step for step, _, _ in told] == [1, 2, 3, 4, 5, 6]
    assert all(set(m) == {"loss", "lr", "tokens_per_s", "grad_norm"} and total == 6 for _, total, m in told)
    assert [entry["lr"] for entry in outcome.log][:2] == [0.0, 5e-3]  # one step of warm-up, then the peak
    assert outcome.rejected == []
    assert outcome.facts["sequences"] == 12
    assert outcome.facts["spoken"] == outcome.facts["words"] > 100
    assert outcome.facts["dropped_previous"] == 0


def test_the_vision_tower_stays_as_it_was_and_the_rest_learns(straight, tiny_folder):
    _, _, model = straight
    before, after = state(tiny_folder), state(model)
    assert before.keys() == after.keys()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert not any("visual" in name for name in moved)
    assert moved >= {name for name in before if "layers" in name and name.endswith("weight")}


def test_the_checkpoint_is_a_model_folder_like_the_initial_one(straight, tiny_folder):
    outcome, _, model = straight
    names = {path.name for path in outcome.files}
    assert names == {
        "config.json", "model.safetensors", "generation_config.json", "tokenizer.json", "preprocessor_config.json",
        "training_log.jsonl",
    }  # fmt: skip
    assert load_processor(model) is not None
    assert (model / "tokenizer.json").read_bytes() == (tiny_folder / "tokenizer.json").read_bytes()
    log = [json.loads(line) for line in (model / "training_log.jsonl").read_text().splitlines()]
    assert log == outcome.log


def library_loss(folder, sequences, weighting):
    """The loss as the library computes it: all logits, its own positions, the vision tower in the same pass."""
    model = load_model(folder)
    sums, counts = [], []
    for s in sequences:
        with torch.no_grad():
            logits = model(
                input_ids=s.input_ids[None], pixel_values_videos=s.pixel_values_videos, video_grid_thw=s.video_grid_thw,
                mm_token_type_ids=s.mm_token_type_ids[None],
            ).logits[0]  # fmt: skip
        sums.append(torch.nn.functional.cross_entropy(logits[:-1], s.labels[1:], ignore_index=IGNORED, reduction="sum"))
        counts.append(int((s.labels[1:] != IGNORED).sum()))
    if weighting == "token":
        return float(sum(sums) / sum(counts))
    return float(sum(total / count for total, count in zip(sums, counts, strict=True)) / len(sums))


@pytest.mark.parametrize("weighting", ["sequence", "token"])
def test_the_loss_of_a_batch_is_the_librarys_under_both_weightings(
    tiny_folder, clip_rows, video_section, tmp_path, weighting
):
    rows = clip_rows[:2]  # one short, one long
    config = TrainingConfig.from_mapping(settings(video_section, max_steps=1, loss_weighting=weighting))
    outcome = train(tiny_folder, [Source("live_cc", rows, own_path)], config, tmp_path, tmp_path / "work")
    mixture = Mixture(
        [Source("live_cc", rows, own_path)], load_processor(tiny_folder), SequenceOptions(video=config.video)
    )
    sequences = [mixture.build(0), mixture.build(1)]
    expected = {kind: library_loss(tiny_folder, sequences, kind) for kind in ("sequence", "token")}
    assert outcome.log[0]["loss"] == pytest.approx(expected[weighting], abs=1e-5)
    assert abs(expected["sequence"] - expected["token"]) > 1e-4


def test_kept_features_change_no_loss(straight, tiny_folder, clip_rows, video_section, tmp_path):
    config = TrainingConfig.from_mapping(settings(video_section, cache_mb=0))
    outcome = train(tiny_folder, [Source("live_cc", clip_rows, own_path)], config, tmp_path, tmp_path / "work")
    assert losses(outcome.log) == pytest.approx(losses(straight[0].log), abs=1e-6)


def test_an_unfrozen_vision_tower_learns_too(tiny_folder, clip_rows, video_section, tmp_path):
    config = TrainingConfig.from_mapping(settings(video_section, freeze=[], max_steps=2, gradient_checkpointing=True))
    train(tiny_folder, [Source("live_cc", clip_rows, own_path)], config, tmp_path, tmp_path / "work")
    before, after = state(tiny_folder), state(tmp_path / "work" / "model")
    assert any("visual" in name and not torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("stage", [0, 1, 3])
def test_other_zero_stages_give_the_same_losses(straight, tiny_folder, clip_rows, video_section, tmp_path, stage):
    config = TrainingConfig.from_mapping(settings(video_section, zero_stage=stage))
    outcome = train(tiny_folder, [Source("live_cc", clip_rows, own_path)], config, tmp_path, tmp_path / "work")
    assert losses(outcome.log) == pytest.approx(losses(straight[0].log), abs=1e-4)
    trained, expected = state(tmp_path / "work" / "model"), state(straight[2])
    assert all(torch.allclose(trained[name], expected[name], atol=1e-3) for name in expected)


def test_half_precision_follows_full_precision(straight, tiny_folder, clip_rows, video_section, tmp_path):
    config = TrainingConfig.from_mapping(settings(video_section, dtype="bfloat16"))
    outcome = train(tiny_folder, [Source("live_cc", clip_rows, own_path)], config, tmp_path, tmp_path / "work")
    assert losses(outcome.log) == pytest.approx(losses(straight[0].log), abs=0.1)
    weights = load_file(tmp_path / "work" / "model" / "model.safetensors")
    assert {value.dtype for value in weights.values()} == {torch.bfloat16}


def test_blind_and_seeing_runs_differ_in_their_pixels_only(straight, tiny_folder, clip_rows, video_section, tmp_path):
    config = TrainingConfig.from_mapping(settings(video_section, blank_frames=True))
    blind = train(tiny_folder, [Source("live_cc", clip_rows, own_path)], config, tmp_path, tmp_path / "work")
    assert blind.facts["tokens"] == straight[0].facts["tokens"]
    assert losses(blind.log) != pytest.approx(losses(straight[0].log), abs=1e-6)


def test_a_module_that_is_not_there_cannot_be_frozen(tiny_folder, clip_rows, video_section, tmp_path):
    config = TrainingConfig.from_mapping(settings(video_section, freeze=["vision_tower"]))
    with pytest.raises(UserError, match="vision_tower"):
        train(tiny_folder, [Source("live_cc", clip_rows, own_path)], config, tmp_path, tmp_path / "work")


def process(tmp_path, name, launcher=(), **job):
    """Runs training_process.py; returns (exit status, its result or None, its output)."""
    job["out"] = str(tmp_path / f"{name}.out.json")
    (tmp_path / f"{name}.json").write_text(json.dumps(job))
    command = [
        sys.executable,
        *launcher,
        str(Path(__file__).with_name("training_process.py")),
        str(tmp_path / f"{name}.json"),
    ]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    for inherited in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT", "LOCAL_SIZE"):
        environment.pop(inherited, None)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    out = Path(job["out"])
    return done.returncode, json.loads(out.read_text()) if out.is_file() else None, done.stdout + done.stderr


@pytest.mark.live
def test_a_killed_run_resumes_from_its_last_complete_checkpoint_with_the_same_losses(
    straight, tiny_folder, clip_rows, video_section, tmp_path
):
    job = {
        "init": str(tiny_folder), "rows": clip_rows, "home": str(tmp_path), "work": str(tmp_path / "work"),
        "config": settings(video_section, save_every=2),
    }  # fmt: skip
    status, result, _ = process(tmp_path, "killed", kill_at=5, **job)
    assert status == -signal.SIGKILL
    assert result is None
    steps = tmp_path / "work" / "steps"
    assert [path.name for path in steps.glob("step-*")] == ["step-4"]
    # What a crash in the middle of the next save leaves behind must not be taken for a checkpoint.
    (steps / "step-6").mkdir()
    (steps / "latest").write_text("step-6")
    told = []
    config = TrainingConfig.from_mapping(job["config"])
    outcome = train(
        tiny_folder,
        [Source("live_cc", clip_rows, own_path)],
        config,
        tmp_path,
        tmp_path / "work",
        lambda *step: told.append(step[0]),
    )
    assert told == [5, 6]
    assert outcome.facts["resumed_at_step"] == 4
    assert losses(outcome.log) == pytest.approx(losses(straight[0].log), abs=1e-5)
    resumed, expected = state(tmp_path / "work" / "model"), state(straight[2])
    assert all(torch.allclose(resumed[name], expected[name], atol=1e-5) for name in expected)


def test_a_checkpoint_of_other_settings_is_not_continued(tiny_folder, clip_rows, video_section, tmp_path):
    source = [Source("live_cc", clip_rows, own_path)]
    for rate in (5e-3, 1e-3):
        config = TrainingConfig.from_mapping(settings(video_section, save_every=1, max_steps=2, learning_rate=rate))
        outcome = train(tiny_folder, source, config, tmp_path, tmp_path / "work")
        assert outcome.facts["resumed_at_step"] == 0


@pytest.mark.live
@pytest.mark.slow
def test_two_processes_under_torchrun_train_the_same_model(straight, tiny_folder, clip_rows, video_section, tmp_path):
    job = {
        "init": str(tiny_folder), "rows": clip_rows, "home": str(tmp_path), "work": str(tmp_path / "work"),
        "config": settings(video_section, save_every=2),
    }  # fmt: skip
    launcher = ("-m", "livecc_assets.training.torchrun", "--standalone", "--nproc-per-node", "2")
    status, result, output = process(tmp_path, "two", launcher, **job)
    assert status == 0, output[-3000:]
    assert result is not None
    assert result["facts"]["processes"] == 2
    assert losses(result["log"]) == pytest.approx(losses(straight[0].log), abs=1e-4)
