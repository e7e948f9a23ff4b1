"""Reads a live source for a while and says what was lost: intervals, breaks, lateness.

    python benchmarks/live_stream.py rtsp://127.0.0.1:8554/film.mp4 --seconds 600

Any server will do. Exit code 1 where a second is missing outside the gaps that were told.
"""

import argparse
import sys
import time

from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.live_blocks import live_blocks
from livecc_assets.core.errors import MediaError
from livecc_assets.media.live_address import LiveReport, live_address


def main() -> int:
    """Prints one line at the end, and what happens on the way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--seconds", type=float, default=600.0)
    arguments = parser.parse_args()
    address = live_address(arguments.address)
    if address is None:
        parser.error(f"{arguments.address} is no live source")
    report = LiveReport(lambda text: print(f"{time.monotonic() - begun:8.2f}  {text}", flush=True))
    config = CommentaryConfig(min_pixels=12544, stream_max_pixels=12544)
    begun, first, at, blocks, missing, lateness = time.monotonic(), None, 0.0, 0, 0.0, []
    try:
        for block in live_blocks(address, config, arguments.seconds, report):
            now = time.monotonic()
            first = first if first is not None else now - block.end_s
            lateness.append(now - first - block.end_s)
            missing += block.start_s - at
            at, blocks = block.end_s, blocks + 1
    except MediaError as error:
        print(error.detail)
    worst = max(lateness, default=0.0)
    print(
        f"{blocks} blocks to {at:g} s in {time.monotonic() - begun:.1f} s; {missing:g} s missing, {report.gap_s:.1f} s of "
        f"them told as gaps; a block came at most {worst:.2f} s later than the first did; {report.summary() or 'nothing amiss'}"
    )
    return int(missing > report.gap_s + 1.0)


if __name__ == "__main__":
    sys.exit(main())
