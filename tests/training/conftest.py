"""Tokenizers and tiny models for the training tests."""

import base64
import importlib.util
import json
from pathlib import Path

import pytest

SPECIAL = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
]  # fmt: skip
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_level(model):
    """A tokenizer with Qwen2's normalisation, splitting and byte alphabet around a BPE model."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers

    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, [AddedToken(text, special=True, normalized=False) for text in SPECIAL]


def byte_alphabet():
    """The printable character that byte-level BPE writes for each byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {byte: chr(byte) for byte in plain}
    for count, byte in enumerate(b for b in range(256) if b not in table):
        table[byte] = chr(256 + count)
    return table


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes most of a minute on two cores")


@pytest.fixture(scope="session")
def qwen_tokenizer():
    """Qwen2's own tokenizer, rebuilt from the ranks in the dashscope package."""
    from tokenizers.models import BPE

    spec = importlib.util.find_spec("dashscope")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("dashscope is not installed (make install): it holds Qwen's vocabulary")
    lines = (Path(spec.submodule_search_locations[0]) / "resources" / "qwen.tiktoken").read_bytes().splitlines()
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines)}
    alphabet = byte_alphabet()
    written = {token: "".join(alphabet[byte] for byte in token) for token in ranks}
    merges = []
    for token, rank in ranks.items():
        pairs = [(token[:cut], token[cut:]) for cut in range(1, len(token))]
        pairs = sorted((ranks[a], ranks[b], a, b) for a, b in pairs if a in ranks and b in ranks)
        merges += [(rank, written[a], written[b]) for _, _, a, b in pairs]
    merges.sort(key=lambda merge: merge[0])
    vocabulary = {written[token]: rank for token, rank in ranks.items()}
    tokenizer, special = byte_level(BPE(vocabulary, [(a, b) for _, a, b in merges]))
    tokenizer.add_special_tokens(special)
    return tokenizer


@pytest.fixture(scope="session")
def qwen_processor(qwen_tokenizer):
    """Processor of the published Qwen2-VL."""
    from livecc_assets.models.qwen2_vl import make_processor

    return make_processor(qwen_tokenizer)


def write_tiny_model(folder, seed=0):
    """A random Qwen2-VL with two small layers and a tokenizer trained on the spot; returns the folder."""
    import torch
    from tokenizers.models import BPE
    from tokenizers.trainers import BpeTrainer
    from transformers import GenerationConfig, Qwen2VLConfig, Qwen2VLForConditionalGeneration

    tokenizer, special = byte_level(BPE())
    texts = ["assistant user system You are a helpful assistant. Time=0.0-3.0s red passes to blue ... " * 20]
    trainer = BpeTrainer(vocab_size=340, initial_alphabet=list(byte_alphabet().values()), show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens(special)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    size = tokenizer.get_vocab_size()
    ids = {
        name: tokenizer.get_vocab()[f"<|{name}|>"] for name in ("image_pad", "video_pad", "vision_start", "vision_end")
    }
    config = Qwen2VLConfig(
        text_config={
            "vocab_size": size, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 4096,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
            "bos_token_id": None, "eos_token_id": tokenizer.token_to_id("<|im_end|>"),
        },
        vision_config={"depth": 1, "embed_dim": 32, "hidden_size": 64, "num_heads": 2, "mlp_ratio": 2},
        image_token_id=ids["image_pad"], video_token_id=ids["video_pad"],
        vision_start_token_id=ids["vision_start"], vision_end_token_id=ids["vision_end"], tie_word_embeddings=True,
    )  # fmt: skip
    torch.manual_seed(seed)
    model = Qwen2VLForConditionalGeneration(config)
    model.generation_config = GenerationConfig(eos_token_id=tokenizer.token_to_id("<|im_end|>"), do_sample=False)
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(
        json.dumps(
            {"patch_size": 14, "temporal_patch_size": 2, "merge_size": 2, "min_pixels": 3136, "max_pixels": 50176}
        )
    )
    return folder


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """A tiny random Qwen2-VL on disk."""
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "model")


def write_video(path, seconds=10, fps=10, size=112, seed=0):
    """A small H.264 video whose colour changes with time."""
    import av
    import numpy as np

    generator = np.random.default_rng(seed)
    base = generator.integers(0, 255, (size, size, 3))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast"})
        stream.width = stream.height = size
        stream.pix_fmt = "yuv420p"
        for number in range(seconds * fps):
            pixels = ((base + 3 * number) % 256).astype(np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


WORDS = ["red", "passes", "to", "blue", "and", "blue", "shoots", "but", "red", "scores", "a", "goal"]


def clip_row(path, number, seconds=9.0):
    """A row of ``live_cc`` over a video."""
    words = [
        {"start": 0.2 + 0.5 * i, "end": 0.6 + 0.5 * i, "word": WORDS[(i + number) % len(WORDS)]}
        for i in range(int((seconds - 0.6) / 0.5))
    ]
    return {
        "clip_id": f"{path.stem}:{number}", "video_id": path.stem, "batch": "", "path": str(path), "sha256": "0",
        "title": f"Match {number}",
        "category": "Sports", "start": 0.2, "end": words[-1]["end"], "words": words, "previous": "",
        "words_per_second": 2.0, "distinct_words": 9, "loss": 4.0, "talking_head_score": 0.0, "rank": number,
    }  # fmt: skip


@pytest.fixture(scope="session")
def clip_rows(tmp_path_factory):
    """Six clips of three videos, of two lengths."""
    folder = tmp_path_factory.mktemp("videos")
    paths = [write_video(folder / f"v{i}.mp4", seed=i) for i in range(3)]
    return [clip_row(paths[i % 3], i, 9.0 if i % 2 else 6.0) for i in range(6)]


#: The sample profile's pixel budget: 4 x 4 tokens for two frames.
VIDEO = {"fps": 2.0, "max_frames": 120, "min_pixels": 12544, "frame_pixels": 12544, "total_pixels": 3010560}


@pytest.fixture(scope="session")
def video_section():
    """The ``video`` section of a profile."""
    return dict(VIDEO)
