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
        said = comment(
            str(video), str(model_folder), "what now?", fmt, out, CONFIG, lambda d, t, m: seen.append((d, t)), start=2.0
        )
        outs[fmt] = out.read_text("utf-8")
        assert said.words > 0
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
    _refused("addresses are not opened", "gopher://example.org/a.mp4", model)
    _refused("model folder .* does not exist", good, str(tmp_path / "nomodel"))
    _refused("no config.json", good, str(tmp_path))
    _refused("--format srt.*vtt, jsonl, html", good, model, fmt="srt")
    _refused("does not exist; create it", good, model, out=tmp_path / "missing" / "out.vtt")
    _refused("is a folder", good, model, out=tmp_path)
    _refused("lasts 12.0 s", good, model, start=40.0)
    _refused("lasts 12.0 s", good, model, start=5.0, end=4.0)
    _refused("max_tokens: unknown key; did you mean", good, model, config={"commentary": {"max_tokens": 4}})


@pytest.fixture
def broken_at_6_s(monkeypatch: pytest.MonkeyPatch) -> None:
    from livecc_assets.commentary import engine
    from livecc_assets.core.errors import MediaError

    inner = engine.blocks_as_they_come

    def blocks(*arguments: Any):
        for block in inner(*arguments):
            if block.start_s >= 6:
                raise MediaError("undecodable", "frame 60 cannot be decoded")
            yield block

    monkeypatch.setattr(engine, "blocks_as_they_come", blocks)


@pytest.mark.parametrize("fmt", ["jsonl", "vtt", "html"])
def test_a_failure_midway_keeps_what_was_said(
    fmt: str, video: Path, model_folder: Path, tmp_path: Path, broken_at_6_s: None
) -> None:
    out, noticed = tmp_path / f"old.{fmt}", list[str]()
    out.write_text("kept until there is something to replace it")
    _refused("frame 60", str(video), str(model_folder), fmt=fmt, out=out, config=CONFIG, notice=noticed.append)
    text = out.read_text("utf-8")
    if fmt == "jsonl":
        assert [json.loads(line)["start"] for line in text.splitlines()] == [0.0, 3.0, 4.0, 5.0]
    elif fmt == "vtt":
        assert text.startswith("WEBVTT\n\n00:00:0") and text.endswith("\n\n")
    else:
        assert "It ends early: 6 of 12 s commented" in text and text.count('class="w"') > 0
    assert len(noticed) == 1 and "6 of 12 s commented" in noticed[0]
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_an_old_file_stands_while_nothing_was_said(
    video: Path, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from livecc_assets.commentary import engine

    def nothing(*_: object):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(engine, "comment_video", nothing)
    for fmt in ("jsonl", "vtt", "html"):
        out = tmp_path / f"old.{fmt}"
        out.write_text("kept")
        with pytest.raises(KeyboardInterrupt):
            comment(str(video), str(model_folder), fmt=fmt, out=out, config=CONFIG)
        assert out.read_text() == "kept"
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_keeps_every_line_and_goes_on_as_itself(
    ending: type[BaseException], video: Path, model_folder: Path, tmp_path: Path
) -> None:
    seen = list[list[float]]()

    def progress(done: int, total: int | None, message: str) -> None:
        if done:
            seen.append([json.loads(line)["end"] for line in (tmp_path / "a.jsonl").read_text().splitlines()])
        if done >= 5:
            raise ending

    with pytest.raises(ending):
        comment(str(video), str(model_folder), fmt="jsonl", out=tmp_path / "a.jsonl", config=CONFIG, progress=progress)
    assert seen == [[3.0], [3.0, 4.0], [3.0, 4.0, 5.0]], "a reader sees each line as soon as it is said"
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 3


def test_a_page_that_is_killed_leaves_its_lines(video: Path, model_folder: Path, tmp_path: Path) -> None:
    parts = list[int]()

    def progress(done: int, total: int | None, message: str) -> None:
        if done:
            parts.append(len((tmp_path / "a.html.part").read_text().splitlines()))

    comment(
        str(video), str(model_folder), fmt="html", out=tmp_path / "a.html", config=CONFIG, progress=progress, end=5.0
    )
    assert parts == [1, 2, 3]
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


def test_each_line_tells_its_latency_and_the_end_sums_them_up(video: Path, model_folder: Path, tmp_path: Path) -> None:
    said = comment(str(video), str(model_folder), fmt="jsonl", out=tmp_path / "a.jsonl", config=CONFIG)
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf-8").splitlines()]
    assert all(row["latency"] >= 0 and row["words"] == len(row["text"].split()) for row in rows)
    about = said.latencies.as_metadata()
    assert about["latency_worst"] == max(row["latency"] for row in rows)
    assert 0 < about["latency_p50"] <= about["latency_p95"] <= about["latency_worst"]
    assert said.latencies.intervals == len(rows)
    assert about["real_time_factor"] == pytest.approx(said.latencies.taken / 12, abs=0.01)
    assert said.suppressed.intervals == len(rows)
