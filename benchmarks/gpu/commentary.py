"""What commentary costs on one GPU, by a random Qwen2-VL-7B that is made to say 16 tokens a second.

python benchmarks/gpu/commentary.py [--minutes M] [--limit S] [--most N] [--json]      at most about S seconds (480)
python benchmarks/gpu/commentary.py --device cpu --small                               the script itself, on a tiny model

Needs torch, transformers, numpy, PyAV, pydantic, tenacity and this folder's repository. `alone` is one stream with `eviction:
window`: p95 of the time from a second's frames to its last word, early and late. `loop` is the published `generate` loop
(docs/method.md 3.2) some minutes into a stream. `sessions` are streams in real time over one model, each in a thread.
`bandwidth_share` is what a step of one token must read, by the time it takes, of what a copy on the device reaches.
"""

import argparse
import json
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
from benchmarks.gpu.random_model import SEVEN_B, SMALL, Shape, random_engine
from livecc_assets.commentary import transfer
from livecc_assets.commentary.choosing import Choice
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.decoder import Chunk
from livecc_assets.commentary.engine import Engine
from livecc_assets.commentary.group import Group
from livecc_assets.commentary.interval import Block
from livecc_assets.commentary.looking import Looker
from livecc_assets.commentary.session import Session
from livecc_assets.commentary.streams import Streams

WORDS = 16
CONFIG = CommentaryConfig(max_new_tokens=WORDS, max_words_per_second=None, max_repeated_share=None)


class Talking(Session):
    """A session that never ends its turn before the length cap."""

    def choice(self) -> Choice | None:
        """As the base, without the end token."""
        base = super().choice()
        return base and replace(base, never=[*base.never, self._processor.im_end])

    def accept(self, logits: torch.Tensor) -> Chunk | None:
        """As the base, without the end token."""
        return super().accept(
            logits.index_fill(0, torch.tensor([self._processor.im_end]).to(logits.device), -torch.inf)
        )


def blocks(shape: Shape) -> Iterator[Block]:
    """Random frames for ever: 3 s, then a second at a time."""
    frames = torch.randint(0, 256, (8, 3, *shape.frame), dtype=torch.uint8)
    yield Block(0.0, 3.0, frames[:6])
    for second in range(3, 10**9):
        start = second % 4 * 2
        yield Block(float(second), second + 1.0, frames[start : start + 2])


