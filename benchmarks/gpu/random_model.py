"""A Qwen2-VL of random weights, made from its configuration alone: nothing is downloaded."""

from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from livecc_assets.commentary.engine import Engine
from livecc_assets.models.qwen2_vl import make_processor

SPECIALS = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"
)  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """Sizes of a model, and of the frames that it is shown in pixels."""

    text: dict[str, Any]
    vision: dict[str, Any]
    frame: tuple[int, int]


#: Qwen2-VL-7B, and frames of 14 x 26 tokens (method 3.2).
SEVEN_B = Shape(
    {
        "vocab_size": 152064, "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
        "num_attention_heads": 28, "num_key_value_heads": 4,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
    },
    {"depth": 32, "embed_dim": 1280, "hidden_size": 3584, "num_heads": 16, "mlp_ratio": 4},
    (392, 728),
)  # fmt: skip
SMALL = Shape(
    {
        "vocab_size": 500, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [2, 3, 3]},
    },
    {"depth": 2, "embed_dim": 32, "hidden_size": 64, "num_heads": 2, "mlp_ratio": 2},
    (56, 84),
)  # fmt: skip


def random_engine(shape: Shape, device: str) -> Engine:
    """The model on ``device``, bfloat16 except on a CPU, with a tokenizer of bytes."""
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({token: at for at, token in enumerate(letters)}, []))
    tokenizer.add_special_tokens(list(SPECIALS))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    ids = {f"{name}_token_id": tokenizer.token_to_id(f"<|{name}|>") for name in ("vision_start", "vision_end")}
    ids |= {f"{name}_token_id": tokenizer.token_to_id(f"<|{name}_pad|>") for name in ("image", "video")}
    text = shape.text | {"bos_token_id": None, "eos_token_id": tokenizer.token_to_id("<|im_end|>")}
    config = Qwen2VLConfig.from_dict({"text_config": text, "vision_config": shape.vision, **ids})
    usual = torch.get_default_dtype()
    torch.manual_seed(0)
    try:
        torch.set_default_dtype(torch.float32 if device == "cpu" else torch.bfloat16)
        with torch.device(device):
            model = Qwen2VLForConditionalGeneration(config).eval()
    finally:
        torch.set_default_dtype(usual)
    return Engine(model, make_processor(tokenizer))
