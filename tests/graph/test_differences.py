"""What a plan is keyed by, which batches it admits, and what ``status`` says is different."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from livecc_assets.core.errors import UnreachableError, UserError
from livecc_assets.graph import plan as planning
from livecc_assets.graph.files import named, replaced
from livecc_assets.graph.plan import MissingInputError, Plan, make_plan
from livecc_assets.graph.settings import Settings, load_settings
from livecc_assets.graph.status import PartitionStatus, partition_statuses
from livecc_assets.graph.step import Step, step
from livecc_assets.runtime.task import Task, open_inputs
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.rows import Rejected
from livecc_assets.store.store import SHARED, Store

ROWS = pa.schema([("n", pa.int64())])


def _all_batches(settings: Settings, store: Store, partition: str) -> list[str]:
    return store.batches()


class World:
    """A store of two kinds of tables by batch and a set of both, whose config the tests write."""

    def __init__(self, home: Path) -> None:
        self.settings = load_settings(home, profile="sample")
        self.store = self.settings.store()
        self.about: dict[str, Any] = {"limit": 3, "deep": {"a": 1}}
        self.rows: list[Any] = [{"n": 1}]

        def clips(task: Task) -> None:
            """Clips of a batch."""
            task.writer.extend(self.rows)

        def scores(task: Task, clips: Artifact) -> None:
            """Scores of clips."""
            task.writer.extend({"n": -row["n"]} for row in clips.rows())

        def joined(
            task: Task,
            clips: Annotated[Sequence[Artifact], _all_batches],
            scores: Annotated[Sequence[Artifact], _all_batches],
        ) -> None:
            """Both."""
            task.writer.extend(row for one in (*clips, *scores) for row in one.rows())

        def read(settings: Settings, partition: str) -> dict[str, Any]:
            return self.about

        self.clips = step(by="batch", version="1", settings=read, files=("list", "deep.path"))(clips)
        self.scores = step(by="batch", version="1")(scores)
        self.joined = step(by=None, version="1", leaves_out=True)(joined)

    def plan(self, one: Step, partition: str) -> Plan:
        return make_plan(one, self.settings, self.store, partition)

    def make(self, one: Step, partition: str = "a", limit: float = 0.5) -> Artifact:
        """The artifact of one plan, made where it does not stand, and made current."""
        if one.partitioned_by == "batch" and partition not in self.store.batches():
            self.store.register_batch(partition, {"uri": "/videos"})
        plan = self.plan(one, partition)
        if self.store.at(plan.place) is None:
            writer = self.store.write(
                one.asset, plan.stored_partition, plan.input_key, ROWS, code_version=plan.code_version,
                config=plan.config, upstream=plan.upstream, contents=plan.contents, error_limit=limit,
            )  # fmt: skip
            inputs = open_inputs(self.store, plan.upstream)
            one(Task(one.asset, plan.config, self.settings.home, inputs, writer, plan.input_key))
            writer.commit()
        self.store.set_current(one.asset, partition, plan.place)
        found = self.store.at(plan.place)
        assert found is not None
        return found

    def standing(self, one: Step, partition: str = "a") -> PartitionStatus:
        (found,) = [
            line for line in partition_statuses([one], self.settings, self.store) if line.partition == partition
        ]
        return found

    def why(self, one: Step, partition: str = "a") -> str:
        found = self.standing(one, partition)
        assert found.state == "stale", found
        return found.why


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return World(tmp_path / "home")


# -- what is different ---------------------------------------------------------------------------------------------------


def test_a_new_version_of_the_code_is_told_before_all_else(world: World) -> None:
    world.make(world.clips)
    world.about["limit"] = 4
    assert world.why(replace(world.clips, version="2")) == "code version 1 → 2"


def test_keys_of_the_config_are_told_that_changed_came_or_went(world: World) -> None:
    world.make(world.clips)
    world.about = {"limit": 4, "deep": {"a": 1}}
    assert world.why(world.clips) == "config changed: limit"
    world.about = {"deep": {"a": 2}, "new": True}
    assert world.why(world.clips) == "config changed: deep, limit, new"
    world.about = {"limit": 3, "deep": {"a": 1}}
    assert world.standing(world.clips).state == "current", "there and back is what stands"


def test_a_file_is_told_by_its_name_when_its_bytes_changed_and_not_when_it_moved(world: World, tmp_path: Path) -> None:
    paths = [tmp_path / "ids.txt", tmp_path / "talk.jsonl"]
    for path in paths:
        path.write_text("one\n")
    world.about |= {"list": str(paths[0]), "deep": {"path": str(paths[1])}}
    world.make(world.clips)
    moved = paths[0].rename(tmp_path / "others.txt")
    world.about["list"] = str(moved)
    assert world.standing(world.clips).state == "current"
    moved.write_text("two\n")
    assert world.why(world.clips) == "file changed: others.txt"
    paths[1].write_text("two\n")
    assert world.why(world.clips) == "file changed: others.txt, talk.jsonl"


def test_inputs_are_told_that_changed_or_joined_or_left(world: World) -> None:
    for batch in "ab":
        world.make(world.clips, batch)
        world.make(world.scores, batch)
    world.make(world.joined, "all")
    world.rows = [{"n": 2}]
    world.about["limit"] = 4
    for one in (world.clips, world.scores):
        world.make(one, "b")
    assert world.why(world.joined, "all") == "upstream changed: clips[b], scores[b]"
    world.make(world.joined, "all")
    for one in (world.clips, world.scores):
        world.make(one, "c")
    assert world.why(world.joined, "all") == "upstream changed: clips[c], scores[c]"


def test_what_no_config_names_is_told_as_a_model_or_source_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.about["model"] = "hub:a/b"
    digests = {"hub:a/b": "one"}
    monkeypatch.setattr(planning.StoreSnapshot, "model", lambda self, reference: digests[reference])
    one = replace(world.clips, models=lambda config: [config["model"]])
    world.make(one)
    assert world.standing(one).state == "current"
    digests["hub:a/b"] = "other weights"
    assert world.why(one) == "model or source files changed"


def test_an_artifact_whose_manifest_is_gone_is_stale_and_said_to_be(world: World) -> None:
    made = world.make(world.clips)
    place = world.store.place("clips", "a", made.manifest.input_key)
    world.store.blobs.delete(f"{place}/manifest.json")
    assert world.why(world.clips) == "its manifest is gone"


def test_equal_content_of_a_changed_input_keeps_what_is_below_it(world: World) -> None:
    world.make(world.clips)
    world.make(world.scores)
    world.about["limit"] = 4
    world.make(world.clips)
    assert world.standing(world.scores).state == "current", "the rows are the same, whatever the limit was"


def test_an_input_that_was_never_made_blocks_and_what_stood_becomes_stale(world: World) -> None:
    world.store.register_batch("a", {"uri": "/videos"})
    found = world.standing(world.scores)
    assert found.state == "blocked"
    assert found.why == "scores[a] needs clips[a], which was never materialised; materialise it first"
    world.make(world.clips)
    world.make(world.scores)
    world.store.blobs.delete("clips/a/_current.json")
    assert world.why(world.scores) == found.why


def test_a_store_that_is_away_is_told_and_not_taken_for_a_state(world: World) -> None:
    world.make(world.clips)

    def away(settings: Settings, store: Store, partition: str) -> str:
        raise UnreachableError("the bucket does not answer")

    with pytest.raises(UnreachableError, match="the bucket does not answer"):
        partition_statuses([replace(world.clips, fingerprint=away)], world.settings, world.store)


# -- which batches are admitted ------------------------------------------------------------------------------------------


def test_a_batch_that_lacks_a_table_is_left_out_and_named(world: World) -> None:
    for batch in "ab":
        world.make(world.clips, batch)
    world.make(world.scores, "b")
    plan = world.plan(world.joined, "all")
    assert plan.left_out == {"a": "not curated yet: scores missing"}
    assert [(pin.asset, pin.partition) for pin in plan.upstream] == [("clips", "b"), ("scores", "b")]


def test_a_batch_with_too_many_errors_is_left_out(world: World) -> None:
    world.make(world.clips, "b")
    world.make(world.scores, "b")
    world.rows = [Rejected("x", "error", "broken", "it is broken", "x"), {"n": 1}, {"n": 2}]
    world.make(world.clips, "a", limit=0.3)
    world.make(world.scores, "a")
    assert world.plan(world.joined, "all").left_out == {"a": "clips failed: too many rows in error"}
    assert "; its blocking check failed" in world.standing(world.clips, "a").why


def test_scores_of_older_clips_are_not_joined_to_newer_ones(world: World) -> None:
    for batch in "ab":
        world.make(world.clips, batch)
        world.make(world.scores, batch)
    world.rows, world.about = [{"n": 9}], {"limit": 4}
    world.make(world.clips, "a")
    plan = world.plan(world.joined, "all")
    assert plan.left_out == {"a": "scores computed from an older version; curate the batch again"}
    world.make(world.scores, "a")
    assert world.plan(world.joined, "all").left_out == {}


def test_a_batch_that_is_left_out_does_not_change_the_key_until_it_is_in(world: World) -> None:
    world.make(world.clips, "b")
    world.make(world.scores, "b")
    before = world.plan(world.joined, "all").input_key
    world.make(world.clips, "a")
    assert world.plan(world.joined, "all").input_key == before
    world.make(world.scores, "a")
    assert world.plan(world.joined, "all").input_key != before


def test_when_no_batch_can_be_used_each_is_named_with_its_reason(world: World) -> None:
    for batch in "ab":
        world.make(world.clips, batch)
    with pytest.raises(MissingInputError) as told:
        world.plan(world.joined, "all")
    assert str(told.value) == (
        "joined[all]: none of its batches can be used (a: not curated yet: scores missing; b: not curated yet: scores "
        "missing)"
    )


def test_without_admission_one_batch_that_is_missing_holds_up_the_rest(world: World) -> None:
    for batch in "ab":
        world.make(world.clips, batch)
    with pytest.raises(MissingInputError, match=r"joined\[all\] needs scores\[a\], which was never materialised"):
        world.plan(replace(world.joined, leaves_out=False), "all")


# -- keys ----------------------------------------------------------------------------------------------------------------


def test_partitions_with_equal_inputs_share_an_artifact_only_where_the_step_says_so(world: World) -> None:
    for batch in "ab":
        world.make(world.clips, batch)
    shared = replace(world.scores, shared=True)
    one, two = (world.plan(shared, batch) for batch in "ab")
    assert one.place == two.place
    assert one.stored_partition == SHARED
    own = [world.plan(world.scores, batch) for batch in "ab"]
    assert own[0].place != own[1].place
    assert own[0].stored_partition == "a"


def test_the_contents_of_files_are_noted_by_their_places_in_the_config(world: World, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text("x")
    world.about["deep"] = {"path": str(path)}
    made = world.make(world.clips)
    assert list(made.manifest.contents) == ["deep.path"]
    assert made.manifest.config["deep"] == {"path": str(path)}, "the config itself stays readable"


def test_a_pinned_input_that_is_gone_is_not_read_as_another(world: World) -> None:
    world.make(world.clips)
    (pin,) = world.plan(world.scores, "a").upstream
    with pytest.raises(RuntimeError, match=f"clips/a/{pin.input_key} changed since this step began"):
        open_inputs(world.store, [replace(pin, data_version="another")])
    (found,) = open_inputs(world.store, [pin])["clips"]
    assert [row["n"] for row in found.rows()] == [1]


def test_a_fingerprints_error_is_told_at_every_plan(world: World) -> None:
    def gone(settings: Settings, store: Store, partition: str) -> str:
        raise UserError(f"{partition}: its folder is gone")

    world.make(world.clips)
    one = replace(world.clips, fingerprint=gone)
    assert world.why(one) == "a: its folder is gone"


# -- files in a config ---------------------------------------------------------------------------------------------------

KEYS = st.sampled_from(["a", "b", "c", "*x"])
VALUES = (
    st.sampled_from(["", "/p", "s3://b/k", "embedded:sample", "x.jsonl"]) | st.none() | st.integers() | st.booleans()
)
CONFIGS = st.dictionaries(
    KEYS, st.recursive(VALUES, lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=8), max_size=4
)
PLACES = st.lists(st.lists(st.sampled_from(["a", "b", "c", "*"]), min_size=1, max_size=3).map(".".join), max_size=5)


def _leaves(config: Any, at: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    if not isinstance(config, dict) or not config:
        return {at: config}
    return {place: leaf for key, value in config.items() for place, leaf in _leaves(value, (*at, key)).items()}


@tries(deadline=None)
@given(CONFIGS, PLACES)
def test_addresses_are_replaced_where_they_are_named_and_nothing_else_is(
    config: dict[str, Any], places: list[str]
) -> None:
    found = named(config, places)
    before = _leaves(config)
    after = _leaves(replaced(config, dict.fromkeys(found, "digest")))
    assert after == before | dict.fromkeys(found, "digest")
    for at, address in found.items():
        assert before[at] == address
        assert any(
            len(at) == len(parts) and all(part in ("*", key) for part, key in zip(parts, at, strict=True))
            for parts in (place.split(".") for place in places)
        )
        assert not address.startswith("embedded:")
    assert _leaves(config) == before, "the config that was given stays as it was"
