"""Real workers, killed with -9 at ten random points: at most a twentieth of the rows is done again, to the same bytes."""

import json
import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from dagster_pipes import encode_param

from livecc_assets.commentary.schemas import SCHEMAS as COMMENTARY
from livecc_assets.evaluation.schemas import SCHEMAS as EVALUATION
from livecc_assets.live_cc.schemas import SCHEMAS as LIVE_CC
from livecc_assets.runtime import forked
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.store import Store
from tests.artifacts import new_store, pin, write
from tests.commentary.commentary_videos import write_video
from tests.commentary.test_worker import CONFIG
from tests.evaluation.builders import event, said
from tests.killing import parts_of
from tests.waiting import until

pytestmark = pytest.mark.live
ROOT = Path(__file__).parents[2]
ROWS, KILLS = 40, 10
SPEECH = "red passes to blue who turns and shoots from far but the keeper holds it and throws it out to the left"
WORDS = SPEECH.split()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights are converted once for all workers."""
    return tmp_path_factory.mktemp("home")


class Running:
    """A worker that the local launcher's fork server runs: its libraries are loaded once for all that are killed here."""

    def __init__(self, env: dict[str, str], said: Path) -> None:
        with said.open("a") as stderr:
            self.worker = forked.Worker("tests.runtime.noting_worker", env, stderr)
        self.code: int | None = None

    def poll(self, seconds: float = 0.01) -> int | None:
        if self.code is None:
            with suppress(TimeoutError):
                self.code = self.worker.wait(seconds)
        return self.code

    def wait(self) -> int | None:
        return self.poll(300)


class Stage:
    """One step as a program of its own, over a store with its inputs."""

    def __init__(self, home: Path, folder: Path, stage: str, asset: str, config: dict[str, Any]) -> None:
        self.home, self.folder, self.stage, self.asset, self.config = home, folder, stage, asset, config
        self.store: Store = new_store(folder)
        self.inputs: list[Artifact] = []
        self.finished = folder / "finished.txt"

    def start(self, key: str) -> Running:
        extras = {
            "root": self.store.root, "home": str(self.home), "schemas": f"livecc_assets.{self.stage}.schemas",
            "asset": self.asset, "partition": "x", "input_key": key, "code_version": "1", "config": self.config,
            "upstream": [asdict(pin(one)) for one in self.inputs], "error_limit": 1.0, "run_id": "", "replaces": None,
        }  # fmt: skip
        keys = ("asset_keys", "code_version_by_asset_key", "provenance_by_asset_key", "partition_key")
        blank = dict.fromkeys((*keys, "partition_key_range", "partition_time_window", "job_name"))
        context = self.folder / "context.json"
        context.write_text(json.dumps(blank | {"run_id": "r", "retry_number": 0, "extras": extras}))
        environment = os.environ | {
            "DAGSTER_PIPES_CONTEXT": encode_param({"path": str(context)}),
            "DAGSTER_PIPES_MESSAGES": encode_param({"path": str(self.folder / "messages")}),
            "STAGE": self.stage,
            "FINISHED": str(self.finished),
            "PYTHONPATH": str(ROOT),
        }
        (self.folder / "messages").write_text("")
        return Running(environment, self.folder / "said.txt")

    def lines(self) -> list[str]:
        return self.finished.read_text().split("\n")[:-1] if self.finished.exists() else []

    def said(self) -> str:
        return (self.folder / "said.txt").read_text()

    def made(self, key: str) -> Artifact:
        found = self.store.at(self.store.place(self.asset, "x", key))
        assert found is not None, self.said()
        return found


