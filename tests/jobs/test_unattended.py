"""An inbox with a real daemon, nobody at hand: each folder is curated once, later files follow, and people go first."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from livecc_assets.cli.children import start, stop
from livecc_assets.cli.serve import CODE, WORKERS, commands
from livecc_assets.graph.settings import load_settings
from livecc_assets.orchestration.runs import INSTANCE
from livecc_assets.orchestration.steps import BATCH_ASSETS
from livecc_assets.store import registry
from tests.house.places import REPOSITORY
from tests.media.film import make
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.timeout(1200)]
SUBTITLES = "1\n00:00:00,000 --> 00:00:07,000\nthe goalkeeper kicks the ball far up the green field to the red team\n"
#: Seconds in which the run that a later file asks for begins (half of them the file settles), and in which a run ends. Curating
#: these videos takes a minute where nothing else does, and much longer beside other tests.
LATER, ENDS = 150, 600
QUEUE = 20


class House:
    """A state folder with an inbox, the code server and the daemon, as `livecc ui` starts them."""

    def __init__(self, folder: Path, film: Path) -> None:
        self.inbox, self.film = folder / "inbox", film
        self.inbox.mkdir()
        self.settings = load_settings(folder / "home")
        home = folder / "home" / "dagster"
        home.mkdir(parents=True)
        shutil.copy(INSTANCE, home)
        self.environment = {
            "LIVECC_HOME": str(folder / "home"),
            "DAGSTER_HOME": str(home),
            "LIVECC_INBOX": str(self.inbox),
        }
        self.instance = dg.DagsterInstance.from_config(str(home))
        self.folder = folder

    def dagster(self, *arguments: str) -> None:
        """A command of Dagster's on the running code server."""
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "dagster",
            *arguments,
            "-w",
            str(self.folder / "workspace.yaml"),
        ]
        done = subprocess.run(command, env=os.environ | self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    def livecc(self, *arguments: str) -> str:
        """What a command prints that fails."""
        command = [sys.executable, "-W", "ignore", "-m", "livecc_assets", *arguments]
        done = subprocess.run(
            command, cwd=REPOSITORY, env=os.environ | self.environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stdout + done.stderr

    def add(self, name: str, video: str, whole: bool = True) -> None:
        """A video with captions in a folder of the inbox; ``whole`` says so with a marker."""
        (self.inbox / name).mkdir(exist_ok=True)
        shutil.copy(self.film, self.inbox / name / f"{video}.mp4")
        (self.inbox / name / f"{video}.en.srt").write_text(SUBTITLES)
        if whole:
            (self.inbox / name / "_SUCCESS").touch()

    def runs(self, *names: str) -> list[dg.RunRecord]:
        """The runs of these batches, oldest first."""
        found = self.instance.get_run_records(ascending=True)
        return [one for one in found if one.dagster_run.tags.get("dagster/partition") in names]

    def asked(self, *names: str) -> list[dg.RunRecord]:
        """The runs of these batches that the inbox asked for."""
        return [one for one in self.runs(*names) if one.dagster_run.tags.get("dagster/sensor_name") == "new_batches"]

    def curated(self, name: str, times: int) -> bool:
        """Whether that many of the inbox's runs of a batch ended well; a failed one ends the test."""
        states = [one.dagster_run.status for one in self.asked(name)]
        assert dg.DagsterRunStatus.FAILURE not in states
        return states.count(dg.DagsterRunStatus.SUCCESS) >= times

    def have(self, *names: str) -> None:
        """Let these batches be there, curated."""
        for name in names:
            if not self.runs(name):
                self.add(name, "first")
        until(lambda: all(self.curated(name, 1) for name in names), ENDS, "no run ended", every=1)

    def made(self, name: str) -> Counter[str]:
        """How often each asset of a batch was materialised."""
        found = Counter[str]()
        for asset in BATCH_ASSETS:
            of_batch = dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=[name])
            found[asset] = len(self.instance.fetch_materializations(of_batch, limit=100).records)
        return found

    def ticks(self) -> int:
        """Ticks of the inbox's sensor until now."""
        (one,) = [state for state in self.instance.all_instigator_state() if state.name == "new_batches"]
        return len(self.instance.get_ticks(one.instigator_origin_id, one.selector_id))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    made = House(folder, make(folder / "match.mp4", seconds=12))
    wanted = commands(made.settings, folder, "127.0.0.1", 1, 2, made.environment)
    running = []
    try:
        for name in (WORKERS, CODE, "daemon"):
            command = wanted[name]
            running.append(start(type(command)(command.argv, dict(command.env) | made.environment)))
            if name == CODE:
                until(lambda: (folder / "code.sock").exists(), 120, "the code server does not come up")
        made.dagster("sensor", "start", "new_batches")
        made.dagster("sensor", "start", "default_automation_condition_sensor")
        yield made
    finally:
        stop(running)
        made.instance.dispose()


def test_a_folder_is_one_run_of_each_asset_a_later_file_follows_and_what_is_gone_or_retired_asks_for_nothing(
    house: House,
) -> None:
    for video in ("first", "second", "cut"):
        house.add("broken", video, whole=False)
    film = house.inbox / "broken" / "cut.mp4"
    film.write_bytes(film.read_bytes()[:2000])
    (house.inbox / "broken" / "_SUCCESS").touch()
    house.have("fresh", "gone", "retired")
    for name in ("fresh", "gone", "retired"):
        assert house.made(name) == dict.fromkeys(BATCH_ASSETS, 1)

    registry.retire(house.settings.store().blobs, "retired")
    house.add("retired", "second")
    shutil.rmtree(house.inbox / "gone")
    house.add("fresh", "second")
    before = house.ticks()
    until(
        lambda: len(house.asked("fresh")) == 2, LATER + 30, "nothing was asked for because of the later file", every=1
    )
    until(lambda: house.curated("fresh", 2), ENDS, "the later file was not curated", every=1)
    source = house.settings.store().current("yt_cc_source", "fresh")
    assert source is not None and source.count == 2
    until(lambda: house.ticks() >= before + 3, 120, "the sensor stands still", every=1)
    assert len(house.asked("fresh")) == 2 and len(house.asked("gone", "retired")) == 2

    # One of its three videos is broken: nothing below is made, by the run or by itself, and selections leave it out.
    assert [one.dagster_run.status for one in house.runs("broken")] == [dg.DagsterRunStatus.FAILURE]
    assert {asset: times for asset, times in house.made("broken").items() if times} == {"yt_cc_source": 1}
    said = house.livecc("select", "broken")
    assert "none of its batches can be used (broken: yt_cc_source failed: too many rows in error)" in said
    assert house.settings.store().partitions("live_cc") == []


def stale_sets(house: House, **environment: str) -> dict[str, list[str]]:
    """What is stale to `livecc status` and to Dagster's UI."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.jobs.stale_sets"]
    whole = os.environ | house.environment | environment
    done = subprocess.run(command, cwd=REPOSITORY, env=whole, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_what_the_ui_marks_as_stale_is_what_status_calls_stale(house: House, tmp_path: Path) -> None:
    house.have("fresh")
    shipped = house.settings.profile_path.read_text("utf-8")
    assert "max_tokens: 512" in shipped
    profile = tmp_path / "sample.yaml"
    profile.write_text(shipped.replace("max_tokens: 512", "max_tokens: 511"), "utf-8")
    before, after = stale_sets(house), stale_sets(house, LIVECC_PROFILE=str(profile))
    assert before["ours"] == before["theirs"]
    losses = {f"{asset}[fresh]" for asset in ("caption_clip_losses", "sentence_clip_losses")}
    assert after["ours"] == after["theirs"] and losses <= set(after["ours"]) - set(before["ours"])
    assert {one.partition("[")[0] for one in set(after["ours"]) - set(before["ours"])} == {
        one.partition("[")[0] for one in losses
    }


def test_what_a_person_starts_goes_before_a_queue_of_twenty_folders(house: House) -> None:
    house.have("fresh")
    names = [f"queued-{number:02}" for number in range(QUEUE)]
    for name in names:
        house.add(name, "first")
    until(lambda: len(house.runs(*names)) == QUEUE, 180, "the folders were not asked for", every=1)
    began = {one.dagster_run.run_id for one in house.runs(*names) if one.start_time}
    assert len(began) < QUEUE / 2, "most of them have yet to begin"
    house.dagster("job", "launch", "-j", "curate", "--tags", '{"dagster/partition": "fresh"}')
    mine = house.runs("fresh")[-1].dagster_run.run_id
    until(lambda: house.runs("fresh")[-1].start_time, 180, "a person's run waits", every=0.5)
    others = [one.dagster_run.run_id for one in house.runs(*names) if one.start_time]
    assert len(others) <= len(began) + 1, f"{mine} began after {len(others) - len(began)} that were queued before it"
