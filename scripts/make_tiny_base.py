"""Make the tiny Qwen2-VL base that ships in livecc_assets/sample/base: `python scripts/make_tiny_base.py [--out FOLDER]`.

The real pipeline starts from a pre-trained Qwen2-VL, which can see but not yet comment a stream. This one is trained from
nothing in some minutes on two cores, on clips of the sample world from seeds that the world itself never uses: the vision tower
alone, then conversations about one clip, then about many. It answers questions about the newest clip with labels
("red jump left"); it has never seen a stream of speech, an ellipsis that ends a block, or the commentary's sentences.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from tiny_base_eyes import train_eyes
from tiny_base_lessons import Clip, Turn, draw_clip, draw_lesson
from tiny_base_tokenizer import write_tokenizer
from transformers import GenerationConfig, Qwen2VLConfig, Qwen2VLForConditionalGeneration

from livecc_assets.models.qwen2_vl import Processor, load_processor, pixel_values

SEED = 7
HIDDEN, LAYERS, HEADS = 128, 4, 4
VISION = {"depth": 2, "embed_dim": 96, "num_heads": 3, "hidden_size": HIDDEN, "mlp_ratio": 2}
PHASES = ((60, 32, 1), (60, 6, 6), (160, 2, 24))  # steps, conversations a step, clips a conversation
OUT = Path(__file__).resolve().parent.parent / "livecc_assets" / "sample" / "base"


def make_config(tokens: dict[str, int], vocabulary: int) -> Qwen2VLConfig:
    """Qwen2-VL's architecture in small; `tokens` are the ids of the special tokens."""
    half = HIDDEN // HEADS // 2
    side = 3 * half // 8
    config = Qwen2VLConfig(
        text_config={
            "vocab_size": vocabulary,
            "hidden_size": HIDDEN,
            "intermediate_size": 3 * HIDDEN,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
            "num_key_value_heads": HEADS // 2,
            "max_position_embeddings": 32768,
            "rms_norm_eps": 1e-6,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [half - 2 * side, side, side],
            },
            "tie_word_embeddings": True,
            "bos_token_id": tokens["<|endoftext|>"],
            "eos_token_id": tokens["<|im_end|>"],
            "pad_token_id": tokens["<|endoftext|>"],
        },
        vision_config=dict(VISION),
        image_token_id=tokens["<|image_pad|>"],
        video_token_id=tokens["<|video_pad|>"],
        vision_start_token_id=tokens["<|vision_start|>"],
        vision_end_token_id=tokens["<|vision_end|>"],
        tie_word_embeddings=True,
    )
    return config


def encode(
    lesson: list[Turn], processor: Processor
) -> tuple[list[int], list[int], list[torch.Tensor], list[tuple[int, int, int]]]:
    """Ids, labels (-100 outside the answers), patches and grids of a conversation."""
    ids = processor.encode("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n")
    labels = [-100] * len(ids)
    pixels, grids = [], []
    for turn in lesson:
        rows, grid = pixel_values(torch.from_numpy(turn.clip.frames).permute(0, 3, 1, 2), processor)
        pixels.append(rows)
        grids.append(grid)
        video = f"<|vision_start|>{'<|video_pad|>' * processor.tokens_of(grid)}<|vision_end|>"
        asked = processor.encode(
            f"<|im_start|>user\n{turn.before}{video}{turn.after}<|im_end|>\n<|im_start|>assistant\n"
        )
        said = processor.encode(f"{turn.answer}<|im_end|>")
        ids += [*asked, *said, *processor.encode("\n")]
        labels += [-100] * len(asked) + said + [-100]
    return ids, labels, pixels, grids


def make_batch(lessons: list[list[Turn]], processor: Processor) -> dict[str, torch.Tensor]:
    """Padded on the right: causal attention never looks there, so no mask is needed."""
    rows = [encode(lesson, processor) for lesson in lessons]
    length = max(len(row[0]) for row in rows)
    ids = torch.tensor([row[0] + [processor.im_end] * (length - len(row[0])) for row in rows])
    return {
        "input_ids": ids,
        "labels": torch.tensor([row[1] + [-100] * (length - len(row[1])) for row in rows]),
        "mm_token_type_ids": (ids == processor.video_pad).int() * 2,
        "pixel_values_videos": torch.cat([p for row in rows for p in row[2]]),
        "video_grid_thw": torch.tensor([g for row in rows for g in row[3]]),
    }


