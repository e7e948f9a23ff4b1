"""The sides that `commentary_speed.py` compares, each in a process of its own: `python commentary_sides.py SIDE FOLDER MINUTE`.

A side brings a stream to the wanted minute, then answers every line of standard input with one more second of video: its
processor time and tokens as JSON. All sides see the same frames and are made to say 14 tokens a second.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.engine import Engine, load_engine
from livecc_assets.commentary.group import Group
from livecc_assets.commentary.interval import Block
from livecc_assets.commentary.session import Session

#: Tokens said a second, and the frames' side in pixels: 10 x 10 tokens a second.
WORDS, SIDE = 14, 280


class Talking(Session):
    """A session that never ends its turn before the length cap."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._never = torch.cat([self._never, torch.tensor([self._processor.im_end])])


def blocks(side: int = SIDE) -> Iterator[Block]:
    """Random frames for ever: 3 s, then a second at a time."""
    generator = torch.Generator().manual_seed(0)
    at = 0.0
    while True:
        seconds = 3 if at == 0.0 else 1
        frames = torch.randint(0, 256, (2 * seconds, 3, side, side), generator=generator, dtype=torch.uint8)
        yield Block(at, at + seconds, frames)
        at += seconds


def engine_side(engine: Engine, policy: str, seconds: float) -> Callable[[], dict[str, Any]]:
    """This project's engine, having seen all of the stream."""
    group = stream(engine, policy)
    source = blocks()
    for block in source:
        group.step([block])
        if block.end_s >= seconds:
            break

    def second() -> dict[str, Any]:
        group.step([next(source)])
        return {"tokens": group.decoder.length, "cache_bytes": group.decoder.cache.n_bytes}

    return second


def stream(engine: Engine, policy: str) -> Group:
    """One stream that talks all the time: nothing bounds a random model, which would be cut short as a loop."""
    config = CommentaryConfig(
        max_new_tokens=WORDS,
        max_words_per_second=None,
        max_repeated_share=None,
        eviction=policy,  # type: ignore[arg-type]
    )
    return Group(engine, [Talking(engine.processor, config)])


def loop_side(engine: Engine, seconds: float) -> Callable[[], dict[str, Any]]:
    """The published loop (method 3.2): ``generate`` again each second, with all ids so far, their cache and the new pixels.

    Its past is made up, as long as it would be by now: what is in it does not matter for its cost.
    """
    from transformers import DynamicCache, GenerationConfig

    source = blocks()
    session = Talking(engine.processor, CommentaryConfig(max_new_tokens=WORDS, rule="released"))
    first = session.open_block(next(source))
    opened = session.open_block(next(source))  # what each further second adds, without the former turn's end
    close = engine.processor.encode("<|im_end|>\n")
    ids = first.ids + [5] * int((seconds - 3) * (len(opened.ids) + WORDS + len(close)))
    text = engine.model.config.text_config
    width = text.hidden_size // text.num_attention_heads
    cache = DynamicCache(config=text)
    for layer in range(text.num_hidden_layers):
        past = torch.randn(1, text.num_key_value_heads, len(ids), width)
        cache.update(past, past.clone(), layer)
    settings = GenerationConfig(
        max_new_tokens=WORDS, min_new_tokens=WORDS, do_sample=False, repetition_penalty=1.05,
        eos_token_id=engine.processor.im_end, pad_token_id=engine.processor.im_end,
    )  # fmt: skip
    engine.model.model.rope_deltas = torch.zeros(1, 1, dtype=torch.long)
    state = {"ids": torch.tensor([ids])}

    def second() -> dict[str, Any]:
        chunk = session.open_block(next(source))
        given = torch.cat([state["ids"], torch.tensor([close + chunk.ids])], dim=1)
        out = engine.model.generate(
            given, pixel_values_videos=chunk.pixels, video_grid_thw=torch.tensor([chunk.grid]),
            past_key_values=cache, generation_config=settings,
        )  # fmt: skip
        state["ids"] = out[:, :-1]
        return {"tokens": cache.get_seq_length()}

    return second


def main() -> None:
    """Get ready, say so, then serve one second a line."""
    side, folder, minute = sys.argv[1], sys.argv[2], float(sys.argv[3])
    torch.set_num_threads(1)
    engine = load_engine(folder)
    second = loop_side(engine, minute * 60) if side == "loop" else engine_side(engine, side, minute * 60)
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.process_time()
        seen = second()
        took = time.process_time() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps(seen | {"cpu_s": took, "peak_mib": peak / 1024}), flush=True)


if __name__ == "__main__":
    main()
