"""The processor and the loader of Qwen2-VL folders."""

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from livecc_assets.core.errors import UserError
from livecc_assets.models.qwen2_vl import attention_for, load_model, load_processor, pixel_values

_spec = importlib.util.spec_from_file_location(
    "training_fixtures", Path(__file__).parents[1] / "training" / "conftest.py"
)
assert _spec is not None
assert _spec.loader is not None
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return _fixtures.write_tiny_model(tmp_path_factory.mktemp("tiny") / "model")


def noise(count, height, width):
    generator = torch.Generator().manual_seed(count)
    return torch.randint(0, 256, (count, 3, height, width), dtype=torch.uint8, generator=generator)


def test_patches_are_the_librarys_for_images(folder):
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    library = Qwen2VLImageProcessorPil()
    for height, width in ((56, 84), (280, 476), (112, 112)):
        image = noise(1, height, width)
        expected = library(image[0].permute(1, 2, 0).numpy(), return_tensors="pt", input_data_format="channels_last")
        values, grid = pixel_values(image, load_processor(folder))
        assert list(grid) == expected["image_grid_thw"][0].tolist()
        assert values.shape == expected["pixel_values"].shape
        assert torch.allclose(values, expected["pixel_values"], atol=2e-6)


def test_every_pixel_of_a_video_lands_where_the_model_looks_for_it(folder):
    """Against the definition: row = frame pair, merge block, place in the block; column = colour, frame, y, x."""
    processor, frames = load_processor(folder), noise(4, 56, 84)
    values, grid = pixel_values(frames, processor)
    assert grid == (2, 4, 6)
    patches = values.view(2, 2, 3, 2, 2, 3, 2, 14, 14)
    rng = np.random.default_rng(0)
    for _ in range(300):
        pair, row, column, y, x, inner = (int(rng.integers(n)) for n in (2, 4, 6, 14, 14, 2))
        for colour in range(3):
            raw = float(frames[2 * pair + inner, colour, 14 * row + y, 14 * column + x])
            expected = (raw / 255 - processor.mean[colour]) / processor.std[colour]
            found = patches[pair, row // 2, column // 2, row % 2, column % 2, colour, inner, y, x]
            assert float(found) == pytest.approx(expected, abs=1e-5)


def test_an_odd_last_frame_is_shown_twice(folder):
    processor, frames = load_processor(folder), noise(3, 28, 28)
    odd, grid = pixel_values(frames, processor)
    even, _ = pixel_values(torch.cat([frames, frames[-1:]]), processor)
    assert grid == (2, 2, 2)
    assert torch.equal(odd, even)


def test_frames_of_a_wrong_size_or_kind_are_refused(folder):
    processor = load_processor(folder)
    with pytest.raises(ValueError, match="multiple of 28"):
        pixel_values(noise(2, 30, 28), processor)
    with pytest.raises(TypeError, match="uint8"):
        pixel_values(noise(2, 28, 28).float(), processor)


def test_ids_come_from_the_folders_own_tokenizer(folder):
    processor = load_processor(folder)
    assert processor.decode([processor.im_start], skip_special_tokens=False) == "<|im_start|>"
    assert processor.decode([processor.streaming_eos]).endswith(".")
    assert processor.encode("<|im_end|>") == [processor.im_end]
    assert processor.eos == processor.im_end
    assert processor.factor == 28
    assert processor.tokens_of((3, 4, 6)) == 18
    text = "red passes to blue ... café\n"
    assert processor.decode(processor.encode(text)) == text


@pytest.fixture
def copy(folder, tmp_path):
    return Path(shutil.copytree(folder, tmp_path / "model"))


def test_geometry_comes_from_the_folder(copy):
    path = copy / "preprocessor_config.json"
    path.write_text(
        json.dumps(json.loads(path.read_text()) | {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]})
    )
    processor = load_processor(copy)
    values, _ = pixel_values(torch.full((2, 3, 28, 28), 255, dtype=torch.uint8), processor)
    assert values.unique().tolist() == [1.0]
    assert (processor.min_pixels, processor.max_pixels) == (3136, 50176)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "preprocessor_config.json"])
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(UserError, match=name):
        load_processor(copy)


def test_another_family_of_models_is_refused(copy):
    (copy / "config.json").write_text('{"model_type": "qwen2_5_vl"}')
    with pytest.raises(UserError, match="qwen2_5_vl"):
        load_processor(copy)
    with pytest.raises(UserError, match="qwen2_5_vl"):
        load_model(copy)


def test_a_preprocessor_of_another_model_is_refused(copy):
    (copy / "preprocessor_config.json").write_text('{"patch_size": 16}')
    with pytest.raises(UserError, match="patch_size"):
        load_processor(copy)


def test_a_tokenizer_without_vision_tokens_is_refused(copy):
    data = json.loads((copy / "tokenizer.json").read_text())
    data["added_tokens"] = [token for token in data["added_tokens"] if "video" not in token["content"]]
    (copy / "tokenizer.json").write_text(json.dumps(data))
    with pytest.raises(UserError, match="video_pad"):
        load_processor(copy)


def test_weights_are_loaded_from_safetensors_only(folder, copy):
    model = load_model(folder)
    assert next(model.parameters()).dtype == torch.float32
    assert not model.training
    assert next(load_model(folder, dtype="bfloat16").parameters()).dtype == torch.bfloat16
    torch.save(model.state_dict(), copy / "pytorch_model.bin")
    (copy / "model.safetensors").unlink()
    with pytest.raises(UserError, match="safetensors"):
        load_model(copy)


def test_attention_follows_the_device():
    assert attention_for("cpu", torch.bfloat16) == "sdpa"
    assert attention_for("cuda", torch.float32) == "sdpa"
