"""What ``@step`` makes of a function: inputs from its parameters, where its schema and worker stand, and its config."""

import sys
import types
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import SHIPPED, Settings, load_settings, read_yaml
from livecc_assets.graph.step import (
    ALL,
    Input,
    Only,
    Step,
    named_batches,
    named_partitions,
    partitions_of,
    same,
    section,
    step,
    steps_of,
    unpartitioned,
)
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.store import Store
from tests.artifacts import finished, task_of, write

ROWS = pa.schema([("n", pa.int64())])


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return load_settings(tmp_path / "home", profile="sample")


def _both(settings: Settings, store: Store, partition: str) -> list[str]:
    return ["a", "b"]


def _one(step_: Step, name: str) -> Input:
    (found,) = [one for one in step_.inputs if one.asset == name]
    return found


def test_each_parameter_after_the_task_is_an_input_and_its_annotation_says_how_it_is_read() -> None:
    @step(by="batch", version="1")
    def made(
        task: Task,
        plain: Artifact,
        only: Only,
        several: Annotated[Sequence[Artifact], _both],
        chosen: Annotated[Artifact, _both],
        absent: Artifact | None = None,
        none: Annotated[Sequence[Artifact], _both] = (),
    ) -> None:
        """Some rows.

        And how.
        """

    assert made.inputs == (
        Input("plain", same, many=False, optional=False),
        Input("only", unpartitioned, many=False, optional=False),
        Input("several", _both, many=True, optional=False),
        Input("chosen", _both, many=False, optional=False),
        Input("absent", same, many=False, optional=True),
        Input("none", _both, many=True, optional=True),
    )
    assert list(made.upstream) == ["plain", "only", "several", "chosen", "absent", "none"]
    assert made.optional == {"absent", "none"}
    assert (made.asset, made.description) == ("made", "Some rows.\n\nAnd how.")


def test_an_optional_input_is_picked_as_its_annotation_says() -> None:
    @step(by="batch", version="1")
    def made(task: Task, only: Only | None = None, several: Annotated[Sequence[Artifact], _both] | None = None) -> None:
        """Some rows."""

    assert _one(made, "only") == Input("only", unpartitioned, many=False, optional=True)
    assert _one(made, "several") == Input("several", _both, many=True, optional=True)


def test_the_function_gets_one_artifact_a_list_or_its_default(tmp_path: Path, settings: Settings) -> None:
    store, seen = settings.store(), dict[str, Any]()

    @step(by="batch", version="1")
    def made(
        task: Task, plain: Artifact, several: Annotated[Sequence[Artifact], _both], absent: Artifact | None = None
    ) -> None:
        """Some rows."""
        seen.update(plain=plain, several=several, absent=absent)
        task.writer.extend({"n": row["n"] * 2} for row in plain.rows())

    plain = write(store, "plain", "a", [{"n": 1}, {"n": 2}], ROWS)
    several = [write(store, "several", name, [], ROWS) for name in "ab"]
    task = task_of(store, tmp_path, "made", "a", ROWS, {}, [plain, *several])
    made(task)
    assert [row["n"] for row in finished(task, store).rows()] == [2, 4]
    assert (seen["plain"], seen["several"], seen["absent"]) == (plain, several, None)
    made(task_of(store, tmp_path, "made", "a", ROWS, {}, [plain]))
    assert seen["several"] == [], "many of none is an empty list"


def _room(name: str, **members: Any) -> types.ModuleType:
    module = types.ModuleType(name)
    vars(module).update(members)
    return module


def test_group_worker_and_schemas_are_those_of_the_folder_unless_others_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def heights(task: Task) -> None:
        """Heights."""

    heights.__module__ = "plants.garden.assets"
    own = step(by=None, version="3", worker=True)(heights)
    assert (own.group, own.worker, own.schemas, own.version) == (
        "garden",
        "plants.garden.worker",
        "plants.garden.schemas",
        "3",
    )
    other = step(by=None, version="1", worker="elsewhere.run", group="scores", schemas="tables")(heights)
    assert (other.group, other.worker, other.schemas) == ("scores", "elsewhere.run", "tables")
    assert step(by=None, version="1")(heights).worker is None
    monkeypatch.setitem(sys.modules, "plants.garden.schemas", _room("plants.garden.schemas", SCHEMAS={"heights": ROWS}))
    assert own.schema() == ROWS
    monkeypatch.setitem(sys.modules, "plants.garden.schemas", _room("plants.garden.schemas", SCHEMAS={}))
    assert own.schema() is None, "an artifact of files has no table"


