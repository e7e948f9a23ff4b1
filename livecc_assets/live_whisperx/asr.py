"""B1 and B2: videos of the wanted categories are transcribed with a time for every word (method 1.5, 1.6).

The recogniser is faster-whisper, as in the published recipe (which calls it WhisperX, but aligns nothing). Voice
activity detection stays on: without it Whisper invents words over music.
"""

import math
from collections.abc import Collection, Iterable, Iterator
from numbers import Real
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.core.rules import Rule
from livecc_assets.core.text import brief
from livecc_assets.core.word_times import KINDS, LONGEST, WordListError, sound_words
from livecc_assets.media.audio import read_audio
from livecc_assets.models.folder_check import checked, loading, using
from livecc_assets.store.rows import Note, Rejected, Row
from livecc_assets.store.videos import COLUMNS, AddressOf

RATE = 16000
#: How sure the model must be that a video is in another language before it is left out.
OTHER_LANGUAGE_CERTAINTY = 0.5


class Recogniser(Protocol):
    """Mono float32 samples at 16 kHz become words and the language they are in.

    The words may be as unsound as they come: :func:`spoken_words` mends them.
    """

    def __call__(self, audio: np.ndarray) -> tuple[list[Any], str]: ...


class OtherLanguageError(Exception):
    """The recogniser heard a language that was not asked for."""


class FasterWhisper:
    """A Whisper model in CTranslate2 form.

    ``language`` None detects it per video. A multilingual model given a language first checks that the speech is in
    it; an English-only model cannot tell, so other languages are left to the language filter that follows.
    """

    def __init__(
        self,
        model: Any,
        language: str | None,
        batch_size: int = 1,
        beam_size: int = 5,
        temperature: float | None = None,
        name: str = "the recogniser",
    ) -> None:
        self._name = name
        self._model, self.language, self._batch_size = model, language, batch_size
        self._options: dict[str, Any] = {"word_timestamps": True, "vad_filter": True, "beam_size": beam_size}
        if temperature is not None:
            # The library tries again, hotter and slower, whatever repeats itself; rule-bound commentary always does.
            self._options["temperature"] = temperature

    @classmethod
    def load(cls, config: dict[str, Any], home: Path) -> "FasterWhisper":
        """From a profile's ``asr`` section. Raises :class:`UserError` for an unsound model, and for a
        device or format that this machine lacks."""
        from faster_whisper import WhisperModel

        from livecc_assets.models.reference import resolve

        folder = checked(resolve(config["model"], home))
        device, compute_type = config.get("device", "cpu"), config.get("compute_type", "int8")
        with loading(config["model"]):
            try:
                model = WhisperModel(str(folder), device=device, compute_type=compute_type)
            except (ValueError, RuntimeError) as error:
                raise UserError(
                    f"{config['model']} cannot be loaded with asr.device {device} and asr.compute_type {compute_type} "
                    f"({brief(error)}); device cpu with compute_type int8 works everywhere"
                ) from error
        batch, beam = config.get("batch_size", 1), config.get("beam_size", 5)
        return cls(model, config.get("language"), batch, beam, config.get("temperature"), config["model"])

    def __call__(self, audio: np.ndarray) -> tuple[list[Any], str]:
        """Words with times rounded to 0.01 s, otherwise as the model gives them. Raises :class:`OtherLanguageError`."""
        if self.language and self._model.model.is_multilingual:
            self._check_language(audio)
        options: dict[str, Any] = self._options | {"language": self.language}
        with using(self._name):
            if self._batch_size > 1:
                from faster_whisper import BatchedInferencePipeline

                pipeline = BatchedInferencePipeline(self._model)
                segments, info = pipeline.transcribe(audio, batch_size=self._batch_size, **options)
            else:
                segments, info = self._model.transcribe(audio, condition_on_previous_text=False, **options)
            words = [
                {"start": _rounded(word.start), "end": _rounded(word.end), "word": word.word.strip()}
                for segment in segments
                for word in segment.words or []
            ]
        return words, info.language

    def _check_language(self, audio: np.ndarray) -> None:
        with using(self._name):
            language, certainty, _ = self._model.detect_language(audio=audio, vad_filter=True)
        if language != self.language and certainty >= OTHER_LANGUAGE_CERTAINTY:
            raise OtherLanguageError(f"the speech is in {language!r} ({certainty:.2f}), wanted is {self.language!r}")


def _rounded(time: Any) -> Any:
    """A time to 0.01 s, which is finer than the model's own grid; what is no time stays as it is."""
    return round(float(time), 2) if isinstance(time, Real) else time


def spoken_words(
    videos: Iterable[dict[str, Any]],
    address_of: AddressOf,
    recogniser: Recogniser,
    categories: Collection[str] | None,
    rule: Rule = "corrected",
) -> Iterator[Row]:
    """Rows of ``spoken_words`` from rows of ``yt_cc_source``; ``categories`` None admits all, ``rule`` mixes the channels.

    The words of a row are sound and end within the sound and the picture; notes say how many had to be mended.

    *Filtered*: ``excluded_category`` (before anything is decoded), ``no_audio``, ``no_speech``, ``other_language``.
    A file that cannot be decoded is an *error*, and so are words none of which has a time.
    """
    for video in videos:
        notes: list[Note] = []
        row = _transcribed(video, address_of, recogniser, categories, rule, notes)
        yield from notes
        yield row


def _transcribed(
    video: dict[str, Any],
    address_of: AddressOf,
    recogniser: Recogniser,
    categories: Collection[str] | None,
    rule: Rule,
    notes: list[Note],
) -> dict[str, Any] | Rejected:
    video_id, category = video["video_id"], video.get("category")
    if categories is not None and category not in categories:
        wanted = ", ".join(sorted(categories))
        detail = f"category {category!r} is not one of {wanted}"
        if category is None:
            detail = f"its category is unknown; name one in its .info.json or with livecc ingest --category: {wanted}"
        return Rejected(video_id, "filtered", "excluded_category", detail, video_id)
    try:
        audio = read_audio(address_of(video), rate=RATE, rule=rule)
        given, language = recogniser(audio) if len(audio) else ([], "")
        heard = sound_words(given, min(len(audio) / RATE, video.get("duration") or math.inf), LONGEST)
    except MediaError as error:
        kind = "filtered" if error.reason == "no_audio" else "error"
        return Rejected(video_id, kind, error.reason, error.detail, video_id)
    except OtherLanguageError as error:
        return Rejected(video_id, "filtered", "other_language", str(error), video_id)
    except WordListError as error:
        return Rejected(video_id, "error", error.reason, error.detail, video_id)
    for kind, count in heard.counts.items():
        detail = f"{count} of the words heard in {video_id} {KINDS[kind]}"
        notes.append(Note(f"{video_id}#words", f"words_{kind}", detail, video_id, count))
    if not heard.words:
        detail = f"no word was recognised in {len(audio) / RATE:.1f} s of sound"
        return Rejected(video_id, "filtered", "no_speech", detail, video_id)
    kept = {name: video.get(name) for name in ("video_id", *COLUMNS, "title", "category")}
    return {**kept, "language": language, "words": heard.words}
