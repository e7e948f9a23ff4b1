"""Videos that real captions and recognisers could have, and worse: odd words and spaces, repeats, times that are no numbers."""

import math
import random
from typing import Any

WORDS = [
    "go", "Go", "I", "NASA", "end.", "what?", "so!", "é", "ÉÉ.", "日本。", "'quoted'", '"it\'s"', '"So', "", ".", "İ", "ß",
    "ǅungla", "The", "A.", "42nd", "x\u200by", "\x1c", "a\tb", "\u3000", "[Music]", "♪", " lead", "trail ", "\\", "\n", "😀",
    "[", "(laughs)", ">>", "-", "-x", "JIM:", "12:30", "x-y", "*sighs*",
]  # fmt: skip
ODD = [math.nan, math.inf, -math.inf, -0.0, 1e300, -1e308, 1e17, 2.0**50 + 0.5]


class Videos:
    """Rows by a seed. ``odd``: some of the times are no numbers, or far too large."""

    def __init__(self, seed: int, odd: bool = False) -> None:
        self.random, self.odd = random.Random(seed), odd

    def captioned(self, count: int) -> list[dict[str, Any]]:
        """Rows of ``yt_cc_source``, as far as the words of captions are made of them."""
        return [
            self._about(number)
            | {
                "subtitles": self.random.choice([self._lines()] * 9 + [None]),
                "caption_words": self._given() if self.random.random() < 0.3 else None,
            }
            for number in range(count)
        ]

    def spoken(self, count: int) -> list[dict[str, Any]]:
        """Rows of ``caption_words``, with the column of ``spoken_words`` that it lacks."""
        return [self._about(number) | {"language": "en", "words": self._words()} for number in range(count)]

    def limits(self) -> dict[str, Any]:
        """Limits of clips that these videos touch."""
        lengths = self.random.choice([(0, 1), (5, 30), (30, 31), (30, 240)])
        return {
            "min_clip_sec": lengths[0],
            "max_clip_sec": lengths[1],
            "max_empty_sec": self.random.choice([0, 3, 3, 1000]),
            "rule": self.random.choice(["released", "corrected"]),
        }

    def _about(self, number: int) -> dict[str, Any]:
        category = self.random.choice([None, "Sports"])
        about = {"video_id": f"v{number}é", "batch": "b", "path": f"{number}.mp4", "sha256": "0", "title": "T"}
        return about | {"category": category}

    def _time(self) -> float:
        pick = self.random
        if self.odd and pick.random() < 0.05:
            return pick.choice(ODD)
        return pick.choice([pick.uniform(0, 600), round(pick.uniform(0, 600), 3), pick.randrange(12000) / 20])

    def _lines(self) -> list[dict[str, Any]]:
        pick, time, lines = self.random, 0.0, []
        for _ in range(pick.choice([0, 1, 2, 10, 40])):
            start = time + pick.choice([0, 0.05, 0.25, 5])
            time = start + pick.choice([0, 0.1, 1.05, 2.5, pick.uniform(0, 9)])
            start, end = (start, time) if pick.random() < 0.7 else (self._time(), self._time())
            said = [
                word
                for word in pick.choices(WORDS, k=pick.choice([0, 1, 2, 5, 12]))
                for _ in range(pick.choice([1, 1, 1, 3]))
            ]
            lines.append(
                {"start": start, "end": end, "text": pick.choice([" ", " ", "  ", " \t", "\u2003"]).join(said)}
            )
        return lines

    def _given(self) -> list[dict[str, Any]]:
        count = self.random.choice([0, 1, 3, 30])
        return [{"start": self._time(), "end": self._time(), "word": self.random.choice(WORDS)} for _ in range(count)]

    def _words(self) -> list[dict[str, Any]]:
        pick, time, words = self.random, 0.0, []
        ordered = pick.random() < 0.8
        for _ in range(pick.choice([0, 0, 1, 2, 3, 30, 200, 700])):
            time += pick.choice([0.1, 0.2, 0.3, 0.5]) if pick.random() > 0.02 else pick.choice([3.0, 3.1, 8, -5])
            start = time if ordered else self._time()
            end = pick.choice([start + 0.3, start, round(start + 0.2, 1) if math.isfinite(start) else start])
            words.append({"start": start, "end": end, "word": pick.choice(WORDS + ["go", "say", "The"] * 9)})
        return words
