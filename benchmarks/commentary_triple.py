"""Three numbers of a streaming video model: pictures encoded and tokens decoded a second, and the most memory that it takes.

python benchmarks/commentary_triple.py [--model REF] [--seconds N] [--device D] [--json]

The engine comments a generated match (`livecc_assets/sample`) as `livecc comment` does. Encoding is the vision tower's work,
decoding a step of the language model for one more token; reading the video and prefilling are in `real_time_factor` alone.
Memory is what the process adds to itself by loading and commenting; on a GPU it is what PyTorch allocated there.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

FPS = 10


class Watch:
    """Times the calls of a part of the model, and counts what goes through it."""

    def __init__(self, part: Any, count: Callable[[Any], int], wait: Callable[[], None]) -> None:
        self.seconds, self.counted, self._began = 0.0, 0, 0.0
        self._count, self._wait, self._size = count, wait, 0
        part.register_forward_pre_hook(self._begin, with_kwargs=True)

    def _begin(self, module: Any, given: Any, named: Any) -> None:
        self._wait()
        self._size = self._count((given, named))
        self._began = time.perf_counter()

    def end(self, *_: Any) -> None:
        """A hook of whatever comes last."""
        if self._size:
            self._wait()
            self.seconds += time.perf_counter() - self._began
            self.counted += self._size
            self._size = 0

    @property
    def rate(self) -> float | None:
        """What went through it in a second; None where nothing did."""
        return self.counted / self.seconds if self.seconds else None


def pictures_of(grid: Any, temporal_patch: int) -> int:
    """Pictures behind a tower's patch grids [N, 3]: each step of time takes ``temporal_patch`` of them."""
    return int(grid[:, 0].sum()) * temporal_patch


def make_video(path: Path, seconds: float) -> Path:
    """A match of the sample world, without sound."""
    from livecc_assets.sample.match import plan_match, render
    from livecc_assets.sample.video_file import write_video

    write_video(path, render(plan_match(1, seconds), FPS), None)
    return path


def watch(engine: Any, wait: Callable[[], None]) -> tuple[Watch, Watch]:
    """Watches of (encoding, decoding) of the engine's model."""
    core = engine.model.model
    tower, layers = core.visual, core.language_model.layers

    def grid(call: Any) -> int:
        given, named = call
        found = named.get("grid_thw", given[1] if len(given) > 1 else None)
        return pictures_of(found, tower.config.temporal_patch_size)

    def tokens(call: Any) -> int:
        hidden = call[0][0]
        return hidden.shape[0] if hidden.shape[1] == 1 else 0  # more than one new token is a prefill

    encoding = Watch(tower, grid, wait)
    tower.register_forward_hook(encoding.end)
    # The engine runs the parts of a layer itself; a step goes from the first layer's norm to the words' logits.
    decoding = Watch(layers[0].input_layernorm, tokens, wait)
    engine.model.lm_head.register_forward_hook(decoding.end)
    return encoding, decoding


def measure(model: str, seconds: float, device: str) -> dict[str, Any]:
    """The numbers of one stream of so many seconds."""
    import psutil
    import torch

    from livecc_assets.commentary.engine import comment_video, load_engine
    from livecc_assets.models.reference import resolve

    on_gpu = device.startswith("cuda")
    wait: Callable[[], None] = torch.cuda.synchronize if on_gpu else lambda: None
    with tempfile.TemporaryDirectory() as temporary:
        video = make_video(Path(temporary) / "match.mp4", seconds)
        before = psutil.Process().memory_info().rss
        engine = load_engine(resolve(model, Path(temporary)), device)
        encoding, decoding = watch(engine, wait)
        began = time.perf_counter()
        said = list(comment_video(engine, str(video)))
        taken = time.perf_counter() - began
    if on_gpu:
        peak = torch.cuda.max_memory_allocated()
    else:
        peak = max(0, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    return {
        "model": model,
        "device": device,
        "seconds": seconds,
        "encoding_fps": encoding.rate,
        "decoding_tokens_per_second": decoding.rate,
        "peak_memory_mib": peak / 2**20,
        "pictures": encoding.counted,
        "tokens": decoding.counted,
        "words": sum(one.words for one in said),
        "real_time_factor": taken / seconds,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--model", default="embedded:tiny-qwen2-vl", help="as `livecc comment --model`, but no experiment"
    )
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the generated video")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    # Libraries greet on standard output, which is the result's alone.
    with redirect_stdout(sys.stderr):
        found = measure(options.model, options.seconds, options.device)
    if options.json:
        print(json.dumps(found))
    else:
        for key, value in found.items():
            print(f"{key:28} {value}")


if __name__ == "__main__":
    main()
