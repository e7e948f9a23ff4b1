"""First lesson of the tiny base: its vision tower alone learns to tell players, actions and sides apart."""

from __future__ import annotations

import numpy as np
import torch
from tiny_base_lessons import ACTION, PLACE, Clip
from torch import nn
from transformers import Qwen2VLForConditionalGeneration

from livecc_assets.models.qwen2_vl import Processor, pixel_values
from livecc_assets.sample.match import ACTORS, PLACES, VERBS

# Answers by kind; the last of each kind is for a clip with nothing in view.
_ANSWERS = (
    (*ACTORS, "nobody"),
    (*(ACTION[verb] for verb in VERBS), "nothing"),
    (*(PLACE[place] for place in PLACES), "nothing"),
)
_SHARPNESS = 4.0


def word_vectors(embedding: nn.Embedding, processor: Processor) -> list[torch.Tensor]:
    """Unit vectors of the answers' words in the language model's embedding, one matrix [answers, width] a kind.

    Visual tokens that point to the words they show are soon read by the language model, whose output shares the embedding.
    """
    ids = [[processor.encode(" " + word)[0] for word in words] for words in _ANSWERS]
    with torch.no_grad():
        return [nn.functional.normalize(embedding.weight[torch.tensor(row)], dim=1) for row in ids]


def read_out(tokens: torch.Tensor, vectors: list[torch.Tensor]) -> list[torch.Tensor]:
    """Logits of player, action and side from tokens [clips, tokens, width]: a clip shows what one of its tokens says."""
    return [torch.logsumexp(_SHARPNESS * tokens @ matrix.T, dim=1) for matrix in vectors]


def targets(clips: list[Clip]) -> torch.Tensor:
    """Numbers of the right answers, [clips, 3]."""
    rows = [
        tuple(len(words) - 1 for words in _ANSWERS)
        if clip.event is None
        else (ACTORS.index(clip.event.actor), VERBS.index(clip.event.verb), PLACES.index(clip.event.place))
        for clip in clips
    ]
    return torch.tensor(rows)


def look(visual: nn.Module, clips: list[Clip], processor: Processor) -> torch.Tensor:
    """Visual tokens [clips, tokens, width] of two-frame clips."""
    frames = torch.from_numpy(np.concatenate([clip.frames for clip in clips])).permute(0, 3, 1, 2)
    pixels, grid = pixel_values(frames, processor)
    grids = torch.tensor([(1, grid[1], grid[2])] * len(clips))
    tokens = visual(pixels, grid_thw=grids).pooler_output
    return tokens.view(len(clips), processor.tokens_of((1, grid[1], grid[2])), -1)


def train_eyes(
    model: Qwen2VLForConditionalGeneration,
    processor: Processor,
    pool: list[Clip],
    unseen: list[Clip],
    steps: int,
    rng: np.random.Generator,
) -> None:
    """Train the model's vision tower in place for `steps` batches of 48 clips."""
    visual = model.model.visual
    vectors = word_vectors(model.model.language_model.embed_tokens, processor)
    parameters = list(visual.parameters())
    optimiser = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1.5e-3, total_steps=steps, pct_start=0.1)
    for step in range(1, steps + 1):
        clips = [pool[int(n)] for n in rng.integers(len(pool), size=48)]
        wanted = targets(clips)
        logits = read_out(look(visual, clips, processor), vectors)
        loss = torch.stack([nn.functional.cross_entropy(z, wanted[:, n]) for n, z in enumerate(logits)]).sum()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        if step % 50 == 0:
            with torch.no_grad():
                right = torch.stack(
                    [z.argmax(1) for z in read_out(look(visual, unseen, processor), vectors)], 1
                ) == targets(unseen)
            shares = ", ".join(f"{share:.3f}" for share in right.float().mean(0).tolist())
            print(
                f"eyes {step}/{steps} loss {loss.item():.3f}; right on unseen clips: player, action, side {shares}",
                flush=True,
            )
