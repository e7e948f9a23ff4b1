"""Options of ``livecc comment`` as settings of the profile's sections, each checked with a line of its own."""

import math
import re
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings.patterns import DEVICE, WRITTEN

#: More frames a second than any model is shown; a typing error would otherwise run for hours.
_MOST_FPS = 100.0
#: The largest seed that PyTorch's generator takes.
_MOST_SEED = 2**63 - 1


def with_options(
    config: dict[str, Any],
    fps: float | None = None,
    device: str | None = None,
    seed: int | None = None,
    eviction: str | None = None,
    eos_threshold: str | None = None,
    max_words_per_second: float | None = None,
) -> dict[str, Any]:
    """``config`` (``commentary`` settings beside a ``video`` section) with what the command line says otherwise.

    Raises UserError naming the option.
    """
    own: dict[str, Any] = {}
    if fps is not None:
        if not 0 < fps <= _MOST_FPS:
            raise UserError(f"--fps {fps:g}: give more than 0 and at most {_MOST_FPS:g} frames a second")
        own["fps"] = fps
    if device is not None:
        if not re.fullmatch(DEVICE, device):
            raise UserError(f"--device {device}: must be written {WRITTEN[DEVICE]}")
        own["device"] = _there(device)
    if seed is not None:
        if not 0 <= seed <= _MOST_SEED:
            raise UserError(f"--seed {seed}: give a whole number from 0 to {_MOST_SEED}")
        own |= {"sample": True, "seed": seed}
    if eviction is not None:
        own["eviction"] = eviction
    if eos_threshold is not None:
        own |= threshold(eos_threshold)
    if max_words_per_second is not None:
        if not 0 <= max_words_per_second < math.inf:
            raise UserError(
                f"--max-words-per-second {max_words_per_second:g}: give a number above 0, or 0 for no bound"
            )
        own["max_words_per_second"] = max_words_per_second
    bound = [key for key in ("eviction", "max_words_per_second") if key in own]
    if bound and config.get("rule") == "released":
        option = bound[0].replace("_", "-")
        raise UserError(f"--{option}: the profile's `commentary.rule: released` does not know it; set corrected there")
    return config | own


def threshold(text: str) -> dict[str, float]:
    """``BASE[:STEP]`` as settings: the probability at or below which an ellipsis is suppressed, and its growth a token."""
    base, _, step = text.partition(":")
    try:
        found = {"eos_base": float(base), "eos_step": float(step) if step or text.endswith(":") else 0.0}
    except ValueError:
        found = {"eos_base": math.nan, "eos_step": math.nan}
    if not (0 <= found["eos_base"] <= 1 and abs(found["eos_step"]) <= 1):
        raise UserError(
            f"--eos-threshold {text}: write BASE or BASE:STEP, BASE from 0 to 1 and STEP from -1 to 1, such as 0.5:-0.02"
        )
    return found


def _there(device: str) -> str:
    """``device``, where this machine has it."""
    if device.startswith("cuda"):
        import torch

        count = torch.cuda.device_count()
        if int(device.partition(":")[2] or 0) >= count:
            raise UserError(f"--device {device}: PyTorch sees {count} GPUs here; use cpu, or see `livecc doctor`")
    return device
