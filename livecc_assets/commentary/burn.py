"""A video written again with its commentary: words burnt in, a subtitle track, speech over its sound (method 3.6)."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from livecc_assets.commentary.bubble import Captioner
from livecc_assets.commentary.captions import Screen, cards
from livecc_assets.commentary.utterance import Utterance, shifted
from livecc_assets.media.audio import has_audio
from livecc_assets.media.film_writer import CRF, FilmWriter, film
from livecc_assets.media.frames import Video
from livecc_assets.media.soundtrack import RATE, Stereo, blocks, silence, stereo

#: Samples that are mixed at a time.
BLOCK = RATE // 10
#: Seconds of sound that are written ahead of the pictures.
_AHEAD = 0.5
#: Seconds of sound that are left out before a word is said about it.
_TOLD = 0.1


class Speech(Protocol):
    """Lays speech over sound."""

    #: Whether the video's own sound stays under the speech.
    over_sound: bool

    def mixed(self, sound: Iterator[Stereo], said: Sequence[Utterance], seconds: float) -> Iterator[Stereo]:
        """Blocks of ``sound``, ``BLOCK`` samples each, with the words of ``said`` spoken over them."""
        ...


def burn(
    source: str,
    said: Sequence[Utterance],
    path: Path,
    start: float = 0.0,
    end: float | None = None,
    *,
    speech: Speech | None = None,
    crf: int = CRF,
    most_pixels: int | None = None,
    progress: Callable[[float, float], None] = lambda done, total: None,
    notice: Callable[[str], None] = lambda line: None,
) -> float:
    """Write the seconds ``start`` to ``end`` of a video with what is ``said``, in seconds of ``source``; returns its length.

    Without a word it is a plain copy of that part. A picture with more than ``most_pixels`` is made smaller.
    ``progress(done, total)`` counts seconds, and ``notice`` hears in a line what of the video's sound was left out. After an
    error what is at ``path`` is incomplete. Raises MediaError where the video cannot be read.
    """
    with Video.open(source) as video:
        end = min(video.duration, video.duration if end is None else end)
        length = end - start
        words = [one for one in shifted(said, -start) if one.text.strip() and one.start < length]
        cues = [(one.start, min(one.end, length), " ".join(one.text.split())) for one in words]
        sound = _sound(source, words, start, end, speech, notice)
        size = _fitting(video.width, video.height, most_pixels)
        with film(path, size, video.fps, sound=sound is not None, cues=cues, crf=crf) as out:
            _write(video, out, words, start, end, sound or iter(()), progress)
    return length


def _write(
    video: Video,
    out: FilmWriter,
    words: Sequence[Utterance],
    start: float,
    end: float,
    sound: Iterator[Stereo],
    progress: Callable[[float, float], None],
) -> None:
    screen, captioner, heard = Screen(cards(words)), Captioner(video.width, video.height), 0
    first = int(np.searchsorted(video.end_pts, start, "right"))
    last = int(np.searchsorted(video.start_pts, end, "left"))
    for index, pixels in video.each(range(first, last)):
        shown = max(0.0, float(video.start_pts[index]) - start)
        gone = min(float(video.end_pts[index]), end) - start
        card = screen.at(shown)
        out.picture(captioner.draw(pixels, card.shown(shown), card.whole) if card else pixels, shown, gone)
        while heard < (shown + _AHEAD) * RATE and (block := next(sound, None)) is not None:
            out.sound(block)
            heard += len(block)
        progress(gone, end - start)
    for block in sound:
        out.sound(block)


def _sound(
    source: str,
    words: Sequence[Utterance],
    start: float,
    end: float,
    speech: Speech | None,
    notice: Callable[[str], None],
) -> Iterator[Stereo] | None:
    def passed_over(seconds: float) -> None:
        if seconds >= _TOLD:
            notice(f"{seconds:.1f} s of the video's sound have impossible time stamps and are left out")

    length = round((end - start) * RATE)
    own = has_audio(source)
    if speech is None:
        return blocks(stereo(source, start, end, passed_over=passed_over), BLOCK, length) if own else None
    heard = own and speech.over_sound
    under = stereo(source, start, end, passed_over=passed_over) if heard else silence(length)
    return speech.mixed(blocks(under, BLOCK, length), words, end - start)


def _fitting(width: int, height: int, most_pixels: int | None) -> tuple[int, int]:
    """The size of the film: even sides of the same shape where it has to be smaller."""
    if most_pixels is None or width * height <= most_pixels:
        return width, height
    smaller = (most_pixels / (width * height)) ** 0.5
    return max(2, 2 * int(width * smaller / 2)), max(2, 2 * int(height * smaller / 2))
