"""What was heard, watched, asked and read of a batch is not done again when the worker is killed."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from livecc_assets.live_whisperx import active_speaker, asr, assets, queries
from livecc_assets.live_whisperx.schemas import SCHEMAS
from livecc_assets.runtime.task import Task
from livecc_assets.source import language
from livecc_assets.source.schemas import SCHEMAS as SOURCE
from livecc_assets.store.store import Store
from tests.artifacts import new_store, task_of, write
from tests.killing import Killed, Work, resumed_alike

Tasks = Callable[[str], tuple[Store, Task]]


def _clip(number: int) -> dict[str, Any]:
    video = number // 7
    words = [{"start": float(n), "end": n + 1.0, "word": f"word{number + n}"} for n in range(3 + number % 5)]
    return {
        "clip_id": f"v{video}:{number}", "video_id": f"v{video}", "batch": "", "path": f"v{video}.mp4", "sha256": "0",
        "title": "T", "category": "Sports", "start": number / 3, "end": number / 3 + 4, "words": words, "preasr": "",
        "words_per_second": 2.0, "distinct_words": 3,
    }  # fmt: skip


def clip_tasks(folder: Path, asset: str, config: dict[str, Any]) -> Tasks:
    def tasks(name: str) -> tuple[Store, Task]:
        store = new_store(folder / name)
        clips = write(store, "sentence_clips", "a", [_clip(n) for n in range(60)], SCHEMAS["sentence_clips"])
        return store, task_of(store, folder, asset, "a", SCHEMAS[asset], config, [clips])

    return tasks


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_recognition_goes_on_with_the_next_video(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work()

    class Recogniser:
        def __call__(self, audio: np.ndarray) -> tuple[list[dict[str, Any]], str]:
            work(int(audio[0]))
            if audio[0] == 9:
                raise asr.OtherLanguageError("it is French")
            word = {"start": np.float64(audio[0]) / 3, "end": np.float32(audio[0]) / 7, "word": f"w{audio[0]}"}
            return [word] * (int(audio[0]) % 3), "en"

    monkeypatch.setattr(asr.FasterWhisper, "load", lambda *_: Recogniser())
    monkeypatch.setattr(asr, "read_audio", lambda uri, rate, rule: np.full(16 * rate, int(Path(uri).stem[1:])))
    schema = SOURCE["yt_cc_source"]
    for number, field in enumerate(schema):
        schema = schema.set(number, field.with_nullable(True))
    blank = {field.name: None for field in schema}

    def tasks(name: str) -> tuple[Store, Task]:
        store = new_store(tmp_path / name)
        row = blank | {"batch": "", "sha256": "0", "title": "T", "category": "Sports"}
        rows = [row | {"video_id": f"v{n}", "path": f"v{n}.mp4"} for n in range(45)]
        videos = write(store, "yt_cc_source", "a", rows, schema)
        config = {"model": "m", "categories": ["Sports"]}
        return store, task_of(store, tmp_path, "spoken_words", "a", SCHEMAS["spoken_words"], config, [videos])

    whole, made = resumed_alike(assets.spoken_words, work, tasks, seed)
    assert list(made.rows()) == list(whole.rows()) and whole.manifest.rejected == 15


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_watching_goes_on_within_a_video(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work()

    class Remembering:
        """Opens a video anew when it comes to it, as the real ones do."""

        uri, opened = "", 0

        def __call__(self, uri: str, start: float, end: float) -> float:
            work((uri, start))
            if uri != self.uri:
                self.uri, self.opened = uri, len(uri)
            return (start + self.opened) / (end + 50)

    monkeypatch.setattr(active_speaker, "load_scorer", lambda *_: Remembering())
    config = {"model": "m", "scorer": "face-and-voice"}
    tasks = clip_tasks(tmp_path, "active_speaker_ratios", config)
    resumed_alike(assets.active_speaker_ratios, work, tasks, seed)


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_reading_of_languages_goes_on(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work()

    def detect(text: str) -> tuple[str, np.float32]:
        work(text)
        return "en", np.float32(len(text) / 97)

    monkeypatch.setattr(language, "detector", lambda *_: detect)
    resumed_alike(assets.language_scores, work, clip_tasks(tmp_path, "language_scores", {"model": "m"}), seed)


@pytest.mark.parametrize("writer", ["template", "openai"])
@pytest.mark.parametrize("seed", range(3))
def test_a_killed_questioning_asks_no_question_twice(
    seed: int, writer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, lock = Work(), threading.Lock()

    def write_query(clip: dict[str, Any]) -> queries.Decision:
        with lock:
            work(clip["clip_id"])
        return queries.Decision(f"Say {clip['clip_id']}." if len(clip["words"]) % 2 else None, "because")

    monkeypatch.setattr(queries, "load_writer", lambda *_: write_query)
    config = {"writer": writer, "model": "gpt", "workers": 4 if writer == "openai" else 1}
    tasks = clip_tasks(tmp_path, "commentary_queries", config)
    before = resumed_alike(assets.commentary_queries, work, tasks, seed)
    assert before[0].count == 60


def test_no_answer_that_came_before_the_kill_is_paid_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work, lock = Work(), threading.Lock()

    def write_query(clip: dict[str, Any]) -> queries.Decision:
        with lock:
            work(clip["clip_id"])
        return queries.Decision("Say it.", "because")

    monkeypatch.setattr(queries, "load_writer", lambda *_: write_query)
    tasks = clip_tasks(tmp_path, "commentary_queries", {"writer": "openai", "model": "gpt", "workers": 8})
    work.again(33)
    with pytest.raises(Killed):
        assets.commentary_queries(tasks("x")[1])
    paid = set(work.again())
    assets.commentary_queries(tasks("x")[1])
    assert len(paid) == 33 and paid.isdisjoint(work.done)
    assert len(work.done) == 27
