"""SCRFD's outputs become boxes; what is no such network is refused."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.models.embedded import locate
from livecc_assets.models.scrfd import ScrfdFaces, detector_file, overlap


class Network:
    """Outputs of a network of three levels, in which some anchors see a face: (level, row, column, anchor, score, reach)."""

    def __init__(self, *faces: tuple[int, int, int, int, float, float]) -> None:
        self.faces = faces
        self.given: np.ndarray | None = None

    def get_inputs(self) -> list[Any]:
        return [SimpleNamespace(name="input.1")]

    def run(self, _: None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        self.given = inputs["input.1"]
        height, width = self.given.shape[2:]
        sizes = [(height // stride, width // stride) for stride in (8, 16, 32)]
        scores = [np.zeros((rows * columns * 2, 1), np.float32) for rows, columns in sizes]
        reach = [np.zeros((rows * columns * 2, 4), np.float32) for rows, columns in sizes]
        for level, row, column, anchor, score, far in self.faces:
            place = (row * sizes[level][1] + column) * 2 + anchor
            scores[level][place], reach[level][place] = score, far
        return [*scores, *reach]


def test_an_anchors_reach_is_in_its_levels_strides_and_the_best_of_overlapping_boxes_stays() -> None:
    network = Network((1, 3, 4, 0, 0.9, 1.5), (1, 3, 4, 1, 0.7, 1.6), (2, 0, 7, 1, 0.6, 0.5), (0, 0, 0, 0, 0.49, 1.0))
    found = ScrfdFaces(network).find(np.full((160, 288, 3), 255, np.uint8))
    assert [(face.left, face.top, face.width, face.height) for face in found] == [
        (4 * 16 - 24, 3 * 16 - 24, 48, 48),
        (7 * 32 - 16, -16, 32, 32),
    ]
    assert [round(face.confidence, 2) for face in found] == [0.9, 0.6]


def test_pixels_are_normalised_and_a_frame_is_filled_up_to_whole_strides() -> None:
    network = Network()
    assert ScrfdFaces(network).find(np.full((100, 50, 3), 255, np.uint8)) == []
    assert network.given is not None and network.given.shape == (1, 3, 128, 64)
    assert network.given[0, 0, 0, 0] == pytest.approx(127.5 / 128) and network.given[0, 0, 127, 63] < -0.99


def test_overlap_is_intersection_over_union() -> None:
    assert overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 1, 1), (2, 2, 3, 3)) == 0


def test_the_detector_is_found_beside_networks_that_tell_faces_apart(tmp_path: Path) -> None:
    for name in ("recognition/model.onnx", "detection/model.onnx"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"")
    assert detector_file(tmp_path, "x") == tmp_path / "detection" / "model.onnx"
    (tmp_path / "det_500m.onnx").write_bytes(b"")
    with pytest.raises(UserError, match=r"face detector x: 2 files could be it; put insightface's det_500m\.onnx"):
        detector_file(tmp_path, "x")


def test_what_is_no_detector_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no \.onnx file"):
        ScrfdFaces.load(str(tmp_path), tmp_path)
    (tmp_path / "det_a.onnx").write_bytes(b"no network")
    with pytest.raises(UserError, match=r"det_a\.onnx: cannot be read"):
        ScrfdFaces.load(str(tmp_path), tmp_path)
    other = next(locate("mtcnn").rglob("*.onnx"))
    shutil.copy(other, tmp_path / "det_a.onnx")
    with pytest.raises(UserError, match="so no SCRFD network"):
        ScrfdFaces.load(str(tmp_path), tmp_path)
