"""A viewer's file on its way in: streamed to a file of our own naming, within limits, and given up when it stands still."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from starlette.requests import ClientDisconnect

from livecc_assets.core.errors import UserError
from livecc_assets.core.shortage import as_line, writing
from livecc_assets.core.text import plain_line, shortened
from livecc_assets.web.site import Limits

#: Every upload's name on disk. What the viewer calls the file is for messages alone.
STORED = "uploaded-video"
_LONGEST_NAME = 100
_LOG = logging.getLogger(__name__)


def shown_name(given: str) -> str:
    """A file's name as messages show it: one short line, no path."""
    return shortened(plain_line(given).replace("\\", "/").rpartition("/")[2], _LONGEST_NAME) or "the video"


def check_length(announced: str | None, limits: Limits) -> None:
    """Refuse an upload by its ``Content-Length``, before a byte of it is read. Raises UserError."""
    if announced is not None and announced.isdecimal() and int(announced) > limits.upload_bytes:
        raise too_large(limits)


def too_large(limits: Limits) -> UserError:
    """The error for a file above the limit."""
    return UserError(
        f"The file is larger than {limits.upload_bytes / 2**20:.0f} MB, which is what is taken here; "
        "make a smaller copy (ffmpeg -i IN -vf scale=-2:360 OUT.mp4)."
    )


async def receive(
    body: AsyncIterator[bytes], folder: Path, limits: Limits, goes_on: Callable[[], bool] = lambda: True
) -> Path:
    """Write ``body`` into ``folder`` and return the file. Raises UserError: too large, stalled, cut off, disk full.

    ``goes_on`` is asked with every piece whether anybody still wants it.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    path, size, until = folder / STORED, 0, time.monotonic() + limits.uploading
    try:
        with writing(path), open(path, "wb") as file:
            while piece := await asyncio.wait_for(anext(body, None), limits.stalled):
                size += len(piece)
                if size > limits.upload_bytes:
                    raise too_large(limits)
                if time.monotonic() > until:
                    raise UserError(f"The upload took more than {limits.uploading / 60:g} minutes and was given up.")
                if not goes_on():
                    raise UserError("The page that sent this file was closed.")
                await asyncio.to_thread(file.write, piece)
        if not size:
            raise UserError("The file is empty.")
        return path
    except TimeoutError:
        problem = UserError(f"The upload stood still for {limits.stalled:g} seconds and was given up; send it again.")
    except ClientDisconnect:
        problem = UserError("The upload broke off; send it again.")
    except OSError as error:
        _LOG.error("%s", as_line(error) or error)  # a path of this machine is no viewer's to know
        problem = UserError("The server could not keep the file; tell its operator, or send a smaller one.")
    except UserError as error:
        problem = error
    path.unlink(missing_ok=True)
    raise problem
