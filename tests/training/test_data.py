"""The mixture: order, resuming, and rows that cannot be used."""

import itertools
import json
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings.video import Video as VideoSettings
from livecc_assets.models.qwen2_vl import load_processor
from livecc_assets.store.rows import Rejected
from livecc_assets.store.store import Store
from livecc_assets.store.videos import own_path
from livecc_assets.training.data import Cursor, Loader, Mixture, Source, epoch_order, positions_from
from livecc_assets.training.instructions import media_root, read_conversations
from livecc_assets.training.rows import row_file
from livecc_assets.training.sequence import Paradigm, SequenceOptions, TrainingSequence
from tests.rows import kept


@pytest.fixture
def mix(tiny_folder, video_section):
    def make(rows, paradigm: Paradigm = "streaming", conversations=()):
        options = SequenceOptions(paradigm=paradigm, video=VideoSettings.of(video_section))
        told: Any = list(conversations)
        sources = [Source("live_cc", rows, own_path), Source("general_instructions", told, own_path, True)]
        return Mixture(sources, load_processor(tiny_folder), options)

    return make


def loader(mixture, position=0, **more):
    return Loader(mixture, 7, Cursor(position), error_limit=more.pop("error_limit", 0.5), **more)


QA = {
    "sample_id": "qa:0",
    "conversation": '[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]',
}


def test_an_epoch_is_a_permutation_that_its_seed_decides():
    first, again, other = epoch_order(50, 1, 0), epoch_order(50, 1, 0), epoch_order(50, 1, 1)
    assert sorted(first) == list(range(50))
    assert (first == again).all()
    assert (first != other).any()
    assert (first != epoch_order(50, 2, 0)).any()


def test_ranks_share_an_epoch_without_overlap():
    ranks = [[index for _, index in itertools.islice(positions_from(12, 3, rank, 3), 4)] for rank in range(3)]
    assert sorted(itertools.chain(*ranks)) == list(range(12))


def test_every_row_comes_once_an_epoch_and_the_sources_are_mixed(mix, clip_rows):
    mixture = mix(clip_rows[:3], conversations=[QA])
    assert len(mixture) == 4
    source = loader(mixture)
    seen = [next(source).index for _ in range(8)]
    source.close()
    assert Counter(seen) == {0: 2, 1: 2, 2: 2, 3: 2}
    assert seen[:4] == epoch_order(4, 7, 0).tolist()


def test_the_paradigm_both_uses_each_clip_both_ways_and_conversations_once(mix, clip_rows):
    assert len(mix(clip_rows, "streaming", [QA])) == 7
    assert len(mix(clip_rows, "caption", [QA])) == 7
    both = mix(clip_rows[:1], "both")
    grids = [both.build(i).video_grid_thw.shape[0] for i in range(2)]
    assert grids[0] > 1
    assert grids[1] == 1


def test_a_loader_that_starts_at_a_cursor_goes_on_exactly_there(mix, clip_rows):
    mixture = mix(clip_rows)
    straight = loader(mixture)
    indices = [next(straight).index for _ in range(9)]
    straight.close()
    first = loader(mixture)
    begun = [next(first).index for _ in range(4)]
    first.close()
    second = Loader(mixture, 7, first.cursor)
    assert begun + [next(second).index for _ in range(5)] == indices
    second.close()


