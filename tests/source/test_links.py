"""Links of a batch's folder: refused where they leave it, followed by a switch of the batch, and never in circles."""

import os
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from livecc_assets.cli.main import main
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import load_settings
from livecc_assets.orchestration.batches import record, register
from livecc_assets.source.folders import batch_listing, listing_digest
from livecc_assets.source.listing import entries
from livecc_assets.source.moving import compare
from livecc_assets.store.rows import Note
from tests.artifacts import new_store


@pytest.fixture
def elsewhere(tmp_path: Path, template: bytes) -> Path:
    """A folder outside the batch, with a video in it and one deeper."""
    made = tmp_path / "elsewhere"
    (made / "deep").mkdir(parents=True)
    (made / "one.mp4").write_bytes(template)
    (made / "deep" / "two.mp4").write_bytes(template)
    return made


def names(batch, follow_links: bool = True) -> list[str]:
    return [entry.name for entry in entries(str(batch.folder), follow_links) if entry.trouble is None]


def troubles(batch, follow_links: bool = True) -> dict[str, str]:
    return {entry.name: entry.trouble[0] for entry in entries(str(batch.folder), follow_links) if entry.trouble}


def test_links_that_leave_the_folder_are_refused_with_both_remedies(batch, elsewhere: Path) -> None:
    (batch.folder / "match.mp4").symlink_to(elsewhere / "one.mp4")
    (batch.folder / "more").symlink_to(elsewhere)
    assert names(batch, False) == []
    assert troubles(batch, False) == {"match.mp4": "outside_folder", "more": "outside_folder"}
    told = batch.read()[1][0].detail
    assert "copy the file into the folder" in told and "ingest the folder with --follow-links" in told


def test_the_switch_lets_in_files_and_folders_that_links_lead_to(batch, elsewhere: Path, subrip) -> None:
    (batch.folder / "match.mp4").symlink_to(elsewhere / "one.mp4")
    (batch.folder / "match.srt").write_text(subrip())
    (batch.folder / "more").symlink_to(elsewhere)
    assert names(batch) == ["match.mp4", "match.srt", "more/deep/two.mp4", "more/one.mp4"]
    rows, _ = batch.read(follow_links=True)
    assert [row["path"] for row in rows] == ["match.mp4"]
    assert rows[0]["size_bytes"] == (elsewhere / "one.mp4").stat().st_size, "the file's size, not the link's"


def test_links_in_circles_end(batch, elsewhere: Path) -> None:
    batch.video("match.mp4", captions=False, info={})
    (batch.folder / "deep").mkdir()
    (batch.folder / "deep" / "up").symlink_to(batch.folder)
    (batch.folder / "self").symlink_to(batch.folder / "self")
    (elsewhere / "back").symlink_to(batch.folder)
    (elsewhere / "deep" / "again").symlink_to(elsewhere)
    (batch.folder / "more").symlink_to(elsewhere)
    assert names(batch) == ["match.mp4", "more/deep/two.mp4", "more/one.mp4"]
    assert troubles(batch) == {
        "deep/up": "link_back", "more/back": "link_back", "more/deep/again": "link_back", "self": "unreadable",
    }  # fmt: skip
    (note,) = (row for row in batch.all(follow_links=True) if isinstance(row, Note) and row.id == "deep/up")
    assert (note.kind, note.reason) == ("filtered", "link_back"), "nothing is lost by it"


def test_many_links_to_each_other_do_not_multiply(batch, tmp_path: Path) -> None:
    """Twenty folders, each with two links to the next: a million paths without a single circle."""
    ring = [tmp_path / f"ring{number}" for number in range(21)]
    for folder in ring:
        folder.mkdir()
    for one, after in pairwise(ring):
        (one / "a").symlink_to(after)
        (one / "b").symlink_to(after)
    (ring[-1] / "end.mp4").write_bytes(b"x")
    (batch.folder / "in").symlink_to(ring[0])
    assert len(names(batch)) == 1
    assert len(troubles(batch)) == 20


def test_a_folder_is_read_by_its_own_name_rather_than_by_a_links(batch) -> None:
    batch.write("z/match.mp4", b"x")
    (batch.folder / "a").symlink_to(batch.folder / "z")
    assert names(batch) == ["z/match.mp4"]


def test_what_no_file_is_stays_refused(batch, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (batch.folder / "pipe.mp4").symlink_to(tmp_path / "pipe")
    (batch.folder / "gone.mp4").symlink_to(tmp_path / "gone")
    assert (names(batch), troubles(batch)) == ([], {"gone.mp4": "unreadable", "pipe.mp4": "not_a_file"})


def test_a_changed_file_behind_a_link_changes_the_batchs_listing_where_links_are_followed(
    batch, elsewhere: Path
) -> None:
    (batch.folder / "more").symlink_to(elsewhere)
    about = {"uri": str(batch.folder), "follow_links": True}
    before = batch_listing(about), listing_digest(str(batch.folder))
    assert before[0] != before[1]
    (elsewhere / "three.mp4").write_bytes(b"x")
    assert batch_listing(about) != before[0]
    assert listing_digest(str(batch.folder)) == before[1]


def test_the_switch_is_part_of_the_registration_and_of_the_key(batch, tmp_path: Path) -> None:
    from livecc_assets.orchestration.steps import BY_ASSET

    settings = load_settings(tmp_path / "home")
    store, source = settings.store(), BY_ASSET["yt_cc_source"]
    record(store, str(batch.folder), "plain", "optional")
    record(store, str(batch.folder), "linked", "optional", follow_links=True)
    assert "follow_links" not in store.batch("plain")
    assert source.config(settings, store, "linked") == source.config(settings, store, "plain") | {"follow_links": True}
    with pytest.raises(UserError, match=r"batch plain already stands for .* with another follow_links; choose another"):
        record(store, str(batch.folder), "plain", "optional", follow_links=True)


def test_ingest_takes_the_switch_and_counts_what_links_lead_to(
    batch, elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple] = []
    monkeypatch.setattr("livecc_assets.orchestration.batches.add_batch", lambda *arguments: given.append(arguments[1:]))
    (batch.folder / "more").symlink_to(elsewhere)
    command = ["--home", str(tmp_path / "home"), "ingest", str(batch.folder), "--batch", "films", "--follow-links"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert "batch films: 2 files under" in done.output
    assert given == [(str(batch.folder), "films", "optional", None, True)]


def test_s3_has_no_links_to_follow(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there are no links in S3; leave out --follow-links"):
        list(register(load_settings(tmp_path / "home"), "s3://b/films", "films", "optional", follow_links=True))


def test_a_batch_that_follows_links_is_compared_by_what_they_lead_to(batch, elsewhere: Path, tmp_path: Path) -> None:
    import pyarrow as pa

    from livecc_assets.source.ingest import survey
    from livecc_assets.source.listing import file_sha256
    from livecc_assets.source.moving import contents_of
    from tests.artifacts import write

    (batch.folder / "match.mp4").symlink_to(elsewhere / "one.mp4")
    sha256, size = file_sha256(str(elsewhere / "one.mp4"))
    schema = pa.schema([("path", pa.string()), ("sha256", pa.string()), ("size_bytes", pa.int64())])
    about = {"beside": contents_of(survey(str(batch.folder), True).candidates)}
    rows = [{"path": "match.mp4", "sha256": sha256, "size_bytes": size}]
    made = write(new_store(tmp_path), "yt_cc_source", "films", rows, schema, metadata=about)
    assert compare(made, str(batch.folder), follow_links=True).same
    assert compare(made, str(batch.folder)).missing == ["match.mp4"]
