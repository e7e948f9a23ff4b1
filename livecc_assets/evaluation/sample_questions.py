"""Small question sets about the sample world, each in its benchmark's own file format, made from exact truth.

They let every benchmark run for real where nothing can be downloaded. They are not the benchmarks: scores on them say whether the
machinery works, and little about a model.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from typing import Any

from livecc_assets.evaluation.event_f1 import Vocabulary
from livecc_assets.graph.settings.choices import SAMPLE_QUESTIONS
from livecc_assets.store.videos import AddressOf

#: Most questions of each benchmark, an OVO-Bench annotation counting as one. Those on a few seconds cost a tenth of those on a
#: whole video, and with so many of them a model that sees can be told from one that does not.
LIMITS = {"videomme": 12, "mvbench": 72, "ovobench": 12}
LETTERS = "ABCDE"
EMBEDDED = SAMPLE_QUESTIONS
#: The places of the truth, as the sample's commentators and its general instructions say them.
_WHERE = {"left": "on the left", "middle": "in the middle", "right": "on the right"}


def sample_questions(
    benchmark: str,
    source_rows: Iterable[dict[str, Any]],
    events: Iterable[dict[str, Any]],
    address_of: AddressOf,
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """Questions of `benchmark` ('videomme', 'mvbench', 'ovobench') about the videos of `events` whose truth is known.

    `source_rows` are rows of `yt_cc_source`. At most `limit` questions, by default the benchmark's own of LIMITS.
    """
    makers = {"videomme": _videomme, "mvbench": _mvbench, "ovobench": _ovobench}
    if benchmark not in makers:
        raise ValueError(f"no sample questions for {benchmark!r}: known are {', '.join(makers)}")
    limit = LIMITS[benchmark] if limit is None else limit
    wanted = {event["video_id"] for event in events}
    videos = []
    for row in source_rows:
        known = json.loads(row["truth"])["events"] if row["video_id"] in wanted and row.get("truth") else []
        if known:
            videos.append((row, sorted(known, key=lambda event: event["time"])))
    videos.sort(key=lambda video: video[0]["video_id"])
    vocabulary = Vocabulary.of(known for _, known in videos)
    made: list[tuple[tuple[str, str], dict[str, Any]]] = []
    makes = [
        ((row["batch"], row["path"]), makers[benchmark](row, known, vocabulary, random.Random(row["video_id"])))
        for row, known in ((row | {"video": address_of(row)}, known) for row, known in videos)
    ]
    while makes and len(made) < limit:  # a question of every video first, then the second of every video ...
        left = []
        for place, make in makes:
            question = next(make, None)
            if question is not None and len(made) < limit:
                made.append((place, question))
            if question is not None:
                left.append((place, make))
        makes = left
    # Questions of one video stand together, in an order that does not change with the place where the videos lie.
    return [question for _, question in sorted(made, key=lambda one: one[0])]


Maker = Iterator[dict[str, Any]]


def _videomme(row: dict[str, Any], known: list[dict[str, Any]], words: Vocabulary, draw: random.Random) -> Maker:
    first, last, verb = known[0], known[-1], draw.choice(words.verbs)
    count = sum(event["verb"] == verb for event in known)
    duration = "short" if row["duration"] < 120 else "medium" if row["duration"] < 900 else "long"
    asked = [
        ("Temporal Perception", "Who acts first in this video?", *_options(first["actor"], words.actors, draw)),
        (
            "Action Recognition",
            "What is the last thing that somebody does?",
            *_options(last["verb"], words.verbs, draw),
        ),
        ("Counting Problem", f"How often does it happen that somebody {verb}?", *_numbers(count, draw)),
        ("Object Recognition", "Who acts last in this video?", *_options(last["actor"], words.actors, draw)),
    ]
    draw.shuffle(asked)
    for number, (task, question, options, answer) in enumerate(asked, start=1):
        yield {
            "video_id": row["video_id"],
            "duration": duration,
            "domain": "Sports Competition",
            "sub_category": "Other Sports",
            "url": "",
            "videoID": row["video_id"],
            "question_id": f"{row['video_id']}-{number}",
            "task_type": task,
            "question": question,
            "options": [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)],
            "answer": LETTERS[options.index(answer)],
            "subtitles": " ".join(str(cue["text"]) for cue in row.get("subtitles") or []),
            "video": row["video"],
        }


def _mvbench(row: dict[str, Any], known: list[dict[str, Any]], words: Vocabulary, draw: random.Random) -> Maker:
    """Each about a few seconds around one event."""
    for event in draw.sample(known, len(known)):
        place = event.get("place")
        asked = [
            ("Fine-grained Action", "What does the player in front do?", event["verb"], words.verbs),
            ("Object Recognition", "Which kit does the player in front wear?", event["actor"], words.actors),
        ]
        if place in _WHERE:
            asked.append(
                ("Action Localization", "Where does the player in front act?", _WHERE[place], tuple(_WHERE.values()))
            )
        task, question, right, names = draw.choice(asked)
        options, answer = _options(right, names, draw)
        yield {
            "video": row["video"],
            "video_start": max(0.0, event["time"] - 0.5),
            "video_end": min(float(row["duration"]), float(event.get("end") or event["time"] + 2.0) + 0.5),
            "task_type": task,
            "question": question,
            "options": [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)],
            "answer": LETTERS[options.index(answer)],
        }


def _ovobench(row: dict[str, Any], known: list[dict[str, Any]], words: Vocabulary, draw: random.Random) -> Maker:
    """Annotations of one real-time, one backward and the three forward kinds."""
    name = f"{row['video_id']}"
    head = {"video": row["video"]}
    now = draw.choice(known)
    moment = round(now["time"] + 1.5, 2)
    kinds = [("ACR", "What is happening now?", now["verb"], words.verbs)]
    kinds.append(("OJR", "Who is acting now?", now["actor"], words.actors))
    kinds.append(("EPM", "Who was the first to act?", known[0]["actor"], words.actors))
    task, question, right, names = draw.choice(kinds)
    options, answer = _options(right, names, draw)
    multiple = {**head, "id": f"{name}-{task}", "task": task, "question": question, "options": options}
    choice = {**multiple, "gt": options.index(answer), "realtime": moment}

    verb = draw.choice(words.verbs)
    times = [round(float(row["duration"]) * share, 2) for share in (0.5, 0.9)]
    counts = [sum(e["verb"] == verb and e["time"] + 1 <= time for e in known) for time in times]
    tests = [{"realtime": time, "count": count} for time, count in zip(times, counts, strict=True)]
    rec = {**head, "id": f"{name}-REC", "task": "REC", "activity": f"somebody {verb}", "test_info": tests}

    other = draw.choice([e for e in known if e is not now] or known)
    step = {"step": f"{now['actor']} {now['verb']}"}
    steps = [{**step, "realtime": moment, "type": 1}]
    if (other["actor"], other["verb"]) != (now["actor"], now["verb"]):
        steps.append({**step, "realtime": round(other["time"] + 1.5, 2), "type": 0})
    ssr = {**head, "id": f"{name}-SSR", "task": "SSR", "test_info": steps}

    enough = [{"realtime": round(known[-1]["time"] - 0.5, 2), "type": 0}]
    enough.append({"realtime": round(known[-1]["time"] + 1.5, 2), "type": 1})
    question = f"What does the player do who acts as number {len(known)}?"
    asked = round(max(0.0, known[-1]["time"] - 4.0), 2)
    crr = {**head, "id": f"{name}-CRR", "task": "CRR", "question": question, "ask_time": asked, "test_info": enough}
    yield from draw.sample([choice, rec, ssr, crr], 4)


def _options(right: str, names: Iterable[str], draw: random.Random, most: int = 4) -> tuple[list[str], str]:
    others = [name for name in names if name != right]
    options = [right, *draw.sample(others, min(most - 1, len(others)))]
    draw.shuffle(options)
    return options, right


def _numbers(right: int, draw: random.Random) -> tuple[list[str], str]:
    low = max(0, right - draw.randrange(4))
    return [str(number) for number in range(low, low + 4)], str(right)
