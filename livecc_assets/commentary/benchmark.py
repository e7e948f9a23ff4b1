"""Commentary over a benchmark's events: rows of ``livesports_commentary`` (method 4.2)."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from livecc_assets.commentary.captioning import caption_events
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.engine import Clip, Engine, Utterance, comment_clips, load_engine
from livecc_assets.commentary.latency import Latencies
from livecc_assets.commentary.prompts import event_context
from livecc_assets.commentary.utterance import Suppressed
from livecc_assets.core.errors import MediaError
from livecc_assets.core.rules import Rule
from livecc_assets.models.checkpoint import checkpoint_folder
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.rows import Note, Rejected, Row
from livecc_assets.store.videos import AddressOf

#: Clips side by side on a CPU, where a small model's time goes into calls and not into arithmetic.
_CPU_BATCH = 16


def comment_benchmark(task: Task, checkpoint: Artifact, events: Artifact) -> None:
    """Write the commentary table; ``task.config`` is the profile's commentary and video settings."""
    import torch

    settings = task.config.get("commentary", task.config)
    own = {key: value for key, value in task.config.items() if key != "videos"}
    config = CommentaryConfig.from_profile(own, mode=settings.get("mode") or "evaluation")
    device = settings.get("device", "cpu")
    if device == "cpu":
        torch.set_num_threads(int(settings.get("threads", torch.get_num_threads())))
    engine = load_engine(checkpoint_folder(checkpoint, task.home), device, settings.get("dtype"))
    rows = list(events.rows())
    began = time.monotonic()
    batch = int(settings.get("batch_size", _CPU_BATCH if device == "cpu" else 1))
    instruct = bool(task.config.get("instruct", True))
    latencies = Latencies()

    one_by_one = config.mode == "captioning"
    comment_some = caption_events if one_by_one else comment_events

    def comment(some: list[tuple[int, dict[str, Any]]]) -> Iterator[Row]:
        latencies.video += sum(event["end"] - event["begin"] for _, event in some)
        return comment_some(engine, some, task.videos.address, config, instruct, latencies)

    task.writer.extend(
        task.resumable(by_length(rows), comment, len(rows), "events", together=1 if one_by_one else batch)
    )
    seconds = sum(event["end"] - event["begin"] for event in rows)
    taken = latencies.taken = time.monotonic() - began
    task.writer.metadata.update(
        {
            "seconds_of_video": round(seconds, 1),
            "seconds_taken": round(taken, 1),
            "times_real_time": round(latencies.video / taken, 2) if latencies.video and taken else None,
            "checkpoint": f"{checkpoint.asset}[{checkpoint.partition}]",
            "mode": config.mode,
            "rule": config.rule,
            "positions": config.positions,
            "blank_frames": config.blank_frames,
        }
        | latencies.as_metadata()
        | ({"synchrony": latencies.synchrony, "intervals": latencies.intervals} if latencies.intervals else {})
    )


def prediction(texts: Sequence[str], rule: Rule = "corrected") -> str:
    """The judge's text: interval texts joined by a space, "..." at the end.

    As published, silent intervals take part and leave double spaces; ``corrected`` leaves them out.
    """
    said = texts if rule == "released" else [text for text in texts if text]
    return " ".join(said).strip() + "..."


def by_length(events: Iterable[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    """Events with their numbers, the shortest first: those that are shown side by side then end together."""
    return sorted(enumerate(events), key=lambda one: one[1]["end"] - one[1]["begin"])


def comment_events(
    engine: Engine,
    events: Sequence[tuple[int, dict[str, Any]]],
    address_of: AddressOf,
    config: CommentaryConfig,
    instruct: bool = True,
    latencies: Latencies | None = None,
) -> Iterator[Row]:
    """One row an event, in the order in which they end; an event whose video cannot be read becomes a Rejected.

    Notes after a row count what the model was kept from saying of the event, and its silent intervals.
    ``latencies`` gets those of the intervals.

    The events come with their numbers in the benchmark, by which they are seeded, and are shown side by side. The model is
    given the event's title and what was said before it, never what was said during it.
    """
    clips = [
        Clip(address_of(row), row["begin"], row["end"], event_context(row["event_title"], row["preasr_text"], instruct))
        for _, row in events
    ]
    seeds = [config.seed + number for number, _ in events]
    for index, result in comment_clips(engine, clips, config, len(clips), seeds):
        _, event = events[index]
        name = f"{event['video_id']}_{event['event_id']}"
        if isinstance(result, MediaError):
            yield Rejected(name, "error", result.reason, result.detail, event["video_id"])
        else:
            if latencies is not None:
                for utterance in result:
                    latencies.add(utterance.latency)
            yield _row(event, result, config.rule)
            yield from _notes(name, event["video_id"], Suppressed.of(result))


def _notes(name: str, video_id: str, held: Suppressed) -> Iterator[Note]:
    counts = (
        ("loops_cut", held.loops, "ended before a loop"),
        ("words_bounded", held.bounded, "ended at the bound on words a second"),
        ("silent_intervals", held.silent, "silent"),
    )
    for reason, count, what in counts:
        if count:
            yield Note(name, reason, f"{name}: {count} of {held.intervals} intervals {what}", video_id, count)


def _row(event: dict[str, Any], said: Sequence[Utterance], rule: Rule) -> dict[str, Any]:
    return {
        "video_id": event["video_id"],
        "event_id": event["event_id"],
        "begin": event["begin"],
        "end": event["end"],
        "utterances": [{"start": u.start, "end": u.end, "text": u.text} for u in said if u.text],
        "pred": prediction([u.text for u in said], rule),
    }
