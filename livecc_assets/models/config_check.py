"""Are the numbers in a model's configuration those of a model? A library builds what they ask for before it sees a weight."""

from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief
from livecc_assets.models.model_documents import REMEDY, nodes

_LAYERS = (
    "num_hidden_layers", "num_layers", "n_layer", "n_layers", "depth", "encoder_layers", "decoder_layers",
    "num_encoder_layers", "num_decoder_layers", "num_hidden_groups",
)  # fmt: skip
_WIDTHS = (
    "hidden_size",
    "d_model",
    "n_embd",
    "embed_dim",
    "dim",
    "embedding_size",
    "head_dim",
    "moe_intermediate_size",
)
_INNER = ("intermediate_size", "ffn_dim", "n_inner", "d_ff", "encoder_ffn_dim", "decoder_ffn_dim", "dim_feedforward")
_HEADS = (
    "num_attention_heads", "num_key_value_heads", "num_heads", "n_head", "n_heads", "encoder_attention_heads",
    "decoder_attention_heads", "num_experts", "num_local_experts", "n_routed_experts", "type_vocab_size",
)  # fmt: skip
#: Of an image, or of all frames of a video together; usual are 13 and 25 million.
MAX_PIXELS = 2**28
#: The largest value of a setting that decides how much a library builds; the largest models stay well below.
LIMITS: dict[str, int] = {
    **dict.fromkeys(_LAYERS, 1_000),
    **dict.fromkeys(_WIDTHS, 65_536),
    **dict.fromkeys(_INNER, 1_000_000),
    **dict.fromkeys(_HEADS, 4_096),
    "vocab_size": 4_000_000,
    "max_position_embeddings": 16_777_216,
    "n_positions": 65_536,  # of families that build a table of positions x positions
    "max_source_positions": 65_536,
    "max_target_positions": 65_536,
    "position_buckets": 65_536,
    "relative_attention_num_buckets": 65_536,
    "num_mel_bins": 1_024,
    "num_labels": 65_536,  # a library makes a name for each
    "image_size": 16_384,
    "patch_size": 1_024,
    "temporal_patch_size": 64,
    "spatial_merge_size": 64,
    "in_channels": 64,
    "num_channels": 64,
    "mlp_ratio": 64,
    **dict.fromkeys(("min_pixels", "max_pixels", "shortest_edge", "longest_edge"), MAX_PIXELS),
}
#: What says that there is no such number.
_NONE = {"max_position_embeddings": (None, -1)}
#: Entries of an object that has one for each class.
_CLASSES = ("id2label", "label2id")
#: Below so many weights a folder may ask for what it likes: it is cheap.
_SLACK = 64 * 1024 * 1024


def check_numbers(config: dict[str, Any], path: Path) -> None:
    """UserError for a setting beyond its limit, wherever in the configuration it stands."""
    for node in nodes(config):
        for key in LIMITS.keys() & node.keys():
            for one in _each(node[key]):
                if one not in _NONE.get(key, (None,)) and not _within(one, LIMITS[key]):
                    raise UserError(
                        f"{brief(path)}: {key} is {brief(repr(one)[:80])}; a model has a number from 0 to {LIMITS[key]:,} "
                        f"there; {REMEDY}"
                    )
        for key in _CLASSES:
            if isinstance(node.get(key), dict | list) and len(node[key]) > LIMITS["num_labels"]:
                most = f"a model has at most {LIMITS['num_labels']:,}"
                raise UserError(f"{brief(path)}: {key} names {len(node[key]):,} classes; {most}; {REMEDY}")


def _each(value: Any) -> list[Any]:
    """A value for each layer or direction, or the one value for all."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else [value]


def _within(value: object, most: int) -> bool:
    return isinstance(value, int | float) and 0 <= value <= most


def check_weights(config: dict[str, Any], path: Path, held: int) -> None:
    """UserError when the model would take far more memory than its weights; ``held`` is the most that the files can hold.

    A library fills what the files lack with random numbers, so a small folder could ask for any memory.
    """
    asked = max(map(implied_weights, nodes(config)))
    if asked > held + _SLACK:
        raise UserError(
            f"{brief(path)} asks for a model of about {asked:,} weights, but the folder's files can hold {held:,}; {REMEDY}"
        )


def implied_weights(node: dict[str, Any]) -> int:
    """Weights that a configuration implies at least: its embeddings, and of each layer half of a usual one.

    A rough lower bound on purpose: families share layers, thin them out or factor them.
    """
    width = _first(node, ("hidden_size", "d_model", "n_embd", "embed_dim", "dim"))
    layers = _first(node, ("num_hidden_groups", *_LAYERS))
    experts = _first(node, ("num_experts", "n_routed_experts", "num_local_experts")) * _first(
        node, ("moe_intermediate_size",)
    )
    layer = width * width + 2 * width * _first(node, _INNER) + width * experts
    rows = _first(node, ("vocab_size",)) * (_first(node, ("embedding_size",)) or width)
    if not any("rope" in key for key in node):  # a table of learned positions
        rows += _first(node, ("max_position_embeddings", "n_positions")) * width
    return rows + layers * layer


def _first(node: dict[str, Any], keys: tuple[str, ...]) -> int:
    """The first of the keys that has a number; of a list with one for each layer, the smallest."""
    for key in keys:
        value = node.get(key)
        numbers = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, int | float)]
        if numbers:
            return int(min(numbers))
    return 0