class Alone:
    """One stream; times of its seconds, and of its steps of one token."""

    def __init__(self, engine: Engine, shape: Shape) -> None:
        self._group, self._look = Group(engine, [Talking(engine.processor, CONFIG)]), Looker(engine).look
        self._blocks = blocks(shape)
        self.seconds: list[float] = []
        self.steps: list[float] = []
        inner = self._group.decoder.step

        def step(chunks: Any, choices: Any) -> Any:
            began = time.perf_counter()
            found = inner(chunks, choices)
            if len(chunks[0].ids) == 1:
                self.steps.append(time.perf_counter() - began)
            return found

        self._group.decoder.step = step

    def second(self) -> None:
        """One more second of video."""
        block = next(self._blocks)
        began = time.perf_counter()
        self._group.step([self._look(block)])
        self.seconds.append(time.perf_counter() - began)

    def run(self, seconds: float, until: float) -> dict[str, Any]:
        """As many seconds of video as ``until`` allows, ``seconds`` at most."""
        while len(self.seconds) < 24 or (len(self.seconds) < seconds and time.monotonic() < until):
            self.second()
        steady = self.seconds[20:] if len(self.seconds) > 40 else self.seconds[2:]  # the window is full
        span = max(1, len(steady) // 5)
        return {
            "seconds": len(self.seconds),
            "p50_s": statistics.median(steady),
            "p95_s": quantile(steady, 0.95),
            "p95_first_s": quantile(steady[:span], 0.95),
            "p95_last_s": quantile(steady[-span:], 0.95),
            "p95_last_to_first": quantile(steady[-span:], 0.95) / quantile(steady[:span], 0.95),
            "token_ms": 1000 * statistics.median(self.steps),
            "static": self._group.decoder.static,
        }

    def bandwidth(self, engine: Engine) -> dict[str, float]:
        """What a token must read: the language model's and the head's weights, keys and values; and its share of the limit."""
        model = engine.model
        read = sum(p.numel() * p.element_size() for p in model.model.language_model.layers.parameters())
        read += model.lm_head.weight.numel() * model.lm_head.weight.element_size()
        cache = self._group.decoder.cache
        kept = sum(one.numel() * one.element_size() for one in cache.seen(0, slice(0, 1), self._group.decoder.length))
        read += kept * len(model.model.language_model.layers)
        limit = copy_rate(self._group.decoder.device)
        took = statistics.median(self.steps)
        return {"bytes": read, "limit_bytes_s": limit, "bandwidth_share": read / took / limit}


def copy_rate(device: torch.device) -> float:
    """Bytes a second that a copy on the device reads and writes."""
    size = 2**31 if device.type == "cuda" else 2**27
    source = torch.zeros(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    took = []
    for _ in range(6):
        wait(device)
        began = time.perf_counter()
        target.copy_(source)
        wait(device)
        took.append(time.perf_counter() - began)
    return 2 * size / min(took)


def wait(device: torch.device) -> None:
    """Until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@torch.inference_mode()
def loop(engine: Engine, shape: Shape, minute: float, count: int) -> dict[str, float]:
    """Median seconds of the published loop for a second of video, ``minute`` into a stream whose past is made up."""
    from transformers import DynamicCache, GenerationConfig

    source, device = blocks(shape), engine.model.device
    session = Talking(engine.processor, CONFIG.but(rule="released"))
    first, opened = session.open_block(next(source)), session.open_block(next(source))
    close = engine.processor.encode("<|im_end|>\n")
    ids = torch.tensor([first.ids + [5] * int((minute * 60 - 3) * (len(opened.ids) + WORDS + len(close)))])
    text = engine.model.config.text_config
    cache = DynamicCache(config=text)
    size = (1, text.num_key_value_heads, ids.shape[1], text.hidden_size // text.num_attention_heads)
    for layer in range(text.num_hidden_layers):
        past = torch.randn(size, device=device, dtype=engine.model.dtype)
        cache.update(past, past.clone(), layer)
    settings = GenerationConfig(
        max_new_tokens=WORDS, min_new_tokens=WORDS, do_sample=False, repetition_penalty=1.05,
        eos_token_id=engine.processor.im_end, pad_token_id=engine.processor.im_end,
    )  # fmt: skip
    engine.model.model.rope_deltas = torch.zeros(1, 1, dtype=torch.long, device=device)
    ids, took = ids.to(device), []
    for _ in range(count + 1):
        chunk = session.open_block(next(source))
        assert chunk.pixels is not None
        wait(device)
        began = time.perf_counter()
        ids = engine.model.generate(
            torch.cat([ids, torch.tensor([close + chunk.ids], device=device)], dim=1),
            pixel_values_videos=chunk.pixels.to(device), video_grid_thw=torch.tensor([chunk.grid], device=device),
            past_key_values=cache, generation_config=settings,
        )[:, :-1]  # fmt: skip
        wait(device)
        took.append(time.perf_counter() - began)
    engine.model.model.rope_deltas = None
    return {"minute": minute, "tokens": cache.get_seq_length(), "p50_s": statistics.median(took[1:])}


def real_time(engine: Engine, shape: Shape, count: int, warm_s: float, seconds: float) -> float:
    """p95 of the latencies of ``count`` streams, each shown a second of video a second, after ``warm_s``."""
    late: list[float] = []
    broken: list[BaseException] = []

    def watch(number: int, streams: Streams, began: float) -> None:
        try:
            with streams.open() as stream:
                # The stream's session talks on; everything else is as for any viewer.
                stream._session.__class__ = Talking
                for at, block in enumerate(blocks(shape)):
                    due = began + at + number / count
                    if due - began > warm_s + seconds or broken:
                        return
                    time.sleep(max(0.0, due - time.monotonic()))
                    stream.show(block)
                    if due - began > warm_s:
                        late.append(time.monotonic() - due)  # with what it was behind before
        except BaseException as error:
            broken.append(error)

    with Streams(engine, CONFIG, most=count) as streams:
        began = time.monotonic() + 0.5
        threads = [threading.Thread(target=watch, args=(n, streams, began), daemon=True) for n in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if broken and not isinstance(broken[0], torch.OutOfMemoryError):
        raise broken[0]
    return quantile(late, 0.95) if late and not broken else float("inf")


def sessions(engine: Engine, shape: Shape, most: int, until: float, small: bool) -> dict[str, Any]:
    """Largest number of streams with p95 below a second that was tried; each trial is half as large again."""
    warm, seconds = (1.0, 2.0) if small else (18.0, 12.0)
    found: dict[str, float | None] = {}
    best, count = 0, 2 if small else 8
    while count <= most and time.monotonic() + warm + seconds < until:
        p95 = real_time(engine, shape, count, warm, seconds)
        found[str(count)] = p95 if p95 < float("inf") else None
        if p95 >= 1.0:
            break
        best, count = count, count + max(1, count // 2)
    return {"most_below_1_s": best, "p95_s": found}


def quantile(values: list[float], share: float) -> float:
    """The value below which ``share`` of them lie."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All of it."""
    began, shape = time.monotonic(), SMALL if options.small else SEVEN_B
    if options.small:
        transfer.accelerated = lambda _: True
    engine = random_engine(shape, options.device)
    alone = Alone(engine, shape)
    found: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if options.device != "cpu" else "cpu",
        "torch": torch.__version__,
        "alone": alone.run(options.minutes * 60, began + 0.45 * options.limit),
    }
    found["token"] = alone.bandwidth(engine)
    del alone
    found["loop"] = loop(engine, shape, options.loop_minute, 3 if options.small else 5)
    found["times_faster"] = found["loop"]["p50_s"] / found["alone"]["p50_s"]
    if options.device != "cpu":
        torch.cuda.empty_cache()
    found["sessions"] = sessions(engine, shape, options.most, began + options.limit, options.small)
    return found | {"took_s": time.monotonic() - began}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="cuda", help="cuda (default), cuda:1, cpu")
    parser.add_argument(
        "--small",
        action="store_true",
        help="a tiny model, by the way of an accelerator even on a CPU: to try the script",
    )
    parser.add_argument("--minutes", type=float, default=30.0, help="length of the stream that is watched alone (30)")
    parser.add_argument("--loop-minute", type=float, default=5.0, help="where the loop is measured (5)")
    parser.add_argument("--limit", type=float, default=470.0, help="seconds in which all of it should end (470)")
    parser.add_argument("--most", type=int, default=128, help="most streams to try (128)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        parser.error("no CUDA device is there; try --device cpu --small")
    with redirect_stdout(sys.stderr):  # libraries greet on standard output, which is the result's alone
        found = measure(options)
    if options.json:
        print(json.dumps(found))
    else:
        for key, value in found.items():
            print(f"{key:14} {value}")


if __name__ == "__main__":
    main()
