"""The geometry of a patch, from the two files of a model folder that tell it."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief
from livecc_assets.models.config_check import MAX_PIXELS
from livecc_assets.models.model_documents import REMEDY, read_object

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
_Share = Annotated[float, Field(ge=0, le=1)]
_Deviation = Annotated[float, Field(gt=0, le=1)]
_Pixels = Annotated[int, Field(ge=1, le=MAX_PIXELS)]


class Geometry(BaseModel):
    """Patch and merge sizes, normalisation, and the bounds of an image in pixels."""

    patch_size: Annotated[int, Field(ge=1, le=1024)]
    temporal_patch_size: Annotated[int, Field(ge=1, le=64)]
    merge_size: Annotated[int, Field(ge=1, le=64)]
    mean: tuple[_Share, _Share, _Share]
    std: tuple[_Deviation, _Deviation, _Deviation]
    rescale_factor: Annotated[float, Field(gt=0, le=1)]
    min_pixels: _Pixels
    max_pixels: _Pixels


def read_geometry(folder: Path, vision: dict[str, Any]) -> dict[str, Any]:
    """The fields of :class:`Geometry`; ``vision`` is the configuration's part on vision, with which the weights were built.

    Raises UserError when the preprocessor's file is missing, disagrees with it, or holds a value that cannot be.
    """
    path = next(
        (p for name in ("preprocessor_config.json", "processor_config.json") if (p := folder / name).is_file()), None
    )
    if path is None:
        raise UserError(f"{folder} has no preprocessor_config.json: copy the one of Qwen/Qwen2-VL-7B-Instruct into it")
    preprocessor = read_object(path)
    preprocessor = _object(preprocessor.get("image_processor", preprocessor), path)
    size = _object(preprocessor.get("size") or {}, path)
    found: dict[str, Any] = {
        "patch_size": vision.get("patch_size", 14),
        "temporal_patch_size": vision.get("temporal_patch_size", 2),
        "merge_size": vision.get("spatial_merge_size", 2),
        "mean": preprocessor.get("image_mean", CLIP_MEAN),
        "std": preprocessor.get("image_std", CLIP_STD),
        "rescale_factor": preprocessor.get("rescale_factor", 1 / 255),
        "min_pixels": preprocessor.get("min_pixels") or size.get("shortest_edge", 4 * 784),
        "max_pixels": preprocessor.get("max_pixels") or size.get("longest_edge", 16384 * 784),
    }
    for key in ("patch_size", "temporal_patch_size", "merge_size"):
        if preprocessor.get(key, found[key]) != found[key]:
            raise UserError(f"{folder}: preprocessor and config.json disagree about {key}; take both from one model")
    try:
        return Geometry.model_validate(found).model_dump()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UserError(f"{path}: {first['loc'][0]} cannot be used ({brief(first['msg'])}); {REMEDY}") from None


def _object(value: Any, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UserError(f"{path} holds {brief(repr(value)[:80])} in place of an object; {REMEDY}")
    return value
