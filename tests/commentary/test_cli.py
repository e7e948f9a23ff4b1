"""What ``livecc comment`` does with good and bad input."""

import json
from pathlib import Path
from typing import Any

import pytest

from livecc_assets.cli.comment import comment
from livecc_assets.core.errors import UserError

CONFIG: dict[str, Any] = {
    "commentary": {"max_new_tokens": 4, "repetition_penalty": 1.0, "device": "cpu", "dtype": "float32"},
    "video": {"min_pixels": 3136, "stream_max_pixels": 3136, "frame_pixels": 3136},
}


def test_every_format_is_written(video: Path, model_folder: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    outs = {}
    for fmt in ("jsonl", "vtt", "html"):
        out = tmp_path / f"out.{fmt}"
        count = comment(
            str(video), str(model_folder), "what now?", fmt, out, CONFIG, lambda d, t, m: seen.append((d, t)), start=2.0
        )
        outs[fmt] = out.read_text("utf-8")
        assert count > 0
    rows = [json.loads(line) for line in outs["jsonl"].splitlines()]
    assert [row["start"] for row in rows] == [2.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0][: len(rows)] and len(rows) >= 7
    assert outs["vtt"].count("-->") == sum(1 for row in rows if row["text"].strip())
    assert outs["html"].count('class="w"') == sum(len(row["text"].split()) for row in rows)
    assert seen[0] == (0, None) and seen[-1][1] == 10 and 8 <= seen[-1][0] <= 10
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.html", "out.jsonl", "out.vtt"], "no draft is left behind"
    assert (tmp_path / "out.vtt").stat().st_mode & 0o044, "readable by others as any new file"


def test_standard_output_takes_text(video: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    comment(str(video), str(model_folder), fmt="jsonl", config=CONFIG, end=4.0)
    assert [json.loads(line)["start"] for line in capsys.readouterr().out.splitlines()] == [0.0, 3.0]


def _refused(match: str, *args: Any, **kwargs: Any) -> None:
    with pytest.raises(UserError, match=match) as caught:
        comment(*args, **kwargs)
    assert "\n" not in str(caught.value)


def test_bad_input_is_one_line_with_a_remedy(video: Path, model_folder: Path, tmp_path: Path) -> None:
    model, good = str(model_folder), str(video)
    empty, text, playlist = tmp_path / "empty.mp4", tmp_path / "notes.mp4", tmp_path / "list.mp4"
    empty.write_bytes(b"")
    text.write_text("not a video at all " * 20)
    playlist.write_text("#EXTM3U\nfile:///etc/passwd\n")
    _refused(r"gone\.mp4: no such file", str(tmp_path / "gone.mp4"), model)
    for bad in (empty, text, playlist):
        _refused(bad.name, str(bad), model)
    _refused("only local paths and s3://", "https://example.org/a.mp4", model)
    _refused("model folder .* does not exist", good, str(tmp_path / "nomodel"))
    _refused("no config.json", good, str(tmp_path))
    _refused("--format srt.*vtt, jsonl, html", good, model, fmt="srt")
    _refused("does not exist; create it", good, model, out=tmp_path / "missing" / "out.vtt")
    _refused("is a folder", good, model, out=tmp_path)
    _refused("lasts 12.0 s", good, model, start=40.0)
    _refused("lasts 12.0 s", good, model, start=5.0, end=4.0)
    _refused("max_tokens: unknown key; did you mean", good, model, config={"commentary": {"max_tokens": 4}})


def test_a_failure_midway_leaves_no_file(
    video: Path, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from livecc_assets.core.errors import MediaError
    from livecc_assets.media.frames import Video

    inner = Video.frames

    def frames(self: Video, indices: list[int]):
        if indices[0] >= 60:
            raise MediaError("undecodable", "frame 60 cannot be decoded")
        return inner(self, indices)

    monkeypatch.setattr(Video, "frames", frames)
    (tmp_path / "old.vtt").write_text("kept")
    _refused("frame 60", str(video), str(model_folder), out=tmp_path / "old.vtt", config=CONFIG)
    assert [p.name for p in tmp_path.iterdir()] == ["old.vtt"]
    assert (tmp_path / "old.vtt").read_text() == "kept"
