"""A source on its way to one viewer's models: each block when the viewer has seen it, and no sooner."""

import logging
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

from livecc_assets.commentary.interval import Block
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.web.commentator import Commentator
from livecc_assets.web.pace import Pace
from livecc_assets.web.pictures import shown_pictures
from livecc_assets.web.playhead import Playhead
from livecc_assets.web.telling import words

_LOG = logging.getLogger(__name__)
#: Seconds for which the thread is waited for at the end.
_FAREWELL = 2.0
#: Seconds by which the words may lag behind a playback that is too fast before the viewer is told.
_LAG = 4.0


class Showing:
    """Hands ``blocks`` to ``commentators`` from a thread of its own, as ``playhead`` comes to them.

    ``live``: the blocks come when they happen, and nothing is waited for. ``pictures`` gets the frames of each block, for a
    page that cannot play the source itself; then playback begins with the first block. ``tell`` hears how it ends.
    ``seconds`` is the most that is shown. A block waits until ``pace`` lets it pass, wherever the page says that it is.
    ``interrupt`` is called at the end, from another thread, and frees one that waits in ``blocks``. ``words`` makes
    of an error what the viewer reads.
    """

    def __init__(
        self,
        blocks: Iterator[Block],
        commentators: Sequence[Commentator],
        playhead: Playhead,
        tell: Callable[[dict[str, Any]], None],
        seconds: float,
        fps: float,
        pace: Pace,
        live: bool = False,
        pictures: Callable[[bytes], None] | None = None,
        interrupt: Callable[[], None] = lambda: None,
        words: Callable[[BaseException], str] = words,
    ) -> None:
        self._blocks, self._commentators, self._playhead, self._tell = blocks, commentators, playhead, tell
        self._seconds, self._fps, self._live, self._pictures = seconds, fps, live, pictures
        self._pace, self._lags, self._interrupt, self._words = pace, False, interrupt, words
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="showing", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Show nothing more."""
        self._stopped.set()
        self._playhead.stop()
        self._interrupt()
        self._thread.join(_FAREWELL)

    def _work(self) -> None:
        try:
            self._show()
        except (MediaError, UserError) as error:
            self._fail(error)
        except Exception as error:
            _LOG.exception("a source could not be shown")
            self._fail(error)
        finally:
            if isinstance(self._blocks, Generator):
                self._blocks.close()
            if not self._stopped.is_set():
                for one in self._commentators:
                    one.end()

    def _fail(self, error: Exception) -> None:
        if not self._stopped.is_set():
            self._tell({"type": "error", "text": self._words(error)})

    def _show(self) -> None:
        first: float | None = None
        for block in self._blocks:
            if self._stopped.is_set():
                return
            begin, end = block.origin_s + block.start_s, block.origin_s + block.end_s
            if first is None:
                first = begin
                if self._pictures is not None:
                    self._playhead.tell(begin, True)
            if not self._seen(begin, end, block):
                return
            for one in self._commentators:
                one.show(block)
            if end - first >= self._seconds:
                self._tell(
                    {"type": "notice", "text": f"It ends here: at most {self._seconds / 60:g} minutes are shown."}
                )
                return

    def _seen(self, begin: float, end: float, block: Block) -> bool:
        """Returns when the viewer has seen the block; False when the viewer has gone."""
        if self._pictures is not None:
            if not self._live and not self._playhead.wait(begin):
                return False
            for picture in shown_pictures(block, self._fps):
                self._pictures(picture)
        return (self._live or self._playhead.wait(end)) and self._paced(end - begin, end)

    def _paced(self, seconds: float, end: float) -> bool:
        """Returns when so many seconds, up to ``end``, may be shown; False when the viewer has gone."""
        wait = self._pace.owe(seconds)
        if wait and not self._lags and not self._live and self._playhead.position - end > _LAG:
            self._lags = True
            self._tell({"type": "notice", "text": "This plays more quickly than is commented; the words come later."})
        return not self._stopped.wait(wait)
