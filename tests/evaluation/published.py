"""A model folder, three small videos and the published files of every benchmark about them; a helper of tests."""

import json
from pathlib import Path
from typing import Any

VIDEOS = ("a", "b", "c")


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def event(video: str, number: int = 0, **other: Any) -> dict[str, Any]:
    """A row of LiveSports_3K_CC."""
    begin = 1.0 + 5 * number
    said = [[begin, begin + 2, f"Red passes the ball {number} times in {video}."]]
    about = {"video_id": video, "event_id": number, "begin": begin, "end": begin + 4, "video": f"{video}.mp4"}
    return about | {"class": "Football", "event_title": "Red", "event_asr": json.dumps(said), "preasr": "[]"} | other


class Published:
    """Files under ``folder``; ``home`` is a state folder that is not there yet. Videos and weights are no real ones."""

    def __init__(self, root: Path) -> None:
        self.home, self.folder = root / "home", root / "data"
        self.model, self.videos = self.folder / "model", self.folder / "videos"
        for folder in (self.model, self.videos):
            folder.mkdir(parents=True)
        (self.model / "config.json").write_text('{"model_type": "qwen2_vl"}')
        (self.model / "tokenizer.json").write_text('{"model": {"type": "BPE", "vocab": {}, "merges": []}}')
        (self.model / "weights.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
        for name in VIDEOS:
            (self.videos / f"{name}.mp4").write_bytes(b"0")
        self.events = lines(self.folder / "events.jsonl", [event(name, n) for name in VIDEOS for n in range(2)])
        said = [{"video_id": name, "event_id": n, "pred": "A field."} for name in VIDEOS for n in range(2)]
        self.opponent = lines(self.folder / "opponent.jsonl", said)
        lettered = ["A. red", "B. blue", "C. green", "D. none"]
        asked = {"question": "Who?", "options": lettered, "answer": "A"}
        lines(
            self.folder / "questions.jsonl",
            [{"video": f"{name}.mp4", "question_id": name, "q_type": "who"} | asked for name in VIDEOS],
        )
        about = {"duration": "short", "domain": "Sport", "sub_category": "Football", "task_type": "Counting Problem"}
        lines(
            self.folder / "videomme.jsonl",
            [{"video_id": name, "question_id": name, "video": f"{name}.mp4"} | about | asked for name in VIDEOS],
        )
        lines(
            self.folder / "mvbench.jsonl",
            [{"video": f"{name}.mp4", "task_type": "Action"} | asked for name in VIDEOS],
        )
        seen = [{"realtime": 3.0, "type": 0}]
        record = {"id": 1, "task": "CRR", "video": "a.mp4", "question": "Who?", "ask_time": 1.0, "test_info": seen}
        (self.folder / "ovobench.json").write_text(json.dumps([record]) + "\n \n")
        templates = {"REC": "{activity}?", "SSR": "{step}?", "CRR": "{question}?"}
        (self.folder / "templates.json").write_text(json.dumps(templates) + "\n \n")

    def call(self, *options: str) -> list[str]:
        """`evaluate` with the model, its events and their videos."""
        data = ["--events", str(self.events), "--videos", str(self.videos)]
        return ["evaluate", "--checkpoint", str(self.model), *data, "--judge", "likelihood", *options]

    def benchmark(self, name: str, file: str) -> list[str]:
        """A benchmark's questions and the folder of their videos."""
        return [
            "--benchmark", f"{name}={self.folder / file}", "--benchmark", f"{name}.videos={self.videos}",
        ]  # fmt: skip

    def everything(self) -> list[str]:
        """Every kind of file that `evaluate` takes."""
        return self.call(
            "--base", "--name", "mine", "--opponent", str(self.opponent),
            "--benchmark", f"livesports-qa={self.folder / 'questions.jsonl'}",
            *self.benchmark("videomme", "videomme.jsonl"), *self.benchmark("mvbench", "mvbench.jsonl"),
            *self.benchmark("ovobench", "ovobench.json"),
            "--benchmark", f"ovobench.templates={self.folder / 'templates.json'}",
        )  # fmt: skip
