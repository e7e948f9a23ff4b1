"""The paper's scorer of B5: the share of a clip in which Light-ASD hears a face in view speak (method 1.8)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from livecc_assets.core.errors import UserError
from livecc_assets.core.rules import Rule
from livecc_assets.core.text import brief
from livecc_assets.live_whisperx.face_tracks import Box, tracks
from livecc_assets.live_whisperx.mfcc import RATE, mfcc
from livecc_assets.media.audio import read_audio
from livecc_assets.media.frames import Video
from livecc_assets.models.faces import Face
from livecc_assets.models.reference import resolve

#: Pictures a second that the network was trained on, pictures of a window, and from the start of one to the next as published.
FPS, WINDOW, EVERY = 25, 150, 750
#: Width and height of the frames in which faces are sought.
SIZE = (288, 160)
#: What a grey value is made of, and the side of a face.
_GREY, _SIDE = np.array([0.2989, 0.5870, 0.1140], np.float32), 112
_SOUND = 4

Crop = NDArray[np.float32]


class Finder(Protocol):
    """What finds faces in uint8 RGB frames."""

    def find(self, frame: NDArray[np.uint8]) -> list[Face]: ...


class LightASDScorer:
    """Faces found, followed and heard, window by window.

    ``released``: the first 6 s of each 30 s in whole windows, frames squeezed to 288x160, rounded to hundredths.
    ``corrected``: all of the clip, each picture the frame that is shown at its time, frames as wide as they are.
    """

    def __init__(self, network: Any, finder: Finder, rule: Rule = "corrected", device: str = "cpu") -> None:
        self._network, self._finder, self._device = network.to(device), finder, device
        self._rule: Rule = rule

    @classmethod
    def load(cls, config: dict[str, Any], home: Path) -> "LightASDScorer":
        """From a profile's ``active_speaker`` section. Raises UserError for weights that are not Light-ASD's."""
        import torch

        device = config.get("device") or ("cuda" if torch.cuda.is_available() else "cpu")
        return cls(load_network(config["model"], home), load_finder(config, home, device), config["rule"], device)

    def __call__(self, uri: str, start: float, end: float) -> float:
        """Pictures in which a face speaks / pictures looked at. Raises MediaError for a file that cannot be read."""
        sound = read_audio(uri, start, end, RATE, rule=self._rule)
        loudest = float(np.abs(sound).max(initial=0.0))
        heard = mfcc((sound / max(loudest, 1e-9) * 32767).astype(np.int16))
        pictures = len(heard) // _SOUND
        parts = windows(pictures, self._rule)
        if not loudest or not parts:
            return 0.0
        speaking = looked = 0
        with Video.open(uri) as video:
            wanted = _frames(video, start, end, pictures, self._rule)
            for part in parts:
                seen = [self._look(pixels) for _, pixels in video.each(wanted[part].tolist())]
                looked += len(seen)
                speaking += len(self._speaking(seen, heard[part.start * _SOUND : part.stop * _SOUND]))
        return round(speaking / looked, 2) if self._rule == "released" else speaking / looked

    def _look(self, pixels: NDArray[np.uint8]) -> list[tuple[Box, Crop]]:
        """The faces of a frame: their boxes and themselves, grey [112, 112]."""
        import cv2

        height, width = pixels.shape[:2]
        size = SIZE
        if self._rule == "corrected":
            scale = (
                min(SIZE[0] / width, SIZE[1] / height) if width >= height else min(SIZE[1] / width, SIZE[0] / height)
            )
            size = max(1, round(width * scale)), max(1, round(height * scale))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if size[0] < width else cv2.INTER_LINEAR)
        grey = small.astype(np.float32) @ _GREY
        found = []
        for face in self._finder.find(small.astype(np.uint8)):
            left, top = int(face.left), int(face.top)
            right, bottom = int(face.left + face.width), int(face.top + face.height)
            inside = grey[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
            if inside.size:
                box = (float(left), float(top), float(right), float(bottom))
                found.append((box, cv2.resize(inside, (_SIDE, _SIDE), interpolation=cv2.INTER_LINEAR)))
        return found

    def _speaking(self, seen: Sequence[Sequence[tuple[Box, Crop]]], heard: NDArray[np.float32]) -> set[int]:
        """Numbers of the window's pictures in which a face speaks."""
        import torch

        found: set[int] = set()
        for track in tracks(seen):
            sound = torch.from_numpy(heard[track.first * _SOUND : track.end * _SOUND])[None]
            faces = torch.from_numpy(np.stack(track.seen))[None]
            with torch.inference_mode():
                logits = self._network(sound.to(self._device), faces.to(self._device))[0].cpu().numpy()
            found |= {track.first + int(step) for step in np.flatnonzero(logits > 0)}
        return found


def windows(pictures: int, rule: Rule) -> list[slice]:
    """The parts of a clip of so many pictures that are looked at: whole windows with gaps as published, or all of it."""
    if rule == "released":
        return [slice(start, start + WINDOW) for start in range(0, pictures - WINDOW + 1, EVERY)]
    return [slice(start, min(start + WINDOW, pictures)) for start in range(0, pictures, WINDOW)]


def _frames(video: Video, start: float, end: float, pictures: int, rule: Rule) -> NDArray[np.int64]:
    """The frame of each picture: spread over those that lie within the clip as published, or what is shown at its time."""
    ends, first = video.clock(rule)
    if rule == "released":
        starts = np.concatenate([[first], ends[:-1]])
        inside = np.flatnonzero((starts >= start) & (ends <= end))
        if not len(inside):
            return np.full(pictures, int(np.clip(np.searchsorted(ends, start), 0, len(ends) - 1)), np.int64)
        return inside[np.linspace(0, len(inside) - 1, pictures).round().astype(int)]
    times = start + (np.arange(pictures) + 0.5) / FPS
    return np.minimum(np.searchsorted(ends, times, side="right"), len(ends) - 1)


def load_network(ref: str, home: Path) -> Any:
    """Light-ASD with the weights of a folder: one file of safetensors, or the published ``.model``, read without running it.

    Raises UserError where the folder has none, or others.
    """
    import torch
    from safetensors.torch import load_file

    from livecc_assets.models.light_asd import of_weights

    folder = resolve(ref, home)
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".safetensors", ".model", ".pt", ".pth"))
    talkset = [path for path in files if "talkset" in path.name.lower()]
    chosen = talkset or files
    if len(chosen) != 1:
        told = f"{len(chosen)} files could be it" if chosen else "there is none"
        raise UserError(
            f"Light-ASD's weights in {ref}: {told}; put finetuning_TalkSet.model alone into a folder and name that"
        )
    try:
        read = (
            load_file(chosen[0])
            if chosen[0].suffix == ".safetensors"
            else torch.load(chosen[0], "cpu", weights_only=True)
        )
        return of_weights(read)
    except Exception as error:  # a damaged pickle raises anything
        raise UserError(
            f"{chosen[0]}: not Light-ASD's weights ({brief(error)}); fetch finetuning_TalkSet.model again"
        ) from error


def load_finder(config: dict[str, Any], home: Path, device: str) -> Finder:
    """The face detector that ``face_model`` names: the embedded one, or an ONNX file of insightface's."""
    if config["face_model"].startswith("embedded:"):
        from livecc_assets.models.faces import FaceFinder

        return FaceFinder.load(config["face_model"], home, working_side=168)
    from livecc_assets.models.scrfd import ScrfdFaces

    return ScrfdFaces.load(config["face_model"], home, device)
