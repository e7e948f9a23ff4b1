"""MTCNN finds a face at any size, and none where there is none."""

from pathlib import Path

import numpy as np
import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.models.faces import FaceFinder

ASSETS = Path(__file__).parents[2] / "livecc_assets" / "sample" / "assets"


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> FaceFinder:
    return FaceFinder.load("embedded:mtcnn", tmp_path_factory.mktemp("home"))


def _face() -> np.ndarray:
    """The astronaut's portrait that the sample world shows in its talking-head videos."""
    from PIL import Image

    return np.asarray(Image.open(ASSETS / "face.png").convert("RGB"))


def _resized(image: np.ndarray, size: int) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.fromarray(image).resize((size, size)))


@pytest.mark.parametrize("size", [56, 112, 480])
def test_the_astronauts_face_is_found_at_every_size(finder: FaceFinder, size: int):
    frame = _resized(_face(), size)
    (face, *others) = finder.find(frame)
    assert not others
    assert face.confidence > 0.95
    centre = (face.left + face.width / 2, face.top + face.height / 2)
    assert all(0.25 * size < place < 0.75 * size for place in centre)
    assert 0.15 * size < face.width < 0.9 * size


def test_a_face_in_a_corner_of_a_wide_frame_is_found_in_its_place(finder: FaceFinder):
    frame = np.full((180, 320, 3), (40, 140, 60), np.uint8)
    frame[100:180, 240:320] = _resized(_face(), 80)
    (face,) = finder.find(frame)
    assert 240 < face.left + face.width / 2 < 320
    assert 100 < face.top + face.height / 2 < 180


def test_a_playing_field_and_noise_hold_no_face(finder: FaceFinder):
    field = np.full((112, 112, 3), (40, 140, 60), np.uint8)
    field[20:34, 30:44] = (220, 30, 30)
    field[70:84, 60:74] = (30, 30, 220)
    field[:, 55:57] = 255
    noise = np.random.default_rng(0).integers(0, 255, (112, 112, 3), dtype=np.uint8)
    assert finder.find(field) == []
    assert finder.find(noise) == []
    assert finder.find(np.zeros((28, 400, 3), np.uint8)) == []


def test_another_detector_is_refused_by_name(tmp_path: Path):
    with pytest.raises(UserError, match="hub:a/b is not supported"):
        FaceFinder.load("hub:a/b", tmp_path)