def test_unusable_rows_are_skipped_counted_and_named_but_never_replaced(mix, clip_rows, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video at all")
    rows = [
        *clip_rows[:4],
        clip_rows[0] | {"clip_id": "bad:1", "video_id": "bad", "path": str(broken)},
        clip_rows[0] | {"clip_id": "mute:1", "words": []},
    ]
    told: list[Rejected] = []
    source = loader(mix(rows), on_reject=told.append)
    seen = [next(source).index for _ in range(12)]
    source.close()
    assert Counter(seen) == {0: 3, 1: 3, 2: 3, 3: 3}
    assert {(r.id, r.kind) for r in told} == {("bad:1", "error"), ("mute:1", "filtered")}
    assert all(r.detail for r in told)
    assert len(told) == 2  # once each, not once an epoch


def test_training_stops_when_errors_pass_the_limit(mix, clip_rows, tmp_path):
    rows = [clip_rows[0] | {"clip_id": f"gone:{i}", "path": str(tmp_path / "gone.mp4")} for i in range(3)] + clip_rows[
        :1
    ]
    source = loader(mix(rows), error_limit=0.5)
    with pytest.raises(UserError, match="in error"):
        list(itertools.islice(source, 5))
    source.close()


def test_filtered_rows_alone_do_not_count_as_errors_but_an_unusable_set_is_refused(mix, clip_rows):
    source = loader(mix([clip_rows[0] | {"words": []}]), error_limit=0.0)
    with pytest.raises(UserError, match="none of 1 training rows"):
        next(source)
    source.close()
    with pytest.raises(UserError, match="empty"):
        loader(mix([]))


def test_what_is_kept_is_handed_out_again(mix, clip_rows):
    mixture = mix(clip_rows[:1])
    source = loader(mixture)
    first = next(source)
    stand_in = mixture.build(0)
    assert isinstance(stand_in, TrainingSequence)
    source.keep(0, stand_in)
    later = [next(source).sequence for _ in range(5)]
    source.close()
    assert any(sequence is stand_in for sequence in later)
    assert first.sequence is not stand_in


def test_rows_by_index_are_the_artifacts_rows(tmp_path):
    store = Store(str(tmp_path / "root"), tmp_path / "cache")
    schema = pa.schema([("name", pa.string()), ("values", pa.list_(pa.float64()))])
    writer = store.write("live_cc", "s", "k", schema, code_version="1", config={}, upstream=[])
    rows = [{"name": f"r{i}", "values": [float(i)] * (i % 5)} for i in range(300)]
    writer.extend(rows)
    writer.commit()
    artifact = store.at(store.place("live_cc", "s", "k"))
    assert artifact is not None
    found = row_file(artifact, tmp_path / "rows")
    assert len(found) == 300
    for index in np.random.default_rng(0).permutation(300)[:60]:
        assert found[int(index)] == rows[index]
    with pytest.raises(IndexError):
        found[300]
    again = row_file(artifact, tmp_path / "rows")
    assert again.path == found.path
    assert len(list((tmp_path / "rows").iterdir())) == 1


def test_an_imported_conversation_holds_no_half_of_a_character(tmp_path):
    turns = [{"role": "user", "content": [{"type": "text", "text": "Why \ud83d?"}]}]
    (tmp_path / "a.jsonl").write_text(json.dumps(turns))
    (row,) = kept(read_conversations(tmp_path / "a.jsonl", "mine"))
    assert json.loads(row["conversation"])[0]["content"][0]["text"] == "Why \ufffd?"


def test_imported_conversations_are_the_same_wherever_their_folder_lies(tmp_path):
    element = {"type": "image", "image": "pictures/one.png"}
    turns = [
        {"role": "user", "content": [element]},
        {"role": "assistant", "content": [{"type": "text", "text": "Red."}]},
    ]
    rows = []
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "a.jsonl").write_text(json.dumps(turns) + "\n[]\n{bad\n")
        rows.append(list(read_conversations(tmp_path / place / "a.jsonl", "mine")))
    assert rows[0] == rows[1]
    assert json.loads(rows[0][0]["conversation"])[0]["content"] == [element]


def test_media_of_a_conversation_are_read_from_the_folder_that_is_named_now(tmp_path, tiny_folder):
    from PIL import Image

    processor = load_processor(tiny_folder)
    (tmp_path / "moved").mkdir()
    Image.new("RGB", (112, 112), (200, 30, 30)).save(tmp_path / "moved" / "one.png")
    turns = [
        {"role": "user", "content": [{"type": "image", "image": "one.png"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Red."}]},
    ]
    rows: Any = [{"sample_id": "mine:0", "conversation": json.dumps(turns)}]
    there, gone = (
        Mixture([Source("general_instructions", rows, own_path, True, str(root))], processor, SequenceOptions())
        for root in (tmp_path / "moved", tmp_path / "gone")
    )
    assert isinstance(there.build(0), TrainingSequence)
    assert isinstance(gone.build(0), Rejected)


def test_the_media_of_instructions_lie_beside_their_file_or_where_the_sample_keeps_them(tmp_path):
    blobs = Store(str(tmp_path / "root"), tmp_path / "cache").blobs
    assert media_root({"jsonl": str(tmp_path / "a.jsonl")}, tmp_path, blobs) == str(tmp_path)
    assert media_root({"jsonl": "s3://bucket/talk/a.jsonl"}, tmp_path, blobs) == "s3://bucket/talk"
    sample = media_root({"generator": "sample-world"}, tmp_path / "home", blobs)
    assert sample == str(tmp_path / "home" / "sample" / "instructions")
    assert media_root({"jsonl": ""}, tmp_path, blobs) == ""