def accuracy(model: Qwen2VLForConditionalGeneration, batch: dict[str, torch.Tensor]) -> float:
    """Share of answers whose every token is the likeliest, given the tokens before it."""
    with torch.no_grad():
        guess = model(**{k: v for k, v in batch.items() if k != "labels"}).logits[:, :-1].argmax(-1)
    labels = batch["labels"][:, 1:]
    right, total = 0, 0
    for row_guess, row in zip(guess, labels, strict=True):
        spans = torch.cumsum((row == -100).int(), 0)[row != -100]
        hits = (row_guess == row)[row != -100]
        for span in spans.unique():
            right += bool(hits[spans == span].all())
            total += 1
    return right / total


def train(model: Qwen2VLForConditionalGeneration, processor: Processor, effort: float, clips: int) -> None:
    """The eyes first, then conversations about one clip, then about many."""
    rng = np.random.default_rng(SEED)
    began = time.time()
    pool: list[Clip] = [draw_clip(rng, n) for n in range(clips)]
    long_pool = [draw_clip(rng, clips + n, frames=6) for n in range(clips // 20)]
    unseen = [draw_clip(rng, clips + clips // 20 + n) for n in range(400)]
    print(f"{clips} clips drawn in {time.time() - began:.0f} s", flush=True)
    model.train()
    train_eyes(model, processor, pool, unseen, round(300 * effort), rng)
    print(f"{time.time() - began:.0f} s", flush=True)
    phases = [(round(n * effort), *rest) for n, *rest in PHASES]
    total = sum(steps for steps, *_ in phases)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=total, pct_start=0.08)
    step = 0
    for steps, conversations, turns in phases:
        test = make_batch(
            [draw_lesson(np.random.default_rng([1, n]), unseen, [], turns) for n in range(192 // turns)], processor
        )
        for _ in range(steps):
            batch = make_batch([draw_lesson(rng, pool, long_pool, turns) for _ in range(conversations)], processor)
            loss = model(**batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
            step += 1
            if step % 25 == 0:
                share = accuracy(model, test)
                print(
                    f"step {step}/{total}, {time.time() - began:.0f} s, loss {loss.item():.3f}; unseen answers right {share:.3f}",
                    flush=True,
                )


def main() -> None:
    """Write tokenizer, configuration and weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--effort", type=float, default=1.0, help="factor on the number of steps")
    parser.add_argument("--clips", type=int, default=6000)
    options = parser.parse_args()
    torch.manual_seed(SEED)
    write_tokenizer(options.out)
    tokens = {t["content"]: t["id"] for t in json.loads((options.out / "tokenizer.json").read_text())["added_tokens"]}
    vocabulary = max(tokens.values()) + 1
    config = make_config(tokens, vocabulary)
    config.save_pretrained(options.out)
    (options.out / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR, indent=2) + "\n")
    processor = load_processor(options.out)
    model = Qwen2VLForConditionalGeneration(config)
    torch.nn.init.normal_(model.model.language_model.embed_tokens.weight, std=HIDDEN**-0.5)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {vocabulary} tokens", flush=True)
    train(model, processor, options.effort, options.clips)
    model.generation_config = GenerationConfig(
        do_sample=False,
        bos_token_id=tokens["<|endoftext|>"],
        eos_token_id=tokens["<|im_end|>"],
        pad_token_id=tokens["<|endoftext|>"],
    )
    model.half().save_pretrained(options.out)


PREPROCESSOR = {
    "image_processor_type": "Qwen2VLImageProcessor",
    "processor_class": "Qwen2VLProcessor",
    "min_pixels": 3136,
    "max_pixels": 12845056,
    "patch_size": 14,
    "temporal_patch_size": 2,
    "merge_size": 2,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}

if __name__ == "__main__":
    main()
