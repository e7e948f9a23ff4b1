"""The videos that the filters exist for. Each knows what must become of it, and at which asset."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from livecc_assets.sample import narration, scenery
from livecc_assets.sample.speech import RATE, Soundtrack, SpokenWord, phrase
from livecc_assets.sample.videos import Fate, SampleVideo, match_video, shuffled

Frames = Callable[[int, float], Iterator[np.ndarray]]


def read_out(texts: Sequence[str], pause: float = 0.25) -> Soundtrack:
    """The sentences one after the other, `pause` seconds between; the track ends half a second after the last."""
    seconds = 0.3 + sum(phrase(text).seconds + pause for text in texts) + 0.5
    sound, time = Soundtrack(round(seconds, 1)), 0.3
    for text in texts:
        time = sound.say(round(time, 3), text) + pause
    return sound


def _told(
    name: str, special: str, seed: int, title: str, category: str, frames: Frames, sound: Soundtrack, **rest
) -> SampleVideo:
    seconds = round(len(sound.samples) / RATE, 1)
    id = f"{name}-{special}"
    return SampleVideo(id, title, category, seconds, lambda: frames(seed, seconds), sound, special=special, **rest)


def talking_head(name: str, seed: int) -> SampleVideo:
    """A person who speaks into the camera."""
    fates = (Fate("live_cc", "filtered", "talking_head"), Fate("live_whisperx", "filtered", "active_speaker"))
    sound = read_out(narration.VLOG)
    return _told(
        name, "talking-head", seed, "What I learned this year", "Education", scenery.talking_head, sound, fates=fates
    )


def music(name: str, seed: int) -> SampleVideo:
    """Music without a word; the captions say so."""
    sound = Soundtrack(26.0)
    sound.play(scenery.tune(seed, 26.0, RATE))
    marks = [[SpokenWord(float(t), t + 5.0, "[Music]")] for t in range(1, 20, 6)]
    fates = (Fate("yt_cc_source", "filtered", "few_words"),)
    return _told(
        name, "music", seed, "Relaxing sounds for work", "Gaming", scenery.equaliser, sound, captions=marks, fates=fates
    )


def german(name: str, seed: int) -> SampleVideo:
    """Another language, and the metadata say so."""
    fates = (Fate("yt_cc_source", "filtered", "language"),)
    sound = read_out(narration.GERMAN)
    return _told(
        name, "german", seed, "Ein Tag in der Stadt", "Education", scenery.town, sound, language="de", fates=fates
    )


def mislabelled(name: str, seed: int) -> SampleVideo:
    """Another language under English metadata and an English file name: only the captions' text tells."""
    fates = (Fate("yt_cc_source", "filtered", "caption_language"),)
    sound = read_out(narration.GERMAN)
    return _told(name, "mislabelled", seed, "A walk around town", "Education", scenery.town, sound, fates=fates)


def chant(name: str, seed: int) -> SampleVideo:
    """One line again and again: text that a language model finds too easy."""
    fates = (Fate("live_cc", "filtered", "loss_low"),)
    sound = read_out([narration.CHANT] * 8)
    return _told(
        name, "chant", seed, "The fans before the game", "People & Blogs", scenery.equaliser, sound, fates=fates
    )


def shuffled_captions(name: str, seed: int) -> SampleVideo:
    """Captions whose words stand in random order: text that a language model finds too hard."""
    fates = (Fate("live_cc", "filtered", "loss_high"), Fate("spoken_words", "filtered", "excluded_category"))
    sound = read_out(narration.HOWTO)
    mixed = shuffled(sound.lines, seed)
    return _told(
        name,
        "shuffled",
        seed,
        "Painting a box",
        "People & Blogs",
        scenery.workbench,
        sound,
        captions=mixed,
        fates=fates,
    )


def too_fast(name: str, seed: int) -> SampleVideo:
    """More than four words a second."""
    fates = (Fate("caption_clips", "filtered", "too_fast"),)
    sound = read_out(narration.RUSH, pause=0.05)
    return _told(name, "too-fast", seed, "Before the big game", "People & Blogs", scenery.town, sound, fates=fates)


