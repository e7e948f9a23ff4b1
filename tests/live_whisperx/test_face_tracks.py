"""Faces are followed from frame to frame by their overlap."""

from livecc_assets.live_whisperx.face_tracks import Box, tracks


def box(left: float, side: float = 10) -> Box:
    return left, 0.0, left + side, side


def followed(*frames: list[float], shortest: int = 1) -> list[tuple[int, list[float]]]:
    """(first frame, lefts) of the tracks of boxes given by their left sides."""
    given = [[(box(left), left) for left in frame] for frame in frames]
    return [(track.first, track.seen) for track in tracks(given, shortest)]


def test_a_face_that_moves_a_little_is_one_track_and_one_that_jumps_begins_another() -> None:
    assert followed([0], [1], [2], [9]) == [(0, [0, 1, 2]), (3, [9])]


def test_two_faces_keep_apart_in_whatever_order_they_are_found() -> None:
    assert followed([0, 40], [41, 1], [1, 42]) == [(0, [0, 1, 1]), (0, [40, 41, 42])]


def test_of_two_boxes_on_one_track_the_closer_one_gets_it() -> None:
    assert followed([0], [1.5, 0.5], [0.5]) == [(0, [0, 0.5, 0.5]), (1, [1.5])]


def test_a_frame_without_a_face_ends_all_tracks() -> None:
    assert followed([0], [], [0]) == [(0, [0]), (2, [0])]


def test_short_tracks_do_not_count() -> None:
    assert followed([0], [0], [0], [0], shortest=5) == []
    assert followed([0], [0], [0], [0], [0], shortest=5) == [(0, [0] * 5)]