def test_a_modules_steps_are_found_by_asset_in_the_order_of_the_file() -> None:
    def zebra(task: Task) -> None:
        """Z."""

    def ant(task: Task) -> None:
        """A."""

    module = _room("m", zebra=step(by=None, version="1")(zebra), ant=step(by=None, version="1")(ant), other=3)
    assert list(steps_of(module)) == ["zebra", "ant"]
    assert steps_of(module)["ant"].function is ant


def test_models_are_named_by_keys_of_the_config_or_by_a_function() -> None:
    def made(task: Task) -> None:
        """Some rows."""

    keys = step(by=None, version="1", models=("model", "voice"))(made)
    assert keys.models({"model": "hub:a/b", "voice": "", "other": "hub:c/d"}) == ["hub:a/b"]
    assert keys.models({"voice": "v", "model": "m"}) == ["m", "v"]
    function = step(by=None, version="1", models=lambda config: config["judges"])(made)
    assert function.models({"judges": ["x", "y"]}) == ["x", "y"]
    assert step(by=None, version="1")(made).models({"model": "m"}) == []


def test_the_config_is_the_section_with_what_the_batch_registered_and_what_was_found(settings: Settings) -> None:
    store = settings.store()
    store.register_batch("a", {"uri": "/videos", "captions": "optional", "category": None})

    def made(task: Task) -> None:
        """Some rows."""

    def found(settings: Settings, store: Store, partition: str) -> dict[str, Any]:
        return {"found": partition, "captions": "overruled"}

    whole = step(by="batch", version="1", settings="language", registered=("captions", "category"))(made)
    assert whole.config(settings, store, "a") == section(settings, "language") | {"captions": "optional"}
    assert whole.own_settings(settings, "a") == section(settings, "language")
    last = replace(whole, found=found)
    assert last.config(settings, store, "a")["captions"] == "overruled"
    assert last.config(settings, store, "a")["found"] == "a"
    assert step(by="batch", version="1")(made).config(settings, store, "a") == {}
    with pytest.raises(UserError, match="there is no batch 'gone'; there are a;"):
        whole.config(settings, store, "gone")


def test_what_a_config_holds_can_be_changed_without_changing_the_settings(settings: Settings) -> None:
    def made(task: Task) -> None:
        """Some rows."""

    kept = {"a": 1}
    one = step(by=None, version="1", settings=lambda settings, partition: kept)(made)
    one.own_settings(settings, ALL)["a"] = 2
    assert kept == {"a": 1}
    section(settings, "language")["model"] = "changed"
    assert section(settings, "language")["model"] != "changed"


def test_a_star_names_every_batch_and_other_names_are_sorted(settings: Settings) -> None:
    store = settings.store()
    for name in ("b", "a"):
        store.register_batch(name, {"uri": "/videos"})
    assert named_batches(["*"], store) == ["a", "b"]
    assert named_batches(["gone", "*"], store) == ["a", "b"]
    assert named_batches(["z", "b"], store) == ["b", "z"], "one that is not registered is told where it is read"


def test_partitions_are_those_that_files_name_and_batches_those_of_the_store(tmp_path: Path) -> None:
    profile = read_yaml(SHIPPED / "profiles" / "sample.yaml")
    home = tmp_path / "home"
    (home / "selections").mkdir(parents=True)
    (home / "selections" / "words-only.yaml").write_text(
        f"profile: {profile['name']}\nlive_cc:\n  batches: ['*']\n", "utf-8"
    )
    settings = load_settings(home, profile="sample")
    store = settings.store()
    store.register_batch("b", {"uri": "/videos"})

    def any_asset(task: Task) -> None:
        """Some rows."""

    def live_cc(task: Task) -> None:
        """A set."""

    def live_whisperx(task: Task) -> None:
        """A set."""

    def of(function: Any, by: Any) -> list[str]:
        return partitions_of(step(by=by, version="1")(function), settings, store)

    assert of(any_asset, None) == [ALL]
    assert of(any_asset, "batch") == ["b"]
    assert of(any_asset, "experiment") == sorted(settings.experiments)
    assert of(any_asset, "source") == sorted(settings.profile.instructions)
    assert "words-only" in of(any_asset, "selection")
    assert "words-only" in of(live_cc, "selection")
    assert "words-only" not in of(live_whisperx, "selection"), "a set that is left out is not made"
    assert named_partitions(step(by="batch", version="1")(any_asset), settings) == []