def too_slow(name: str, seed: int) -> SampleVideo:
    """Less than a word a second, without a silence long enough to cut."""
    fates = (Fate("caption_clips", "filtered", "too_slow"),)
    sound = Soundtrack(30.0)
    for number, word in enumerate(narration.COUNTING):
        sound.say(0.3 + 1.45 * number, word)
    return _told(
        name, "too-slow", seed, "Words for a quiet evening", "People & Blogs", scenery.town, sound, fates=fates
    )


def silence_gap(name: str, seed: int) -> SampleVideo:
    """A match whose commentator falls silent for more than three seconds: what is left on both sides is too short."""
    fates = (Fate("caption_clips", "filtered", "too_short", 2),)
    return match_video(
        f"{name}-silence-gap", seed, 1, 26.0, mute=(9.5, 14.5), category="Sports", special="silence-gap", fates=fates
    )


def silence_split(name: str, seed: int) -> SampleVideo:
    """A longer match with the same silence: two clips, and none across it."""
    fates = (Fate("caption_clips", "kept", "", 2),)
    return match_video(
        f"{name}-silence-split",
        seed,
        2,
        46.0,
        mute=(19.0, 26.0),
        category="Sports",
        special="silence-split",
        fates=fates,
    )


def excluded(name: str, seed: int) -> SampleVideo:
    """A match in a category that the speech branch does not take."""
    fates = (Fate("spoken_words", "filtered", "excluded_category"),)
    return match_video(f"{name}-excluded", seed, 3, category="Film & Animation", special="excluded", fates=fates)


def evaluation(name: str, seed: int) -> SampleVideo:
    """A match that a benchmark uses: it must never train. Its id is listed in evaluation_videos.txt."""
    fates = (Fate("live_cc", "filtered", "evaluation_video"), Fate("live_whisperx", "filtered", "evaluation_video"))
    return match_video(f"{name}-evaluation", seed, 0, category="Sports", special="evaluation", fates=fates)


def corrupt(name: str, seed: int) -> SampleVideo:
    """The second half of the file is missing."""
    return _broken(f"{name}-corrupt", seed, "corrupt", "undecodable", _cut_in_half)


def zero_byte(name: str, seed: int) -> SampleVideo:
    """An empty file."""
    return _broken(f"{name}-zero-byte", seed, "zero-byte", "empty_file", _replace_by(b""))


def text_file(name: str, seed: int) -> SampleVideo:
    """A text that calls itself a video."""
    return _broken(f"{name}-text", seed, "text", "not_media", _replace_by(b"This is not a film.\n" * 40))


def playlist(name: str, seed: int) -> SampleVideo:
    """A playlist that calls itself a video and points out of the folder."""
    content = b"#EXTM3U\n#EXTINF:10,\n../../elsewhere.ts\n"
    return _broken(f"{name}-playlist", seed, "playlist", "playlist", _replace_by(content))


def bad_info(name: str, seed: int) -> SampleVideo:
    """Metadata cut off in the middle."""

    def spoil(path: Path) -> None:
        path.with_suffix(".info.json").write_text('{"id": "', encoding="utf-8")

    return _broken(f"{name}-bad-info", seed, "bad-info", "info_malformed", spoil)


def _broken(id: str, seed: int, special: str, reason: str, spoil: Callable[[Path], None]) -> SampleVideo:
    fates = (Fate("yt_cc_source", "error", reason),)
    return match_video(id, seed, 1, 12.0, category="Sports", special=special, fates=fates, spoil=spoil)


def _cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _replace_by(content: bytes) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        path.write_bytes(content)

    return spoil


Maker = Callable[[str, int], SampleVideo]
#: In every training batch.
SPECIALS: tuple[Maker, ...] = (
    talking_head,
    music,
    german,
    mislabelled,
    chant,
    shuffled_captions,
    too_fast,
    too_slow,
    silence_gap,
    silence_split,
    excluded,
    evaluation,
    corrupt,
    zero_byte,
)
#: What a bad batch is made of.
BROKEN: tuple[Maker, ...] = (corrupt, zero_byte, text_file, playlist, bad_info)
