"""A viewer reads the name that was given for a file, and nothing of where things lie on the server."""

import os
from pathlib import Path

import pytest

from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.web.telling import under_name, words

KEPT = Path("/tmp/livecc-serve-a b/Xy_1/uploaded-video")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"{KEPT} is no video", "mine.mp4 is no video"),
        ("uploaded-video has sound but no picture", "mine.mp4 has sound but no picture"),
        (f"file://{KEPT}: no", "mine.mp4: no"),
        (f"[Errno 5] Input/output error: '{KEPT}'", "[Errno 5] Input/output error: 'mine.mp4'"),
        ("cannot open '/srv/my models/m.safetensors'", "cannot open a file of the server"),
        ("out of disk space at /var/tmp/x.bin; free space there", "out of disk space at a file of the server; free space there"),
        ("~/.livecc/home.yaml is broken.", "a file of the server is broken."),
        ("(/etc/passwd)", "(a file of the server)"),
        ("file:///etc/passwd is not opened", "a file of the server is not opened"),
        ("https://a.example:80/live/m.mp4 answers 404", "https://a.example:80/live/m.mp4 answers 404"),
        ("rtsp://[::1]/cam and 3/4 and/or km/h", "rtsp://[::1]/cam and 3/4 and/or km/h"),
        ("give http:// or https:// / nothing", "give http:// or https:// / nothing"),
    ],
)  # fmt: skip
def test_a_line_names_what_the_viewer_named(line: str, told: str) -> None:
    assert under_name(line, KEPT, "mine.mp4") == told


def test_a_name_that_looks_like_a_path_stays_the_viewers() -> None:
    assert under_name(f"{KEPT} is empty", KEPT, "~/x uploaded-video") == "~/x uploaded-video is empty"


def _caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        OSError(2, os.strerror(2), "/srv/secret place/x"),
        RuntimeError("/srv/secret place/x"),
        _caused(
            UserError("cannot read /srv/secret place/x: gone"),
            OSError(2, os.strerror(2), "/srv/secret place/x"),
        ),
        _caused(
            MediaError("unreadable", "/srv/secret place/x and /srv/secret place/y"),
            OSError(2, "no", "/srv/secret place/x", None, b"/srv/secret place/y"),
        ),
        UserError("'/srv/secret place/x' is broken"),
    ],
)
def test_no_error_leads_to_the_servers_files(error: Exception) -> None:
    told = words(error, KEPT, "mine.mp4")
    assert "secret" not in told and "place" not in told and "/" not in told and told


def test_an_error_written_for_people_is_told_as_it_is() -> None:
    assert words(MediaError("gone", "http://a/b broke off")) == "http://a/b broke off"
    assert words(UserError("Choose a file first.")) == "Choose a file first."
