"""M-RoPE positions against the library's, whole and turn by turn."""

import pytest
import torch

from livecc_assets.models.qwen2_vl import load_model, load_processor
from livecc_assets.training.positions import mrope_positions, with_text_row


def sequence_of(processor, *parts):
    """Ids of text lengths and grids in turn."""
    ids, grids = [], []
    for part in parts:
        if isinstance(part, int):
            ids += [5 + i % 50 for i in range(part)]
        else:
            kind, grid = part
            ids += [processor.image_pad if kind == "image" else processor.video_pad] * processor.tokens_of(grid)
            grids.append(grid)
    return torch.tensor(ids), grids


CASES = [
    (12, ("video", (3, 8, 12)), 9, ("video", (1, 8, 12)), 5, ("video", (1, 8, 12)), 7),
    (4, ("image", (1, 4, 10)), 3, ("video", (2, 12, 4)), 6),
    (30,),
    (1, ("video", (1, 2, 2)), 1),
]


@pytest.mark.parametrize("parts", CASES)
def test_positions_are_the_librarys(tiny_folder, parts):
    processor, model = load_processor(tiny_folder), load_model(tiny_folder)
    ids, grids = sequence_of(processor, *parts)
    kinds = (ids == processor.image_pad).long() + 2 * (ids == processor.video_pad).long()
    images = [grid for kind, grid in (p for p in parts if not isinstance(p, int)) if kind == "image"]
    videos = [grid for kind, grid in (p for p in parts if not isinstance(p, int)) if kind == "video"]
    expected, delta = model.model.get_rope_index(
        ids[None], kinds[None], torch.tensor(images) if images else None, torch.tensor(videos) if videos else None
    )
    found, following = mrope_positions(ids, grids, processor)
    assert torch.equal(found, expected[:, 0])
    assert following == len(ids) + int(delta)


@pytest.mark.parametrize("parts", CASES)
def test_positions_of_a_growing_sequence_equal_those_of_the_whole(tiny_folder, parts):
    processor = load_processor(tiny_folder)
    ids, grids = sequence_of(processor, *parts)
    whole, end = mrope_positions(ids, grids, processor)
    pieces, start = [], 0
    for part in parts:
        piece_ids, piece_grids = sequence_of(processor, part)
        piece, start = mrope_positions(piece_ids, piece_grids, processor, start)
        pieces.append(piece)
    assert torch.equal(torch.cat(pieces, dim=1), whole)
    assert start == end


def test_text_after_a_deep_video_follows_its_last_frame(tiny_folder):
    processor = load_processor(tiny_folder)
    ids, grids = sequence_of(processor, 2, ("video", (10, 4, 4)), 1)
    positions, following = mrope_positions(ids, grids, processor)
    assert positions[:, -1].tolist() == [12, 12, 12]
    assert int(positions[0, :-1].max()) == 11
    assert following == 13


def test_pads_without_their_grid_are_refused(tiny_folder):
    processor = load_processor(tiny_folder)
    ids, grids = sequence_of(processor, 2, ("video", (1, 4, 4)), 1)
    for wrong in ([], [*grids, (1, 4, 4)], [(1, 4, 8)]):
        with pytest.raises(ValueError, match="grid"):
            mrope_positions(ids, wrong, processor)


def test_the_text_row_counts_tokens_whatever_was_cached():
    rows = with_text_row(torch.zeros(3, 4, dtype=torch.int64), past_tokens=10)
    assert rows.shape == (4, 4)
    assert rows[0].tolist() == [10, 11, 12, 13]
