"""Qwen2-VL: folder to tokenizer, pixels and model, with torch and tokenizers only.

The library's own video processor needs torchvision, which has no CPU build in the registry; ``pixel_values`` is the same
arithmetic on uint8 frames (method 2.5; resizing is ``media.resize``'s task).
"""

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief
from livecc_assets.models.folder_check import KIND, checked, loading, using, whole
from livecc_assets.models.geometry import CLIP_MEAN, CLIP_STD, read_geometry
from livecc_assets.models.model_documents import REMEDY, read_object

#: Files that make a folder usable as a model; a checkpoint carries the ones its initial model had.
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
    "added_tokens.json",
    "special_tokens_map.json",
    "chat_template.json",
    "chat_template.jinja",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
    "processor_config.json",
)


@dataclass(frozen=True)
class Processor:
    """Tokenizer, the ids that the method needs (method 2.1), and the geometry of a patch.

    ``streaming_eos`` is the last id of ``" ..."``: the ellipsis that closes the words of a block. ``eos`` is ``<|im_end|>``.
    ``min_pixels``/``max_pixels`` bound an image (not a video frame). ``name`` is what errors call the model.
    """

    tokenizer: Tokenizer
    im_start: int
    im_end: int
    vision_start: int
    vision_end: int
    image_pad: int
    video_pad: int
    assistant: int
    streaming_eos: int
    patch_size: int = 14
    temporal_patch_size: int = 2
    merge_size: int = 2
    mean: tuple[float, float, float] = CLIP_MEAN
    std: tuple[float, float, float] = CLIP_STD
    rescale_factor: float = 1 / 255
    min_pixels: int = 4 * 784
    max_pixels: int = 16384 * 784
    name: str = "the tokenizer"

    @property
    def eos(self) -> int:
        """The id that ends an assistant turn."""
        return self.im_end

    @property
    def factor(self) -> int:
        """Pixels per side of one visual token (28 for Qwen2-VL): heights and widths are multiples of it."""
        return self.patch_size * self.merge_size

    def encode(self, text: str) -> list[int]:
        """Ids of ``text``; special tokens written in it become their ids, nothing is added around it. UserError where its rules
        fail at this text."""
        with using(self.name):
            return self.tokenizer.encode(text, add_special_tokens=False).ids

    def first(self, text: str) -> int:
        """The first id of ``text``. UserError where the tokenizer makes nothing of it."""
        ids = self.encode(text)
        if not ids:
            raise UserError(f"{brief(self.name)} reads {text!r} as no token; {REMEDY}")
        return ids[0]

    def decode(self, ids: list[int], skip_special_tokens: bool = True) -> str:
        """Text of ``ids``."""
        with using(self.name):
            return self.tokenizer.decode(ids, skip_special_tokens=skip_special_tokens)

    def tokens_of(self, grid: tuple[int, int, int]) -> int:
        """Number of visual tokens of a (t, h, w) patch grid."""
        return grid[0] * grid[1] * grid[2] // self.merge_size**2


def make_processor(tokenizer: Tokenizer, **geometry: Any) -> Processor:
    """A processor around ``tokenizer``; raises UserError if it lacks one of Qwen2-VL's special tokens."""
    names = {
        "im_start": "<|im_start|>",
        "im_end": "<|im_end|>",
        "vision_start": "<|vision_start|>",
        "vision_end": "<|vision_end|>",
        "image_pad": "<|image_pad|>",
        "video_pad": "<|video_pad|>",
    }
    ids = {}
    for name, token in names.items():
        token_id = tokenizer.token_to_id(token)
        if token_id is None:
            raise UserError(
                f"the tokenizer has no {token}: this is no Qwen2-VL model; name one, e.g. hub:Qwen/Qwen2-VL-7B"
            )
        ids[name] = token_id
    tokenizer.no_padding()
    tokenizer.no_truncation()
    for name, token in names.items():
        if tokenizer.encode(token, add_special_tokens=False).ids != [ids[name]]:
            raise UserError(f"the tokenizer reads {token} as other tokens than its own; {REMEDY}")
    ids["assistant"] = tokenizer.encode("assistant", add_special_tokens=False).ids[0]
    ids["streaming_eos"] = tokenizer.encode(" ...", add_special_tokens=False).ids[-1]
    return Processor(tokenizer=tokenizer, **ids, **geometry)


def read_config(folder: Path | str) -> dict[str, Any]:
    """``config.json`` of a model folder that was checked; UserError if it is not Qwen2-VL (others need other positions)."""
    path = Path(folder) / "config.json"
    if not path.is_file():
        raise UserError(
            f"{folder} has no config.json: it is not a model folder; give one with config.json and safetensors"
        )
    config = read_object(checked(folder) / path.name)
    if config.get("model_type") != KIND:
        kind = brief(repr(config.get("model_type")))
        raise UserError(f"{path} is of type {kind}; only {KIND} models can be used here")
    if not isinstance(config.get("vision_config") or {}, dict):
        raise UserError(f"{path}: vision_config is no object; {REMEDY}")
    return config


