"""Talking heads speak, narrated footage does not; the published windows, or all of a clip."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from livecc_assets.core.errors import UserError
from livecc_assets.core.rules import Rule
from livecc_assets.live_whisperx.active_speaker import active_speaker_ratios, load_scorer
from livecc_assets.live_whisperx.light_asd import LightASDScorer, windows
from livecc_assets.models.faces import Face
from livecc_assets.models.light_asd import LightASD
from livecc_assets.store.videos import own_path
from tests.recordings import Media, not_in_the_repository


class Says(torch.nn.Module):
    """Hears every picture of a track as speech, or as none; remembers what it was shown."""

    def __init__(self, logit: float) -> None:
        super().__init__()
        self.logit = logit
        self.shown: list[Any] = []

    def forward(self, sound: torch.Tensor, faces: torch.Tensor) -> torch.Tensor:
        self.shown.append((tuple(sound.shape), tuple(faces.shape)))
        return torch.full(faces.shape[:2], self.logit)


class OneFace:
    """A face at the same place of every frame."""

    def __init__(self) -> None:
        self.sizes: set[tuple[int, ...]] = set()

    def find(self, frame: np.ndarray) -> list[Face]:
        self.sizes.add(frame.shape)
        return [Face(10.7, 5.2, 40.0, 50.0, 0.99)]


def test_windows_are_the_published_ones_or_all_of_the_clip() -> None:
    assert windows(149, "released") == []
    assert windows(1600, "released") == [slice(0, 150), slice(750, 900)], "the third has no 150 pictures left"
    whole = windows(310, "corrected")
    assert whole == [slice(0, 150), slice(150, 300), slice(300, 310)]
    assert windows(0, "corrected") == []


@pytest.mark.parametrize(("rule", "size"), [("released", (160, 288, 3)), ("corrected", (160, 160, 3))])
def test_each_track_goes_with_its_part_of_the_sound_in_frames_of_the_rules_shape(
    rule: Rule, size: tuple[int, ...], make_talk: Any
) -> None:
    video = make_talk("v.mp4", [True] * 7, np.sin(np.arange(7 * 16000) / 9).astype(np.float32))
    network, finder = Says(1.0), OneFace()
    assert LightASDScorer(network, finder, rule)(str(video), 0.0, 7.0) == 1.0
    lengths = [faces[1] for _, faces in network.shown]
    assert lengths == ([150] if rule == "released" else [150, 24])
    assert all(sound == (1, 4 * faces[1], 13) and faces[2:] == (112, 112) for sound, faces in network.shown)
    (seen,) = finder.sizes
    assert seen == size or (rule == "corrected" and max(seen[:2]) in (160, 288) and seen != (160, 288, 3))
    assert LightASDScorer(Says(-1.0), finder, rule)(str(video), 0.0, 7.0) == 0.0


def test_silence_has_no_speaker_whatever_the_network_says(make_talk: Any) -> None:
    video = make_talk("quiet.mp4", [True] * 7, np.zeros(7 * 16000, np.float32))
    network = Says(1.0)
    assert LightASDScorer(network, OneFace())(str(video), 0.0, 7.0) == 0.0
    assert network.shown == []


def test_a_published_clip_begins_where_its_first_word_ends() -> None:
    words = [{"start": 1.0, "end": 2.0, "word": "a"}, {"start": 8.0, "end": 9.0, "word": "b"}]
    clip = {"clip_id": "c", "video_id": "v", "batch": "", "path": "/v.mp4", "start": 1.0, "end": 9.0, "words": words}
    asked: list[tuple[float, float]] = []

    def scorer(uri: str, start: float, end: float) -> float:
        asked.append((start, end))
        return 0.0

    for rule in ("released", "corrected"):
        list(active_speaker_ratios([clip], own_path, scorer, rule))
    assert asked == [(2.0, 9.0), (1.0, 9.0)]


def folder(path: Path, weights: dict[str, torch.Tensor], name: str = "finetuning_TalkSet.model") -> str:
    path.mkdir()
    (save_file if name.endswith("safetensors") else torch.save)(weights, path / name)
    return str(path)


def config(model: str, rule: str = "corrected") -> dict[str, Any]:
    return {"scorer": "light-asd", "model": model, "face_model": "embedded:mtcnn", "rule": rule, "device": "cpu"}


def test_weights_come_as_published_or_as_safetensors_and_nothing_in_them_is_run(tmp_path: Path) -> None:
    own = LightASD().state_dict()
    for number, name in enumerate(("finetuning_TalkSet.model", "a.safetensors")):
        assert load_scorer(config(folder(tmp_path / str(number), own, name)), tmp_path)
    (tmp_path / "evil").mkdir()
    torch.save(Path, tmp_path / "evil" / "finetuning_TalkSet.model")
    with pytest.raises(UserError, match=r"finetuning_TalkSet\.model: not Light-ASD's weights"):
        load_scorer(config(str(tmp_path / "evil")), tmp_path)
    with pytest.raises(UserError, match="190 parameters are missing"):
        load_scorer(config(folder(tmp_path / "other", {}, "b.safetensors")), tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"there is none; put finetuning_TalkSet\.model"):
        load_scorer(config(str(tmp_path / "empty")), tmp_path)


@pytest.mark.parametrize("rule", ["released", "corrected"])
def test_with_the_published_weights_talking_heads_speak_and_a_narrator_over_footage_does_not(
    rule: str, media: Media, tmp_path: Path
) -> None:
    weights = not_in_the_repository("golden/light_asd_talkset.safetensors")
    (tmp_path / "asd").mkdir()
    (tmp_path / "asd" / weights.name).symlink_to(weights)
    scorer = load_scorer(config(str(tmp_path / "asd"), rule), tmp_path)
    seconds = 6.2 if rule == "released" else 3.0  # a whole window at least
    for head in ("WDA_AlexandriaOcasioCortez_000.mp4", "WDA_KatieHill_000.mp4"):
        assert scorer(str(media / head), 1.0, 1.0 + seconds) > 0.5
    for footage, start in (("nasa_13013.mp4", 2.0), ("v2d_test_video.mp4", 60.0)):
        assert scorer(str(media / footage), start, start + seconds) <= 0.05
