"""General instructions about the sample world: questions on pictures, several pictures and short clips, with their answers.

They stand for the image and video conversations that the paper mixes into its second stage, so that a model that learns to
comment still answers questions. Rows are conversations in the container of method 1.11.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from livecc_assets.sample.match import ACTORS, PLACES, VERBS, Event, MatchPlan, render, render_at
from livecc_assets.sample.video_file import FPS, write_video

SOURCE = "sample-qa"
#: Seeds of these clips; apart from the batches' and from the tiny base's.
FIRST_SEED = 50_000_000
CLIP_SECONDS = 4.0
_WHERE = {"left": "on the left", "middle": "in the middle", "right": "on the right"}


def generate(folder: Path, seed: int, count: int) -> Iterator[dict[str, Any]]:
    """`count` rows of general_instructions (sample_id, source, conversation); their media are written under `folder`.

    In turn a picture, a video clip and a pair of pictures. A file that stands already is kept: its name holds its seed,
    and equal seeds give equal pictures. Rows name the media by their names in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        own = FIRST_SEED + 100_000 * seed + number
        rng = np.random.default_rng([40, own])
        kind = ("image", "video", "images")[number % 3]
        media, asked, answer = _KINDS[kind](folder, own, rng)
        conversation = [
            {"role": "user", "content": [*media, {"type": "text", "text": asked}]},
            {"role": "assistant", "content": [{"type": "text", "text": answer}]},
        ]
        yield {"sample_id": f"{SOURCE}:{seed}:{number}", "source": SOURCE, "conversation": json.dumps(conversation)}


Question = tuple[list[dict[str, Any]], str, str]


def _image(folder: Path, seed: int, rng: np.random.Generator) -> Question:
    plan = _plan(seed, rng)
    return [_picture(folder, seed, plan)], *_ask(plan.events[0], rng, "picture")


def _video(folder: Path, seed: int, rng: np.random.Generator) -> Question:
    plan = _plan(seed, rng)
    path = folder / f"{seed}.mp4"
    if not path.is_file():
        write_video(path, render(plan, FPS), None)
    return [{"type": "video", "video": path.name}], *_ask(plan.events[0], rng, "video")


def _images(folder: Path, seed: int, rng: np.random.Generator) -> Question:
    """Two pictures of different actions; which of them shows the one asked for?"""
    first = _plan(seed, rng)
    second = _plan(seed + 50_000, rng, apart_from=first.events[0])
    asked = int(rng.integers(2))
    event = (first, second)[asked].events[0]
    media = [_picture(folder, seed, first), _picture(folder, seed + 50_000, second)]
    return media, f"In which picture is it {event.actor} that {event.verb}?", ("first", "second")[asked]


_KINDS = {"image": _image, "video": _video, "images": _images}


def _plan(seed: int, rng: np.random.Generator, apart_from: Event | None = None) -> MatchPlan:
    """A clip of one event, which lasts from 1 s to 3.2 s; of other actor and verb than `apart_from`."""
    actors = [name for name in ACTORS if apart_from is None or name != apart_from.actor]
    verbs = [name for name in VERBS if apart_from is None or name != apart_from.verb]
    actor, verb, place = (str(rng.choice(names)) for names in (actors, verbs, PLACES))
    return MatchPlan(seed, CLIP_SECONDS, (Event(1.0, 3.2, actor, verb, place),))


def _picture(folder: Path, seed: int, plan: MatchPlan) -> dict[str, Any]:
    path = folder / f"{seed}.png"
    if not path.is_file():
        draft = path.with_suffix(".partial")
        Image.fromarray(render_at(plan, 2.0)).save(draft, format="png")
        draft.replace(path)
    return {"type": "image", "image": path.name}


def _ask(event: Event, rng: np.random.Generator, medium: str) -> tuple[str, str]:
    """A question about one event and its answer in a word or three."""
    questions = (
        (f"What does the {event.actor} player do?", event.verb),
        (f"Who {event.verb} in this {medium}?", event.actor),
        (f"Where is the {event.actor} player that {event.verb}?", _WHERE[event.place]),
    )
    return questions[int(rng.integers(len(questions)))]
