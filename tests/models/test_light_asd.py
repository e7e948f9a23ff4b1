"""The network is the public one: by its golden cases, with seeded and with published weights."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from livecc_assets.models.light_asd import LightASD, of_weights
from tests.recordings import not_in_the_repository


@pytest.fixture(scope="module")
def golden() -> Any:
    return np.load(not_in_the_repository("golden/light_asd.npz"))


def seeded(shapes: dict[str, list[int]]) -> dict[str, torch.Tensor]:
    """Weights as the golden files describe them."""
    dice = np.random.default_rng(11)
    found = {}
    for name in sorted(shapes):
        if name.endswith("num_batches_tracked"):
            found[name] = torch.tensor(0)
            continue
        drawn = dice.standard_normal(shapes[name]).astype(np.float32) * np.float32(0.1)
        if name.endswith("running_var"):
            drawn = np.abs(drawn) + np.float32(0.5)
        elif drawn.ndim == 1 and name.endswith("weight"):
            drawn = np.float32(1) + drawn
        found[name] = torch.from_numpy(drawn)
    return found


def logits(network: LightASD, golden: Any, case: int) -> np.ndarray:
    sound, faces = (torch.from_numpy(golden[f"case{case}_{name}"])[None] for name in ("audio", "faces"))
    with torch.inference_mode():
        return network(sound, faces)[0].numpy()


def test_parameters_have_the_public_networks_names_and_shapes(golden: Any) -> None:
    own = {name: list(value.shape) for name, value in LightASD().state_dict().items()}
    assert own == json.loads(str(golden["shapes"]))


@pytest.mark.parametrize("case", range(3))
def test_logits_equal_the_public_networks(case: int, golden: Any) -> None:
    published = load_file(not_in_the_repository("golden/light_asd_talkset.safetensors"))
    for name, weights in (("seeded", seeded(json.loads(str(golden["shapes"])))), ("talkset", published)):
        found, wanted = logits(of_weights(weights), golden, case), golden[f"case{case}_{name}"]
        assert np.abs(found - wanted).max() <= 1e-5, name


def test_a_visual_head_and_a_wrappers_prefix_are_passed_over_and_other_weights_are_refused() -> None:
    own = LightASD().state_dict()
    with_head = {f"module.{name}": value for name, value in own.items()} | {"lossV.FC.weight": torch.zeros(2, 128)}
    assert isinstance(of_weights(with_head), LightASD)
    with pytest.raises(ValueError, match=r"1 parameters .* such as lossAV\.FC\.bias"):
        of_weights({name: value for name, value in own.items() if name != "lossAV.FC.bias"})
    with pytest.raises(ValueError, match="of another shape"):
        of_weights(own | {"lossAV.FC.bias": torch.zeros(3)})


def test_sound_and_pictures_must_be_equally_long() -> None:
    with pytest.raises(ValueError, match="7 steps of sound for 2 pictures"):
        LightASD()(torch.zeros(1, 7, 13), torch.zeros(1, 2, 112, 112))
