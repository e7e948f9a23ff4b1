"""Worker of ``livesports_commentary``: the experiment's checkpoint comments on every event of the benchmark."""

import time

from livecc_assets.models.checkpoint import checkpoint_folder
from livecc_assets.runtime.worker import Task, run

#: Clips side by side on a CPU, where a small model's time goes into calls and not into arithmetic.
_CPU_BATCH = 16


def livesports_commentary(task: Task) -> None:
    """Rows of the commentary table; ``task.config`` is the profile's commentary and video settings."""
    import torch

    from livecc_assets.commentary.benchmark import comment_events
    from livecc_assets.commentary.config import CommentaryConfig
    from livecc_assets.commentary.engine import load_engine

    settings = task.config.get("commentary", task.config)
    own = {key: value for key, value in task.config.items() if key != "videos"}
    config = CommentaryConfig.from_profile(own, **({} if "mode" in settings else {"mode": "evaluation"}))
    checkpoint = (task.inputs.get("livecc_instruct") or task.inputs["livecc_base"])[0]
    device = settings.get("device", "cpu")
    if device == "cpu":
        torch.set_num_threads(int(settings.get("threads", torch.get_num_threads())))
    engine = load_engine(checkpoint_folder(checkpoint, task.home), device, settings.get("dtype"))
    events = [row for artifact in task.inputs["livesports_events"] for row in artifact.rows()]
    began = time.monotonic()
    batch = int(settings.get("batch_size", _CPU_BATCH if device == "cpu" else 1))
    instruct = bool(task.config.get("instruct", True))
    rows = comment_events(engine, events, task.videos.address, config, instruct, batch, task.progress)
    task.writer.extend(rows)
    seconds = sum(event["end"] - event["begin"] for event in events)
    taken = time.monotonic() - began
    task.writer.metadata.update(
        {
            "seconds_of_video": round(seconds, 1),
            "seconds_taken": round(taken, 1),
            "times_real_time": round(seconds / taken, 2) if taken else None,
            "checkpoint": f"{checkpoint.asset}[{checkpoint.partition}]",
            "mode": config.mode,
            "rule": config.rule,
            "positions": config.positions,
            "blank_frames": config.blank_frames,
        }
    )


MAINS = {"livesports_commentary": livesports_commentary}

if __name__ == "__main__":
    run(MAINS)
