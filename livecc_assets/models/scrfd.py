"""Faces by an SCRFD network in ONNX, as insightface publishes them (``buffalo_s``, ``buffalo_sc``; method 1.8)."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief
from livecc_assets.models.faces import Face
from livecc_assets.models.reference import resolve

#: Pixels from one anchor to the next on the network's levels, and anchors at a place.
_STRIDES, _ANCHORS = (8, 16, 32), 2
#: The library's defaults: what counts as a face, and how much two of them may overlap.
_CONFIDENCE, _OVERLAP = 0.5, 0.4
#: How pixels are normalised.
_MEAN, _SCALE = 127.5, 128.0


class ScrfdFaces:
    """SCRFD at the size of the frame as given; sides are filled up to multiples of the coarsest stride."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name

    @classmethod
    def load(cls, ref: str, home: Path, device: str | None = None) -> "ScrfdFaces":
        """The detector of a model folder. Raises UserError for a folder without one, and for another network."""
        import onnxruntime

        file = detector_file(resolve(ref, home), ref)
        providers = ["CUDAExecutionProvider"] if (device or "").startswith("cuda") else []
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        known = [name for name in providers if name in onnxruntime.get_available_providers()]
        try:
            session = onnxruntime.InferenceSession(str(file), options, providers=[*known, "CPUExecutionProvider"])
        except Exception as error:  # what onnxruntime raises has no common class of its own
            raise UserError(
                f"face detector {file}: cannot be read ({brief(error)}); fetch det_500m.onnx again"
            ) from error
        outputs = len(session.get_outputs())
        if len(session.get_inputs()) != 1 or outputs not in (2 * len(_STRIDES), 3 * len(_STRIDES)):
            raise UserError(
                f"face detector {file}: {outputs} outputs, so no SCRFD network; name insightface's det_*.onnx"
            )
        return cls(session)

    def find(self, frame: NDArray[np.uint8]) -> list[Face]:
        """Faces in one uint8 RGB frame [H, W, 3], most confident first."""
        height, width = frame.shape[:2]
        sides = tuple(-(-side // _STRIDES[-1]) * _STRIDES[-1] for side in (height, width))
        filled = np.zeros((*sides, 3), np.float32)
        filled[:height, :width] = frame
        given = ((filled - _MEAN) / _SCALE).transpose(2, 0, 1)[None]
        outputs = self._session.run(None, {self._input: given})
        levels = len(_STRIDES)
        scores = np.concatenate([np.reshape(one, -1) for one in outputs[:levels]])
        reach = [np.reshape(one, (-1, 4)) * stride for one, stride in zip(outputs[levels:], _STRIDES, strict=False)]
        found = scores >= _CONFIDENCE
        places, reach = (
            np.concatenate([_places(sides, stride) for stride in _STRIDES])[found],
            np.concatenate(reach)[found],
        )
        boxes = np.concatenate([places - reach[:, :2], places + reach[:, 2:]], axis=1)
        kept = _best(boxes, scores[found])
        return [_face(box, score) for box, score in zip(boxes[kept], scores[found][kept], strict=True)]


def detector_file(folder: Path, ref: str) -> Path:
    """The face detector among the files of insightface's folders, which also hold networks that tell faces apart."""
    files = sorted(path for path in folder.rglob("*.onnx") if path.is_file())
    detectors = [path for path in files if path.name.startswith("det_") or path.parent.name == "detection"]
    chosen = detectors or files
    if len(chosen) != 1:
        told = f"{len(chosen)} files could be it" if chosen else "it holds no .onnx file"
        raise UserError(
            f"face detector {ref}: {told}; put insightface's det_500m.onnx alone into a folder and name that"
        )
    return chosen[0]


def _places(sides: tuple[int, ...], stride: int) -> NDArray[np.float32]:
    """Pixels (x, y) of the anchors of a level, row by row."""
    rows, columns = np.mgrid[: sides[0] // stride, : sides[1] // stride]
    return np.repeat(np.stack([columns, rows], axis=-1).reshape(-1, 2) * stride, _ANCHORS, axis=0).astype(np.float32)


def _best(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> list[int]:
    """Boxes [N, 4] that no better one overlaps by more than ``_OVERLAP``, best first."""
    kept: list[int] = []
    for index in np.argsort(-scores, kind="stable"):
        if all(overlap(boxes[index], boxes[other]) <= _OVERLAP for other in kept):
            kept.append(int(index))
    return kept


def overlap(one: Any, other: Any) -> float:
    """Intersection over union of two boxes (left, top, right, bottom)."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, float(width)) * max(0.0, float(height))
    areas = [float((box[2] - box[0]) * (box[3] - box[1])) for box in (one, other)]
    return shared / max(1e-9, sum(areas) - shared)


def _face(box: NDArray[np.float32], score: float) -> Face:
    left, top, right, bottom = map(float, box)
    return Face(left, top, right - left, bottom - top, float(score))
