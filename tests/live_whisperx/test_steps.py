"""The stage's steps as the launcher runs them: words in, the training set out, with a real store between."""

from pathlib import Path
from typing import Any

from livecc_assets.live_whisperx import assets
from livecc_assets.live_whisperx.schemas import SCHEMAS
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.store import Store

SENTENCE = "Red passes the ball to the left. "


def _write(store: Store, asset: str, schema: Any, rows: list[dict[str, Any]]) -> Artifact:
    writer = store.write(asset, "one", "key", schema, code_version="1", config={}, upstream=[])
    writer.extend(rows)
    writer.commit()
    return _found(store, asset)


def _found(store: Store, asset: str) -> Artifact:
    artifact = store.at(store.place(asset, "one", "key"))
    assert artifact is not None
    return artifact


def test_the_branch_runs_from_words_to_the_training_set(tmp_path: Path):
    store = Store(str(tmp_path / "artefacts"), tmp_path / "cache")

    def run(main, asset: str, config: dict[str, Any], *upstream: Artifact) -> Artifact:
        writer = store.write(asset, "one", "key", SCHEMAS[asset], code_version="1", config=config, upstream=[])
        inputs: dict[str, list[Artifact]] = {}
        for artifact in upstream:
            inputs.setdefault(artifact.asset, []).append(artifact)
        main(Task(asset, config, tmp_path / "home", inputs, writer, "key"))
        writer.commit()
        return _found(store, asset)

    texts = (SENTENCE * 6).split()
    words = [{"start": i * 0.5, "end": i * 0.5 + 0.4, "word": text} for i, text in enumerate(texts)]
    about = {
        "batch": "one",
        "path": "u",
        "sha256": "0",
        "title": "t",
        "category": "Sports",
        "language": "en",
        "words": words,
    }
    spoken = _write(store, "spoken_words", SCHEMAS["spoken_words"], [{"video_id": name, **about} for name in "abc"])
    clips = run(assets.sentence_clips, "sentence_clips", {"min_clip_sec": 12}, spoken)
    assert [row["clip_id"] for row in clips.rows()] == ["a:0", "b:0", "c:0"]
    queries = run(assets.commentary_queries, "commentary_queries", {"writer": "template"}, clips)
    assert all(row["accepted"] and row["query"] for row in queries.rows())
    languages = run(assets.language_scores, "language_scores", {"model": "embedded:py3langid"}, clips)
    assert {row["language"] for row in languages.rows()} == {"en"}
    ids = [{"clip_id": f"{name}:0", "video_id": name} for name in "abc"]
    losses = _write(
        store, "sentence_clip_losses", SCHEMAS["sentence_clip_losses"], [{**i, "loss": 3.0, "tokens": 9} for i in ids]
    )
    ratios = _write(
        store,
        "active_speaker_ratios",
        SCHEMAS["active_speaker_ratios"],
        [{**i, "ratio": 0.5 if i["video_id"] == "c" else 0.0} for i in ids],
    )
    from livecc_assets.source.schemas import SCHEMAS as SOURCE

    held_out = _write(
        store, "evaluation_videos", SOURCE["evaluation_videos"], [{"video_id": "b", "benchmark": "livesports"}]
    )
    recipe = {"loss": [1.5, 6.0], "active_speaker_ratio": [0.0, 0.05], "min_language_score": 0.9, "size": None}
    tables = (clips, losses, ratios, queries, languages, held_out)
    chosen = run(assets.live_whisperx, "live_whisperx", recipe, *tables)
    (row,) = chosen.rows()
    assert (row["batch"], row["clip_id"], row["rank"], row["loss"]) == ("one", "a:0", 1, 3.0)
    assert {row["id"]: row["reason"] for row in chosen.rejected()} == {
        "b:0": "evaluation_video",
        "c:0": "active_speaker",
    }
