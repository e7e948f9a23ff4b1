"""A process that shares the cache of media with others; a helper of test_media_cache.py.

python cache_user.py ask SEED COUNT     asks for COUNT files of 1,000 bytes and checks each
python cache_user.py hold NAME          opens one and keeps it open
python cache_user.py hang NAME          begins a copy and never ends it
"""

import os
import random
import sys
import time
from pathlib import Path

from livecc_assets.store import media_cache

SIZE, NAMES, MOMENTS_SEC, PAUSE_SEC = 1000, 60, 0.2, 0.05


def content(name: str) -> bytes:
    """What every process finds under a name."""
    return name.encode().rjust(SIZE, b".")


def main(what: str, *arguments: str) -> None:
    """One of the modes above; says ``ready`` when it has begun."""
    media_cache.MOMENTS_SEC = MOMENTS_SEC
    log = Path(os.environ["CACHE_LOG"])

    def ask(name: str) -> Path:
        def fill(file) -> None:
            mark = log / name
            mark.touch(exist_ok=False)  # two at a time would meet here
            file.write(content(name)[:500])
            time.sleep(0.002)
            if what == "hang":
                print("ready", flush=True)
                time.sleep(60)
            file.write(content(name)[500:])
            mark.unlink()

        return media_cache.cached(name, f"{name}.mp4", SIZE, fill)

    if what == "ask":
        seed, count = map(int, arguments)
        draw = random.Random(seed)
        for _ in range(count):
            name, asked = f"v{draw.randrange(NAMES)}", time.monotonic()
            try:
                file = ask(name).open("rb")
            except FileNotFoundError:  # not opened for so long that it counted as unused, on a busy machine
                assert time.monotonic() - asked > MOMENTS_SEC, name
                continue
            with file:
                time.sleep(PAUSE_SEC)
                assert file.read() == content(name), name
    else:
        with ask(arguments[0]).open("rb"):
            print("ready", flush=True)
            time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