def curating(home: Path, folder: Path) -> Stage:
    stage = Stage(home, folder, "live_cc", "caption_clip_losses", {"model": "embedded:smollm2", "device": "cpu"})
    rows = []
    for number in range(ROWS):
        text = [f"clip{number}", *WORDS[: 5 + number * 7 % 17]]
        words = [{"start": float(n), "end": n + 1.0, "word": word} for n, word in enumerate(text)]
        about = {"clip_id": f"v{number}:0", "video_id": f"v{number}", "batch": "", "path": "u", "sha256": "0"}
        numbers = {"start": 0.0, "end": 9.0, "words_per_second": 2.0, "distinct_words": 3}
        rows.append({**about, **numbers, "title": "A match", "category": None, "words": words, "previous": "So far."})
    stage.inputs = [write(stage.store, "caption_clips", "x", rows, LIVE_CC["caption_clips"])]
    return stage


def judging(home: Path, folder: Path) -> Stage:
    judge = {"kind": "likelihood", "model": "embedded:smollm2", "device": "cpu"}
    config = {"judge": judge, "opponent": {"kind": "title-caption"}}
    stage = Stage(home, folder, "evaluation", "livesports_judgements", config)
    events = [event(f"v{n}", event_asr_text=" ".join(WORDS[n % 7 : 9 + n % 5])) for n in range(ROWS)]
    commentary = [said(f"v{n}", 0, (1.0, " ".join(WORDS[n % 3 : 4 + n % 9]))) for n in range(ROWS)]
    stage.inputs = [
        write(stage.store, "livesports_commentary", "x", commentary, COMMENTARY["livesports_commentary"]),
        write(stage.store, "livesports_events", "all", events, EVALUATION["livesports_events"]),
    ]
    return stage


def commenting(home: Path, folder: Path) -> Stage:
    stage = Stage(home, folder, "commentary", "livesports_commentary", CONFIG | {"max_new_tokens": 4})
    video = write_video(folder / "v.mp4", 10)
    events = [event("v", n, path=str(video), begin=n % 4 * 1.0, end=6.0 + n % 4) for n in range(ROWS)]
    (folder / "reference.json").write_text(json.dumps({"model": "embedded:tiny-qwen2-vl"}))
    writer = stage.store.write("livecc_instruct", "x", "key", None, code_version="1", config={}, upstream=[])
    writer.add_file(folder / "reference.json", "reference.json")
    writer.commit()
    checkpoint = stage.store.at("livecc_instruct/x/key")
    assert checkpoint is not None
    stage.inputs = [checkpoint, write(stage.store, "livesports_events", "all", events, EVALUATION["livesports_events"])]
    return stage


@pytest.mark.parametrize("make", [curating, commenting, judging], ids=lambda make: make.__name__)
def test_a_worker_that_is_killed_ten_times_does_a_twentieth_again_at_most(make, home: Path, tmp_path: Path) -> None:
    stage, dice = make(home, tmp_path), random.Random(make.__name__)
    assert stage.start("whole").wait() == 0, stage.said()
    everything = stage.lines()
    assert len(everything) == len(set(everything)) == ROWS
    stage.finished.unlink()
    for at in sorted(dice.sample(range(1, ROWS - 1), KILLS)):
        before = stage.lines()
        worker = stage.start("killed")
        until(lambda at=at, worker=worker: worker.poll() is not None or len(stage.lines()) >= at, 120, stage.said)
        time.sleep(dice.random() / 5)
        worker.worker.send_signal(signal.SIGKILL)
        assert worker.wait() in (-signal.SIGKILL, 0), stage.said()
        again = set(before) & set(stage.lines()[len(before) :])
        assert len(again) <= ROWS // 20, f"killed at {at}: {again} was done again"
    before = stage.lines()
    assert stage.start("killed").wait() == 0, stage.said()
    assert len(set(before) & set(stage.lines()[len(before) :])) <= ROWS // 20
    assert sorted(set(stage.lines())) == sorted(everything)
    whole, made = stage.made("whole"), stage.made("killed")
    assert made.data_version == whole.data_version
    assert list(made.rows()) == list(whole.rows()) and made.count == ROWS
    assert parts_of(stage.store, stage.asset) == []
    print(f"{make.__name__}: {len(stage.lines()) - ROWS} of {ROWS} rows done again over {KILLS} kills")
