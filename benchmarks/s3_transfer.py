"""A large checkpoint to and from S3: the store's way beside boto3's tuned transfer alone, in one run.

AWS_ENDPOINT_URL=… python benchmarks/s3_transfer.py --bucket NAME [--size GIB] [--rounds N] [--between COMMAND]

The store's side computes the file's sha256 on the way up; boto3's does not. Down, it is measured both as a bare copy and
with the sha256 compared, as an artifact is opened. Each transfer runs in a process of its own, whose peak memory is
reported, and each side's bytes are deleted before the next one's come. A server that frees them later, when it is told
to, is told by --between (SeaweedFS: curl http://HOST:PORT/vol/vacuum?garbageThreshold=0.001 with the master's port). The
promise is at least 80 % of the speed of boto3's tuned transfer, in memory that does not grow with the file.
"""

import argparse
import json
import os
import resource
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MIB = 1 << 20
#: Part size in MiB and parts at once: boto3's defaults and two tunings for large files; the fastest one counts.
TUNINGS = {"boto3 8x10": (8, 10), "boto3 16x8": (16, 8), "boto3 64x4": (64, 4)}
STORE = "livecc"


def transfer(side: str, way: str, root: str, path: Path) -> dict[str, float]:
    """One transfer in this process, without imports and set-up: seconds by the clock and of this process's CPU, peak
    memory in MiB before and after."""
    import boto3
    from boto3.s3.transfer import TransferConfig

    from livecc_assets.store.blobs import open_blobs

    bucket, _, prefix = root.removeprefix("s3://").partition("/")
    blobs, client, digest = open_blobs(root), boto3.client("s3"), path.with_suffix(".sha256")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun, used = time.perf_counter(), time.process_time()
    if side != STORE:
        part, threads = TUNINGS[side]
        config = TransferConfig(multipart_threshold=part * MIB, multipart_chunksize=part * MIB, max_concurrency=threads)
        if way == "up":
            client.upload_file(str(path), bucket, f"{prefix}/checkpoint", Config=config)
        else:
            client.download_file(bucket, f"{prefix}/checkpoint", str(path.with_suffix(".copy")), Config=config)
    elif way == "up":
        digest.write_text(blobs.upload(path, "checkpoint"))
    else:
        sha256 = digest.read_text() if way == "down, compared" else ""
        blobs.local("checkpoint", path.parent / "cache", sha256)
    seconds, used = time.perf_counter() - begun, time.process_time() - used
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "cpu": used, "before": before / 1024, "peak": after / 1024}


def measure(side: str, bucket: str, path: Path, between: str) -> dict[str, dict[str, float]]:
    """Up and down, under a prefix that exists for this alone."""
    from livecc_assets.store.blobs import open_blobs

    root, found = f"s3://{bucket}/livecc-bench-{secrets.token_hex(4)}", {}
    try:
        for way in ("up", "down", "down, compared") if side == STORE else ("up", "down"):
            command = [sys.executable, __file__, "--child", side, way, root, str(path)]
            found[way] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
            path.with_suffix(".copy").unlink(missing_ok=True)
            for copy in path.parent.glob("cache/*/*"):
                copy.unlink()
    finally:
        open_blobs(root).delete("checkpoint")
        if between:
            subprocess.run(between, shell=True, stdout=subprocess.DEVNULL, check=True)
    return found


def main() -> None:
    """Print each transfer, then the ratios of the medians and the memory."""
    if sys.argv[1:2] == ["--child"]:
        side, way, root, path = sys.argv[2:]
        print(json.dumps(transfer(side, way, root, Path(path))))
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--bucket", default=os.environ.get("TESTBED_S3_BUCKET"), required=not os.environ.get("TESTBED_S3_BUCKET")
    )
    parser.add_argument("--between", default="", help="shell command after each side")
    parser.add_argument("--size", type=float, default=2.0, help="GiB of the file")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    size = int(options.size * 1024)
    times: dict[str, dict[str, list[dict[str, float]]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint"
        with path.open("wb") as file:
            for _ in range(size):
                file.write(os.urandom(MIB))
        for number in range(options.rounds):
            for side in (*TUNINGS, STORE):
                for way, one in measure(side, options.bucket, path, options.between).items():
                    times.setdefault(way, {}).setdefault(side, []).append(one)
                    print(
                        f"round {number + 1} {side:10} {way:14} {one['seconds']:6.1f} s {size / one['seconds']:6.0f} MiB/s, "
                        f"CPU {one['cpu']:.1f} s, peak {one['peak']:.0f} MiB ({one['before']:.0f} before)",
                        flush=True,
                    )
    for way, alone in (("up", "up"), ("down", "down"), ("down, compared", "down")):
        medians = {
            side: statistics.median(one["seconds"] for one in times[alone if side in TUNINGS else way][side])
            for side in (*TUNINGS, STORE)
        }
        best = min(TUNINGS, key=lambda side: medians[side])
        peak = max(one["peak"] - one["before"] for one in times[way][STORE])
        print(
            f"{way}: {medians[best] / medians[STORE]:.0%} of the speed of {best} "
            f"({medians[STORE]:.1f} s against {medians[best]:.1f} s), {peak:.0f} MiB of memory for {size} MiB"
        )


if __name__ == "__main__":
    main()
