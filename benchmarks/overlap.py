"""Whether decoding and commenting overlap: `livecc comment`'s total beside decoding alone and the engine alone.

python benchmarks/overlap.py [--seconds S] [--repeats N] [--json]

A 720p H.264 film made by the script and the tests' tiny random Qwen2-VL, which says 14 tokens a second; one thread for
decoding and one for the engine. The three take turns. The total should be near the slower of the two, not their sum; that
needs two cores with nothing else to do.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import av
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.commentary_sides import WORDS, Talking
from benchmarks.commentary_speed import make_model
from livecc_assets.commentary.blocks import Clip
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.engine import load_engine
from livecc_assets.commentary.group import Group
from livecc_assets.commentary.live_blocks import blocks_as_they_come

CONFIG = CommentaryConfig(
    max_new_tokens=WORDS, max_words_per_second=None, max_repeated_share=None, stream_max_pixels=100 * 28 * 28
)


def film(path: Path, seconds: int) -> None:
    """A moving pattern with noise, 30 frames a second."""
    noise = np.random.default_rng(0).integers(0, 40, (720, 1280, 3), dtype=np.uint8)
    rows, columns = np.mgrid[0:720, 0:1280]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        stream.codec_context.options = {"preset": "veryfast"}
        for number in range(seconds * 30):
            wave = (128 + 80 * np.sin((rows + columns + 4 * number) / 60)).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noise + wave[..., None])))
        container.mux(stream.encode(None))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print one object")
    options = parser.parse_args()
    torch.set_num_threads(1)
    # Libraries greet on standard output, which is the result's alone.
    with redirect_stdout(sys.stderr), tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        film(folder / "film.mp4", options.seconds)
        engine = load_engine(make_model(folder / "model"))
        clip = Clip(str(folder / "film.mp4"))
        held = list(blocks_as_they_come(clip, CONFIG))

        def decoding() -> None:
            for _ in blocks_as_they_come(clip, CONFIG):
                pass

        def commenting() -> None:
            group = Group(engine, [Talking(engine.processor, CONFIG, "q")])
            for block in held:
                group.step([block])

        def both() -> None:
            group = Group(engine, [Talking(engine.processor, CONFIG, "q")])
            for block in blocks_as_they_come(clip, CONFIG):
                group.step([block])

        sides: dict[str, Callable[[], None]] = {"decoding": decoding, "engine": commenting, "total": both}
        took: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(options.repeats):
            for name, side in sides.items():
                start = time.perf_counter()
                side()
                took[name].append(time.perf_counter() - start)
    ratios = [total / max(one, two) for one, two, total in zip(*took.values(), strict=True)]
    found = {"seconds": options.seconds, **{f"{name}_s": statistics.median(times) for name, times in took.items()}}
    found |= {"total_to_slower": statistics.median(ratios), "ratios": ratios}
    print(json.dumps(found) if options.json else "\n".join(f"{key}: {value}" for key, value in found.items()))


if __name__ == "__main__":
    main()
