"""A video of the sample world before it is written, and the plain match: what is seen, said, captioned and known."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from livecc_assets.sample.captions import Lines, write_captions
from livecc_assets.sample.match import SIZE, MatchPlan, plan_match, render, sentence
from livecc_assets.sample.speech import Soundtrack, SpokenWord, phrase
from livecc_assets.sample.video_file import FPS, write_video

#: How the captions of successive matches are written; ``embedded`` is a track inside the video.
CAPTION_KINDS = ("youtube-vtt", "vtt", "json3", "srt", "ttml", "embedded")
#: Seconds between the starts of two events: a sentence is over before the next event shows, and no silence reaches the
#: three seconds that cut a clip.
GAPS = (3.0, 3.8)
_TITLES = (
    "{day} league: {home} against {guest}",
    "{home} meet {guest}, round {round}",
    "{guest} visit {home} ({day} evening)",
    "Full match, {home} and {guest}, week {round}",
    "{day} cup round {round}: {home} v {guest}",
)
_TEAMS = ("Northside", "Riverside", "Hilltop", "Lakeview", "Westport", "Easton", "Oakfield", "Millbrook", "Stonegate")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Fate:
    """What must become of a video, or of its clips, at one asset: ``kind`` is filtered, error or kept.

    ``count`` is the number of rows with this id at the asset, where the world fixes it.
    """

    asset: str
    kind: str
    reason: str = ""
    count: int | None = None


@dataclass(frozen=True)
class SampleVideo:
    """Everything about one video. ``spoil`` damages the finished file; ``captions`` default to what is said."""

    id: str
    title: str
    category: str
    seconds: float
    frames: Callable[[], Iterator[np.ndarray]]
    sound: Soundtrack
    plan: MatchPlan | None = None
    captions: Lines | None = None
    caption_kind: str = "vtt"
    language: str = "en"
    special: str = ""
    fates: tuple[Fate, ...] = field(default=())
    spoil: Callable[[Path], None] | None = None

    def write(self, folder: Path) -> None:
        """NAME.mp4, its captions, NAME.info.json (as yt-dlp writes it) and NAME.truth.json."""
        lines = self.sound.lines if self.captions is None else self.captions
        inside = self.caption_kind == "embedded"
        path = folder / f"{self.id}.mp4"
        write_video(path, self.frames(), self.sound.samples, lines if inside else ())
        if not inside:
            write_captions(folder, self.id, lines, self.caption_kind)
        _write_json(folder / f"{self.id}.info.json", self._info())
        _write_json(folder / f"{self.id}.truth.json", self.truth())
        if self.spoil:
            self.spoil(path)

    def truth(self) -> dict:
        """Every event that is seen and every word that is said, seconds."""
        events = self.plan.events if self.plan else ()
        return {
            "events": [{k: getattr(e, k) for k in ("time", "end", "actor", "verb", "place")} for e in events],
            "words": [word.row() for word in self.sound.words],
        }

    def _info(self) -> dict:
        return {
            "id": self.id,
            "title": self.title,
            "categories": [self.category],
            "language": self.language,
            "duration": self.seconds,
            "width": SIZE,
            "height": SIZE,
            "fps": FPS,
        }


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")


def title(seed: int) -> str:
    """A title that says nothing of what happens: drawn from another stream than the plan."""
    rng = np.random.default_rng([36, seed])
    home, guest = rng.choice(len(_TEAMS), 2, replace=False)
    words = {
        "home": _TEAMS[home],
        "guest": _TEAMS[guest],
        "day": str(rng.choice(_DAYS)),
        "round": int(rng.integers(1, 30)),
    }
    return _TITLES[int(rng.integers(len(_TITLES)))].format(**words)


def match_length(seed: int) -> float:
    """24 to 32 seconds, in tenths."""
    return round(float(np.random.default_rng([37, seed]).uniform(24, 32)), 1)


def commentary(plan: MatchPlan, mute: tuple[float, float] | None = None) -> Soundtrack:
    """Every event's sentence, begun 0.1 to 0.4 s after the event shows; events that start within `mute` are not told.

    A sentence that would run into the end of the video starts earlier, but never before its event.
    """
    rng = np.random.default_rng([38, plan.seed])
    sound = Soundtrack(plan.duration)
    free = 0.0
    for event in plan.events:
        text = sentence(event)
        delay = float(rng.uniform(0.1, 0.4))
        if mute and mute[0] <= event.time < mute[1]:
            continue
        latest = plan.duration - phrase(text).seconds
        start = max(event.time, free, min(event.time + delay, latest))
        free = sound.say(round(start, 3), text)
    return sound


def match_video(id: str, seed: int, number: int = 0, seconds: float | None = None, **changes) -> SampleVideo:
    """A plain match; `number` chooses the kind of captions and the category, `changes` replace fields."""
    plan = plan_match(seed, match_length(seed) if seconds is None else seconds, *GAPS)
    mute = changes.pop("mute", None)
    given = {
        "category": "Gaming" if number % 10 == 9 else "Sports",
        "caption_kind": CAPTION_KINDS[number % len(CAPTION_KINDS)],
        **changes,
    }
    return SampleVideo(
        id,
        title(seed),
        seconds=plan.duration,
        frames=lambda: render(plan, FPS),
        sound=commentary(plan, mute),
        plan=plan,
        **given,
    )


def shuffled(lines: Lines, seed: int) -> list[list[SpokenWord]]:
    """The same moments with the words dealt anew."""
    words = [word for line in lines for word in line]
    order = iter(np.random.default_rng([39, seed]).permutation(len(words)))
    return [[SpokenWord(word.start, word.end, words[next(order)].word) for word in line] for line in lines]
