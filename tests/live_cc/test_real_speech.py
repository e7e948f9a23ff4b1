"""The words of a real talk in a rolling caption file, from the file to the clip."""

import json
from collections import Counter

from livecc_assets.graph.settings.video import ClipLimits
from livecc_assets.live_cc.clips import runs
from livecc_assets.live_cc.words import caption_words
from livecc_assets.source.captions import read_captions
from tests.recordings import Media


def stamp(seconds: float) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3600000:02d}:{ms // 60000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


def rolling(spoken: list[tuple[str, float, float]], planted: dict[int, str]) -> str:
    """YouTube's automatic captions: two rows, a flash when they move up; marks are planted before the words of those numbers."""
    cues: list[str] = []
    above = " "
    for first in range(0, len(spoken), 7):
        line = spoken[first : first + 7]
        end = spoken[first + 7][1] if first + 7 < len(spoken) else line[-1][2]
        end = max(end, line[-1][1] + 0.05)
        shown, timed = [], ""
        for k, (word, start, _) in enumerate(line, start=first):
            text = f"{planted[k]} {word}" if k in planted else word
            timed += text if k == first else f"<{stamp(start)}><c> {text}</c>"
            shown.append(text)
        cues.append(f"{stamp(line[0][1])} --> {stamp(end - 0.01)} align:start\n{above}\n{timed}")
        above = " ".join(shown)
        cues.append(f"{stamp(end - 0.01)} --> {stamp(end)} align:start\n{above}\n ")
    return "WEBVTT\nKind: captions\nLanguage: en\n\n" + "\n\n".join(cues) + "\n"


def test_a_talk_in_rolling_captions_gives_every_spoken_word_and_one_clip(media: Media):
    segments = json.loads((media / "asr_whisper_base.json").read_text())["v2d_test_video.mp4"]
    spoken = [(word.strip(), start, end) for segment in segments for word, start, end, _ in segment["words"]]
    planted = {3: "&gt;&gt;", 40: "[ __ ]", 100: "[Music]", 150: "&amp;gt;&amp;gt;", 222: "[ __ ]", 290: "[Music]"}
    captions = read_captions(rolling(spoken, planted).encode(), "v2d_test_video.en.vtt")
    assert captions.problems == []
    counts: Counter[str] = Counter()
    video = {"video_id": "v", "subtitles": captions.lines, "caption_words": captions.words}
    (row,) = caption_words([video], "corrected", counts)
    assert isinstance(row, dict)
    assert [word["word"] for word in row["words"]] == [word for word, _, _ in spoken]
    late = [abs(word["start"] - start) for word, (_, start, _) in zip(row["words"], spoken, strict=True)]
    assert sorted(late)[-7:] < [0.7] * 7 and sum(gap > 0.011 for gap in late) <= len(planted)
    assert counts == {"turn": 2, "bracket": 8}
    limits = ClipLimits()
    (clip,) = runs(row["words"], limits)
    assert (clip.fate, clip.first, clip.last) == ("kept", 0, len(spoken))
    assert clip.seconds > 100


def test_the_same_talk_under_released_loses_the_lines_with_brackets(media: Media):
    segments = json.loads((media / "asr_whisper_base.json").read_text())["v2d_test_video.mp4"]
    spoken = [(word.strip(), start, end) for segment in segments for word, start, end, _ in segment["words"]]
    captions = read_captions(rolling(spoken, {100: "[Music]"}).encode(), "a.vtt")
    video = {"video_id": "v", "subtitles": captions.lines, "caption_words": captions.words}
    (row,) = caption_words([video], "released")
    assert isinstance(row, dict)
    assert [word["word"] for word in row["words"]] == [word for word, _, _ in spoken[:98] + spoken[105:]]
