"""A strip of sampled frames with the words spoken during each under it: the quickest look at a clip for people."""

import importlib.util
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

_INK, _MUTED, _PAPER, _GAP = "#1f2937", "#6b7280", "#ffffff", 8


def words_under(times: Sequence[float], words: Sequence[Mapping[str, Any]]) -> list[str]:
    """The words that start while each frame is the latest one: text per frame; times in seconds, ascending.

    Words before the first frame go to the first, words after the last to the last, so none is left out.
    """
    spoken: list[list[str]] = [[] for _ in times]
    if not spoken:
        return []
    for word in words:
        index = int(np.searchsorted(np.asarray(times), word["start"], side="right")) - 1
        spoken[max(index, 0)].append(str(word["word"]).strip())
    return [" ".join(each) for each in spoken]


def strip(
    frames: np.ndarray, words: Sequence[str], times: Sequence[float] | None = None, columns: int = 4, width: int = 720
) -> bytes:
    """PNG ``width`` pixels wide: frames (uint8 [T, H, W, 3]) in rows of ``columns``, each over its time and words.

    Raises ValueError when frames, words and times differ in number.
    """
    from PIL import Image, ImageDraw

    count = len(frames)
    if len(words) != count or (times is not None and len(times) != count):
        raise ValueError(
            f"{count} frames, {len(words)} texts, {'no' if times is None else len(times)} times: they must pair up"
        )
    if count == 0:
        raise ValueError("a strip needs at least one frame")
    columns = min(columns, count)
    cell = (width - _GAP * (columns + 1)) // columns
    picture_height = max(1, round(cell * frames.shape[1] / frames.shape[2]))
    font, small = font_of(13), font_of(11)
    texts = [wrap(text, font, cell) for text in words]
    line = 17
    cells_of_rows = [range(start, min(start + columns, count)) for start in range(0, count, columns)]
    text_heights = [max(len(texts[index]) for index in row) * line for row in cells_of_rows]
    stamp = 16 if times is not None else 4
    height = _GAP + sum(picture_height + stamp + text + _GAP for text in text_heights)
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    top = _GAP
    for row, text_height in zip(cells_of_rows, text_heights, strict=True):
        for position, index in enumerate(row):
            left = _GAP + position * (cell + _GAP)
            frame = Image.fromarray(np.ascontiguousarray(frames[index])).resize(
                (cell, picture_height), Image.Resampling.LANCZOS
            )
            sheet.paste(frame, (left, top))
            if times is not None:
                draw.text((left, top + picture_height + 2), f"{times[index]:.1f} s", fill=_MUTED, font=small)
            for number, text in enumerate(texts[index]):
                draw.text((left, top + picture_height + stamp + number * line), text, fill=_INK, font=font)
        top += picture_height + stamp + text_height + _GAP
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG")
    return buffer.getvalue()


def wrap(text: str, font: "FreeTypeFont | ImageFont", width: int) -> list[str]:
    """Lines of ``text`` no wider than ``width`` pixels; a single word wider than that is cut into pieces."""
    lines: list[str] = []
    current = ""
    for word in text.split():
        extended = f"{current} {word}".strip()
        if font.getlength(extended) <= width:
            current = extended
            continue
        if current:
            lines.append(current)
        while font.getlength(word) > width and len(word) > 1:
            fits = next(
                size for size in range(len(word) - 1, 0, -1) if size == 1 or font.getlength(word[:size]) <= width
            )
            lines.append(word[:fits])
            word = word[fits:]
        current = word
    return [*lines, current] if current else lines


def font_of(size: int) -> "FreeTypeFont | ImageFont":
    """DejaVu Sans as matplotlib ships it (Greek and Cyrillic too), or else Pillow's own Latin font."""
    from PIL import ImageFont

    spec = importlib.util.find_spec("matplotlib")  # finds the folder without importing the package
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if path.is_file():
            return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size)
