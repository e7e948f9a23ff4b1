"""A batch moves to another folder or into a bucket; nothing that was made of it is made again."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from click.testing import CliRunner, Result
from moto import mock_aws

from livecc_assets.cli.main import main
from livecc_assets.graph.plan import make_plan
from livecc_assets.graph.settings import SHIPPED, Settings, load_settings, read_yaml
from livecc_assets.graph.status import partition_statuses
from livecc_assets.orchestration.steps import BY_ASSET
from livecc_assets.runtime.task import Task, open_inputs

STEPS = [BY_ASSET[name] for name in ("yt_cc_source", "caption_words", "caption_clips")]


class World:
    """Two batches of one and two videos, and the light steps of a batch."""

    def __init__(self, folder: Path, settings: Settings, profile: Path) -> None:
        self.folder, self.settings, self.profile = folder, settings, profile

    def curate(self, *batches: str) -> None:
        store = self.settings.store()
        for batch in batches:
            for step in STEPS:
                plan = make_plan(step, self.settings, store, batch)
                if store.at(plan.place) is None:
                    writer = store.write(
                        step.asset, batch, plan.input_key, step.schema(), code_version=plan.code_version,
                        config=plan.config, upstream=plan.upstream, contents=plan.contents,
                    )  # fmt: skip
                    inputs = open_inputs(store, plan.upstream)
                    step(Task(step.asset, plan.config, self.settings.home, inputs, writer, plan.input_key))
                    writer.commit()
                store.set_current(step.asset, batch, plan.place)

    def states(self) -> dict[tuple[str, str], str]:
        found = partition_statuses(STEPS, self.settings, self.settings.store())
        return {(one.asset, one.partition): one.state for one in found}

    def stale(self) -> list[tuple[str, str]]:
        return sorted(key for key, state in self.states().items() if state != "current")

    def versions(self) -> dict[str, str]:
        store = self.settings.store()
        found = {step.asset: store.current(step.asset, "two") for step in STEPS}
        return {asset: artifact.data_version for asset, artifact in found.items() if artifact}

    def move(self, name: str, root: Any, *options: str) -> Result:
        arguments = [
            "--home",
            str(self.settings.home),
            "--profile",
            str(self.profile),
            "batch",
            "move",
            name,
            str(root),
        ]
        return CliRunner().invoke(main, [*arguments, *options])


@pytest.fixture
def world(tmp_path: Path, template: bytes, subrip: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    profile = read_yaml(SHIPPED / "profiles" / "sample.yaml")
    profile["source"] |= {"min_duration": 5}
    profile["caption_clips"] |= {"min_clip_sec": 2, "max_wps": 9}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(profile))
    settings = load_settings(tmp_path / "home", profile=str(tmp_path / "mine.yaml"))
    monkeypatch.setenv("LIVECC_HOME", str(settings.home))
    for batch, names in {"one": ["a"], "two": ["b", "deep/c"]}.items():
        for name in names:
            path = tmp_path / batch / f"{name}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(template)
            path.with_suffix(".srt").write_text(subrip())
            about = {"id": path.stem, "title": "A match", "categories": ["Sports"], "language": "en"}
            path.with_suffix(".info.json").write_text(json.dumps(about))
        (tmp_path / batch / "broken.mp4").write_bytes(b"no video")
        settings.store().register_batch(batch, {"uri": str(tmp_path / batch), "captions": "required"})
    world = World(tmp_path, settings, tmp_path / "mine.yaml")
    world.curate("one", "two")
    assert world.stale() == []
    return world


def test_tables_and_configs_name_no_place(world: World) -> None:
    store = world.settings.store()
    found = store.current("yt_cc_source", "two")
    assert found is not None
    assert [(row["batch"], row["path"]) for row in found.rows()] == [("two", "b.mp4"), ("two", "deep/c.mp4")]
    for step in STEPS:
        artifact = store.current(step.asset, "two")
        assert artifact is not None
        told = [list(artifact.rows()), list(artifact.rejected()), artifact.manifest.config, artifact.manifest.metadata]
        assert str(world.folder) not in json.dumps(told)


def test_a_folder_that_was_moved_whole_is_the_same_batch(world: World) -> None:
    shutil.move(world.folder / "two", world.folder / "elsewhere")
    assert ("yt_cc_source", "two") in world.stale(), "its folder is gone"
    result = world.move("two", world.folder / "elsewhere")
    assert result.exit_code == 0, result.output
    assert "2 videos compared; nothing to compute again" in result.output
    assert world.stale() == []
    assert world.settings.store().batch("two") == {"uri": str(world.folder / "elsewhere"), "captions": "required"}


def test_a_copy_with_other_times_is_the_same_batch_until_a_file_changes(world: World) -> None:
    copy = world.folder / "copy"
    shutil.copytree(world.folder / "two", copy, copy_function=shutil.copyfile)
    for number, path in enumerate(sorted(copy.rglob("*"))):
        os.utime(path, (1_000_000 + number, 1_000_000 + number))
    assert world.move("two", copy).exit_code == 0
    assert world.stale() == []
    with (copy / "b.srt").open("a") as file:
        file.write("\n9\n00:00:07,000 --> 00:00:07,900\nwell done\n")
    assert world.stale() == [("yt_cc_source", "two")], "and what is below it once that is made"
    before = world.versions()
    world.curate("two")
    assert all(before[asset] != version for asset, version in world.versions().items())
    assert world.move("two", copy).exit_code == 0, "a second move knows what the newest rows were made from"
    assert world.stale() == []


def test_times_alone_change_no_data(world: World) -> None:
    before = world.versions()
    os.utime(world.folder / "two" / "b.mp4", (1_000_000, 1_000_000))
    assert world.stale() == [("yt_cc_source", "two")]
    world.curate("two")
    assert world.versions() == before
    assert world.stale() == []


def test_a_changed_video_makes_exactly_its_batch_stale(world: World, template: bytes) -> None:
    (world.folder / "two" / "b.mp4").write_bytes(template + b"\0" * 8)
    assert world.stale() == [("yt_cc_source", "two")]
    before = world.versions()
    world.curate("two")
    assert all(before[asset] != version for asset, version in world.versions().items()), "the digest is in every row"
    assert world.stale() == []


@pytest.mark.parametrize("how", ["missing", "cut", "other bytes", "captions"])
def test_a_place_that_lacks_something_is_refused_in_one_line(world: World, how: str) -> None:
    copy = world.folder / "copy"
    shutil.copytree(world.folder / "two", copy)
    video = copy / "deep" / "c.mp4"
    if how == "missing":
        video.unlink()
    elif how == "cut":
        video.write_bytes(video.read_bytes()[:-1])
    elif how == "other bytes":
        video.write_bytes(video.read_bytes()[:-1] + b"!")
    else:
        (copy / "b.srt").unlink()
    result = world.move("two", copy)
    assert result.exit_code == 1
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("livecc:")]
    said = {"missing": "1 of 2 videos missing (deep/c.mp4)", "captions": "not the same files beside them"}
    assert said.get(how, "1 of 2 videos different (deep/c.mp4)") in line
    assert world.settings.store().batch("two")["uri"] == str(world.folder / "two")
    assert world.stale() == []
    assert "livecc curate two" in world.move("two", copy, "--allow-changes").output
    assert world.stale() == [("yt_cc_source", "two")]


def test_an_unknown_batch_and_an_absent_folder_are_one_line(world: World) -> None:
    for name, root, said in (
        ("nosuch", world.folder / "two", "there are one, two;"),
        ("two", world.folder / "nowhere", "no such folder"),
        ("a...b", world.folder / "two", "the name holds '..'"),
    ):
        result = world.move(name, root)
        assert result.exit_code == 1
        (line,) = result.stderr.strip().splitlines()
        assert said in line


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="films")
        yield client


def test_a_folder_moves_into_a_bucket_and_back(world: World, bucket: Any) -> None:
    home, before = world.folder / "two", world.versions()
    for path in home.rglob("*"):
        if path.is_file():
            bucket.put_object(Bucket="films", Key=f"in/{path.relative_to(home).as_posix()}", Body=path.read_bytes())
    result = world.move("two", "s3://films/in/")
    assert result.exit_code == 0, result.output
    assert world.settings.store().batch("two")["uri"] == "s3://films/in"
    assert world.stale() == []
    world.curate("two")
    assert world.versions() == before
    bucket.put_object(Bucket="films", Key="in/b.srt", Body=b"")
    assert world.stale() == [("yt_cc_source", "two")], "a later change is seen"
    assert world.move("two", home).exit_code == 0
    assert world.stale() == []
