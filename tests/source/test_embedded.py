"""Caption tracks inside video files."""

from pathlib import Path

import pytest

from livecc_assets.core.errors import MediaError
from livecc_assets.source.embedded import read_embedded
from tests.recordings import Media


def test_the_real_track_equals_the_subrip_file_made_from_it(media: Media):
    captions = read_embedded(str(media / "nasa_13013.mp4"), "en")
    assert captions is not None
    assert captions.format == "embedded"
    assert [line["text"][:20] for line in captions.lines][:2] == ["NAR: This is the opt", "space telescope in o"]
    assert captions.lines[0]["start"] == pytest.approx(0.21)
    assert captions.problems == []


@pytest.mark.parametrize(("ending", "codec"), [("mp4", "mov_text"), ("mkv", "subrip")])
def test_track_is_read_from_either_container(ending, codec, film, tmp_path: Path):
    plain = film.make(tmp_path / f"plain.{ending}", seconds=6)
    cues = [(0.5, 2.0, b"<i>first</i> line"), (2.0, 3.5, b"second"), (4.0, 5.0, b"third")]
    path = film.add_caption_track(plain, tmp_path / f"film.{ending}", cues, codec)
    captions = read_embedded(str(path), "en")
    assert captions is not None
    assert [line["text"] for line in captions.lines] == ["first line", "second", "third"]
    assert [line["start"] for line in captions.lines] == pytest.approx([0.5, 2.0, 4.0], abs=0.02)


def test_film_without_a_track_has_none(film, tmp_path: Path):
    assert read_embedded(str(film.make(tmp_path / "film.mp4", seconds=1)), "en") is None


def test_track_in_another_encoding_is_refused(film, tmp_path: Path):
    plain = film.make(tmp_path / "plain.mkv", seconds=3)
    cues = [(0.0, 1.0, "café".encode("latin-1"))]
    with pytest.raises(MediaError) as caught:
        read_embedded(str(film.add_caption_track(plain, tmp_path / "film.mkv", cues, "subrip")), "en")
    assert caught.value.reason == "captions_encoding"