@lru_cache(maxsize=8)
def load_processor(folder: Path | str) -> Processor:
    """The processor of a model folder (``tokenizer.json``, ``preprocessor_config.json``, ``config.json``).

    Patch and merge sizes come from ``config.json`` (what the weights were built with); mean, standard deviation and image
    limits from the preprocessor's file. Raises UserError when a file is missing or unsound, or they disagree.
    """
    folder = Path(folder)
    config = read_config(folder)
    vision = config.get("vision_config") or {}
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise UserError(f"{folder} has no tokenizer.json: copy the one of Qwen/Qwen2-VL-7B-Instruct into it")
    geometry = read_geometry(folder, vision)
    with loading(path):
        tokenizer = Tokenizer.from_file(str(path))
        processor = make_processor(tokenizer, **geometry, name=str(folder))
        last = max(tokenizer.get_vocab().values())
    if last >= (embeddings := _embeddings(config)):
        raise UserError(
            f"{brief(path)} has the id {last}, but the model has embeddings for {embeddings:,} ids; {REMEDY}"
        )
    return processor


def _embeddings(config: dict[str, Any]) -> int:
    """Ids that the model knows, as far as its configuration says; those of the smallest Qwen2-VL where it does not."""
    text = config.get("text_config")
    found = (text if isinstance(text, dict) else {}).get("vocab_size") or config.get("vocab_size")
    return int(found) if isinstance(found, int | float) else 151_936


def pixel_values(frames: torch.Tensor, processor: Processor) -> tuple[torch.Tensor, tuple[int, int, int]]:
    """Normalised patches of uint8 frames [T, 3, H, W]: (float32 [N, 1176], grid (t, h, w) in patches).

    Height and width must be multiples of ``processor.factor``; an odd last frame is repeated. One image is a T of 1.
    Bit-identical to the library's video processor without its resize: mean and deviation are scaled to 0..255 first.
    """
    count, channels, height, width = frames.shape
    if frames.dtype != torch.uint8:
        raise TypeError(f"frames must be uint8, not {frames.dtype}")
    if height % processor.factor or width % processor.factor:
        raise ValueError(f"{height}x{width} is not a multiple of {processor.factor}: resize first")
    depth, patch, merge = processor.temporal_patch_size, processor.patch_size, processor.merge_size
    if missing := -count % depth:
        frames = torch.cat([frames, frames[-1:].expand(missing, -1, -1, -1)])
    scale = 1.0 / processor.rescale_factor
    mean = (torch.tensor(processor.mean) * scale).view(-1, 1, 1)
    std = (torch.tensor(processor.std) * scale).view(-1, 1, 1)
    values = frames.to(torch.float32).sub_(mean).div_(std)
    grid = (len(frames) // depth, height // patch, width // patch)
    # Rows go merge block by merge block, so that four neighbouring rows become one visual token.
    blocks = values.view(grid[0], depth, channels, grid[1] // merge, merge, patch, grid[2] // merge, merge, patch)
    rows = blocks.permute(0, 3, 6, 4, 7, 2, 1, 5, 8)
    return rows.reshape(grid[0] * grid[1] * grid[2], channels * depth * patch * patch), grid


def attention_for(device: str, dtype: torch.dtype) -> str:
    """Attention implementation: FlashAttention 2 where it is installed and usable, else PyTorch's own fused one."""
    usable = device.startswith("cuda") and dtype in (torch.bfloat16, torch.float16)
    return "flash_attention_2" if usable and importlib.util.find_spec("flash_attn") else "sdpa"


def load_model(folder: Path | str, device: str = "cpu", dtype: torch.dtype | str | None = None) -> Any:
    """``Qwen2VLForConditionalGeneration`` from a local folder of safetensors, in eval mode on ``device``.

    ``dtype`` defaults to float32 on a CPU and bfloat16 elsewhere. Never reads the network and never unpickles weights.
    """
    from transformers import Qwen2VLForConditionalGeneration
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # its bar over the weights would break into the step's own progress line
    read_config(folder)
    if isinstance(dtype, str):
        dtype = getattr(torch, dtype)
    chosen: torch.dtype = dtype or (torch.float32 if device == "cpu" else torch.bfloat16)  # type: ignore[assignment]
    with loading(folder):
        try:
            loaded: Any = Qwen2VLForConditionalGeneration.from_pretrained(
                str(folder),
                dtype=chosen,
                attn_implementation=attention_for(device, chosen),
                local_files_only=True,
                use_safetensors=True,
                output_loading_info=True,
            )
        except OSError as error:
            raise UserError(f"{folder} holds no usable safetensors weights: {brief(error)}; {REMEDY}") from error
    model, about = loaded
    whole(about["missing_keys"], folder)
    return model.to(torch.device(device)).eval()  # type: ignore[arg-type]
