"""B5: in how much of a clip does somebody in view speak? (method 1.8; paper section 3.1). No threshold here.

``light-asd`` is the paper's (``light_asd.py``). ``face-and-voice`` counts the seconds that have a voice in the sound and a face
in the picture. It cannot tell whether the face belongs to the voice: a narrator over footage of people counts as a speaker,
which Light-ASD would not say.
"""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from livecc_assets.core.errors import MediaError
from livecc_assets.core.rules import Rule
from livecc_assets.media.audio import read_audio
from livecc_assets.media.frames import Video
from livecc_assets.store.rows import Rejected
from livecc_assets.store.videos import AddressOf

if TYPE_CHECKING:
    from livecc_assets.models.faces import FaceFinder

RATE = 16000


class Scorer(Protocol):
    """Share in [0, 1] of [start, end) seconds of a video in which somebody in view speaks."""

    def __call__(self, uri: str, start: float, end: float) -> float: ...


class FaceAndVoice:
    """MTCNN at one frame a second, Silero VAD on the sound; what was seen of the current video is remembered.

    A second has a voice when at least half of it is speech. Only seconds with a voice are looked at.
    """

    def __init__(self, finder: "FaceFinder") -> None:
        self._finder = finder
        self._uri: str | None = None
        self._voiced: list[bool] = []
        self._faces: dict[int, bool] = {}

    @classmethod
    def load(cls, config: dict[str, Any], home: Path) -> "FaceAndVoice":
        """From a profile's ``active_speaker`` section: ``model`` (faces) and ``voice_model``."""
        from livecc_assets.models.faces import FaceFinder
        from livecc_assets.models.reference import resolve

        resolve(
            config.get("voice_model", "embedded:silero"), home
        )  # checks the bytes that faster-whisper is about to load
        return cls(FaceFinder.load(config["model"], home, working_side=config.get("working_side", 168)))

    def __call__(self, uri: str, start: float, end: float) -> float:
        """Voiced seconds with a face / seconds of the clip. Raises MediaError for a file that cannot be read."""
        if uri != self._uri:
            self._voiced, self._faces, self._uri = voiced_seconds(read_audio(uri, rate=RATE)), {}, uri
        seconds = range(math.floor(start), max(math.floor(start) + 1, math.ceil(end)))
        voiced = [second for second in seconds if second < len(self._voiced) and self._voiced[second]]
        wanted = [second for second in voiced if second not in self._faces]
        if wanted:
            self._look(uri, wanted)
        return sum(self._faces[second] for second in voiced) / len(seconds)

    def _look(self, uri: str, seconds: list[int]) -> None:
        with Video.open(uri) as video:
            moments = np.array(seconds) + 0.5
            shown = np.searchsorted(video.end_pts, moments)
            inside = (shown < len(video)) & (moments >= video.start_pts[0])
            self._faces.update(dict.fromkeys(np.array(seconds)[~inside].tolist(), False))
            looked = np.array(seconds)[inside].tolist()
            for second, (_, pixels) in zip(looked, video.each(shown[inside].tolist()), strict=True):
                self._faces[second] = bool(self._finder.find(pixels))


def voiced_seconds(audio: np.ndarray) -> list[bool]:
    """For each whole or begun second of 16 kHz sound: is at least half of it speech, as Silero hears it?"""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    if not len(audio):
        return []
    speech = np.zeros(math.ceil(len(audio) / RATE) * RATE, dtype=bool)
    for part in get_speech_timestamps(audio, VadOptions(min_silence_duration_ms=200, speech_pad_ms=30)):
        speech[part["start"] : part["end"]] = True
    return [bool(share >= 0.5) for share in speech.reshape(-1, RATE).mean(axis=1)]


def load_scorer(config: dict[str, Any], home: Path) -> Scorer:
    """The scorer that the profile's ``active_speaker`` section names."""
    if config["scorer"] == "face-and-voice":
        return FaceAndVoice.load(config, home)
    from livecc_assets.live_whisperx.light_asd import LightASDScorer

    return LightASDScorer.load(config, home)


def substitute(config: dict[str, Any]) -> dict[str, str]:
    """What the asset's page says of a scorer that is not the paper's."""
    if config["scorer"] == "light-asd":
        return {}
    return {"substitute": "seconds with a face in view and a voice, in place of Light-ASD"}


def active_speaker_ratios(
    clips: Iterable[dict[str, Any]], address_of: AddressOf, scorer: Scorer, rule: Rule = "corrected"
) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``active_speaker_ratios``; a video that cannot be read is an *error*.

    By the ``released`` rule a clip begins where its first word ends.
    """
    for clip in clips:
        start, end = (
            (clip["words"][at]["end"] for at in (0, -1)) if rule == "released" else (clip["start"], clip["end"])
        )
        try:
            ratio = scorer(address_of(clip), start, end)
        except MediaError as error:
            yield Rejected(clip["clip_id"], "error", error.reason, error.detail, clip["video_id"])
        else:
            yield {"clip_id": clip["clip_id"], "video_id": clip["video_id"], "ratio": ratio}
