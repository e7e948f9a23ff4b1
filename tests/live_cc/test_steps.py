"""The stage's steps as the launcher runs them: artifacts in, one artifact out."""

import json
from pathlib import Path

from livecc_assets.live_cc import assets

NOTHING = {"category": "Sports", "language": "en", "caption_words": None, "truth": None, "caption_format": "vtt"}


def _source(video_id, subtitles, path="absent.mp4"):
    numbers = {"size_bytes": 1, "duration": 40.0, "width": 112, "height": 112, "fps": 10.0}
    lines = [{"start": s, "end": e, "text": t} for s, e, t in subtitles]
    return {
        "video_id": video_id,
        "batch": "",
        "path": path,
        "sha256": "0",
        "title": "T",
        **NOTHING,
        **numbers,
        "subtitles": lines,
    }


def test_captions_become_words_and_words_become_clips(run_task):
    rows = [
        _source("talks", [(i * 2.0, i * 2.0 + 2, f"one{i} two{i} three{i} four{i}") for i in range(20)]),
        _source("plays", [(0.0, 2.0, "[Music]")]),
    ]
    words = run_task(assets.caption_words, "caption_words", {"rule": "corrected"}, {"yt_cc_source": {"one": rows}})
    assert [row["video_id"] for row in words.rows()] == ["talks"]
    assert [row["reason"] for row in words.rejected()] == ["no_words"]
    clips = run_task(
        assets.caption_clips, "caption_clips", {"min_clip_sec": 12}, {"caption_words": {"one": list(words.rows())}}
    )
    (clip,) = clips.rows()
    assert (clip["clip_id"], clip["distinct_words"], clip["end"]) == ("talks:0", 80, 40.0)


def test_the_selection_joins_two_batches_and_keeps_benchmark_videos_out(run_task):
    words = [{"start": 0.0, "end": 1.0, "word": "go"}]
    shared = {
        "path": "u",
        "sha256": "0",
        "title": "t",
        "category": None,
        "start": 0.0,
        "end": 9.0,
        "words": words,
        "previous": "",
    }

    def clip(video):
        about = {"words_per_second": 2.0, "distinct_words": ord(video)}
        return {"clip_id": f"{video}:0", "video_id": video, **shared, **about}

    def loss(video):
        return {"clip_id": f"{video}:0", "video_id": video, "loss": 3.0, "tokens": 9}

    def head(video):
        return {"video_id": video, "score": 0.5 if video == "d" else 0.0, "frames": 8}

    batches = {"one": "ab", "two": "cd"}
    inputs = {
        asset: {
            name: [make(video) | ({"batch": name} if make is clip else {}) for video in videos]
            for name, videos in batches.items()
        }
        for asset, make in (("caption_clips", clip), ("caption_clip_losses", loss), ("talking_head_scores", head))
    }
    inputs["evaluation_videos"] = {"all": [{"video_id": "a", "benchmark": "livesports"}]}
    chosen = run_task(assets.live_cc, "live_cc", {"loss": [1.5, 6.5], "talking_head_below": 0.3, "size": 9}, inputs)
    assert [(row["batch"], row["video_id"], row["rank"]) for row in chosen.rows()] == [("one", "b", 2), ("two", "c", 1)]
    assert {row["id"]: row["reason"] for row in chosen.rejected()} == {"a:0": "evaluation_video", "d:0": "talking_head"}
    assert chosen.manifest.metadata["batches"] == ["one", "two"]


def test_the_talking_head_worker_scores_every_source_video(run_task, make_video, tmp_path: Path):
    talk = make_video("talk.mp4", [True, True])
    rows = [_source("talk", [], str(talk)), _source("gone", [], str(tmp_path / "gone.mp4"))]
    config = {"scorer": "face-share", "model": "embedded:mtcnn", "frames": 4}
    scores = run_task(assets.talking_head_scores, "talking_head_scores", config, {"yt_cc_source": {"one": rows}})
    assert list(scores.rows()) == [{"video_id": "talk", "score": 1.0, "frames": 4}]
    assert [(row["id"], row["kind"]) for row in scores.rejected()] == [("gone", "error")]
    assert "in place of" in scores.manifest.metadata["substitute"]
    assert json.dumps(scores.manifest.metadata)
