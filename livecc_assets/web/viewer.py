"""One viewer: a seat, the file that was sent, a stream of each model, and what there is to tell."""

import asyncio
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from livecc_assets.commentary.prompts import DEFAULT_QUERY
from livecc_assets.commentary.streams import Stream
from livecc_assets.core.errors import UserError
from livecc_assets.media.live_address import LiveReport
from livecc_assets.media.live_stop import Stop
from livecc_assets.web.commentator import Commentator
from livecc_assets.web.conversing import Converser
from livecc_assets.web.messages import Ask, At, Message, Query, Start
from livecc_assets.web.pace import CameraPace, look_pace, question_pace, video_pace
from livecc_assets.web.pictures import camera_picture, camera_second
from livecc_assets.web.playhead import Playhead
from livecc_assets.web.showing import Showing
from livecc_assets.web.site import Site
from livecc_assets.web.sources import Source, address_source

#: Messages that wait for a slow line; a page that does not read is not waited for.
_MOST_WAITING = 256


class Viewer:
    """Lives as long as its socket. Takes a seat at once (raises FullError), and gives it back in :meth:`close`.

    ``id`` is known to its own page alone. ``outgoing`` holds what to send; None after the last. The methods that are
    coroutines belong to the server's loop.
    """

    def __init__(self, site: Site) -> None:
        site.seats.take()
        self.id = secrets.token_urlsafe(16)
        self.video: Source | None = None
        self.outgoing: asyncio.Queue[dict[str, Any] | bytes | None] = asyncio.Queue()
        self.folder = site.folder / self.id
        self.receiving = False
        self._site, self._loop = site, asyncio.get_running_loop()
        self._lock, self._gone, self._run = threading.Lock(), False, 0
        self._commentators: list[Commentator] = []
        self._conversers: list[Converser] = []
        self._showing: Showing | None = None
        self._playhead = Playhead()
        self._pace, self._questions, self._looks = video_pace(), question_pace(), look_pace()
        self._camera: CameraPace | None = None
        self._active = time.monotonic()

    @property
    def here(self) -> bool:
        """Whether the page is still there."""
        return not self._gone

    @property
    def started(self) -> bool:
        """Whether anything was shown yet."""
        return self._run > 0

    @property
    def quiet(self) -> str:
        """Why the seat should be free again, because nothing happens here; empty while something does."""
        if self.outgoing.qsize() > _MOST_WAITING:
            return "This line is too slow, and the seat was given up. Start again when you like."
        limits, since = self._site.limits, time.monotonic() - self._active
        if not self._run and since > limits.waiting:
            return "Nothing was chosen for a while, and the seat was given up. Start again when you like."
        if since > limits.idle:
            return "Nothing happened here for a while, and the seat was given up. Start again when you like."
        return ""

    def touch(self) -> None:
        """Something happens here."""
        self._active = time.monotonic()

    def tell(self, message: dict[str, Any] | bytes) -> None:
        """Have something sent; from any thread. What comes after the page has gone is dropped."""
        if self._gone:
            return
        with suppress(RuntimeError):  # the server's loop may have ended meanwhile
            self._loop.call_soon_threadsafe(self._put, message)

    def _put(self, message: dict[str, Any] | bytes) -> None:
        if self.outgoing.qsize() < _MOST_WAITING:
            if isinstance(message, bytes) or message["type"] in ("said", "answer", "ready", "looked"):
                self.touch()
            self.outgoing.put_nowait(message)
        elif self.outgoing.qsize() == _MOST_WAITING:
            self.outgoing.put_nowait(None)

    async def take(self, message: Message | bytes) -> None:
        """Do what the page asks. Raises UserError and MediaError, to be told."""
        if isinstance(message, bytes):
            await self._see(message)
        elif isinstance(message, At):
            self._playhead.tell(message.at, message.playing, message.rate)
            if message.playing:
                self.touch()
        else:
            self.touch()
            if isinstance(message, Start):
                await asyncio.to_thread(self._start, message)
            elif isinstance(message, Query):
                for one in self._commentators:
                    one.query(message.text)
                self.tell({"type": "query", "text": message.text})
            elif isinstance(message, Ask):
                self._ask(message.text)

    def _ask(self, question: str) -> None:
        asked = self._conversers or self._commentators
        if not asked:
            raise UserError("Nothing is shown yet; start, and then ask.")
        if not self._questions.take(1):
            raise UserError("That were many questions; ask again in a few seconds.")
        refused: UserError | None = None
        for one in asked:  # what one model refuses another may answer
            try:
                one.ask(question)
            except UserError as error:
                refused = error
        if refused is not None:
            raise refused

    async def _see(self, data: bytes) -> None:
        camera = self._camera
        if camera is None:
            if self.started:
                return  # it was on its way when the camera's time was over
            raise UserError("No camera was started here.")
        at = camera_second(data)
        if camera.passed > self._site.limits.seconds:
            self._camera = None
            for one in self._commentators:
                one.end()
            minutes = self._site.limits.seconds / 60
            raise UserError(f"It ends here: at most {minutes:g} minutes are shown.")
        if not camera.follows(at):
            for one in self._commentators:
                one.leave_out()
            return
        picture = await asyncio.to_thread(camera_picture, data)
        for one in self._commentators:
            one.push(picture, at)

    def _start(self, asked: Start) -> None:
        """Begin a source, in the place of an earlier one."""
        source = self._source(asked)
        if asked.mode == "chat":
            self._converse(source, asked.until)
            return
        if source is not None and source.address is not None and source.at > self._site.limits.seconds:
            minutes = self._site.limits.seconds / 60
            raise UserError(f"Start an address within its first {minutes:g} minutes; what comes before is read, too.")
        with self._lock:
            if self._gone:
                return
            self._stop()
            self._commentators = self._open(asked.query, self._run + 1)
            self._run += 1
            site = self._site
            playhead = self._playhead = Playhead(asked.at)
            self._camera = CameraPace(site.config.fps) if source is None else None
            ready = {"type": "ready", "at": source.at if source else 0.0, "live": source is None or source.live}
            ready["name"] = source.name if source else "camera"
            tell = self._marked(self._run)
            tell(ready)
            if source is None:
                return
            stop, report = Stop(), LiveReport(lambda line: tell({"type": "notice", "text": source.told(line)}))
            pictures = None if asked.player and source.address is None else self.tell
            self._showing = Showing(
                source.blocks(site.config, report, stop),
                self._commentators,
                playhead,
                tell,
                site.limits.seconds,
                site.config.fps,
                self._pace,
                source.live,
                pictures,
                stop.set,
                source.words,
            )

    def _converse(self, source: Source | None, last: float) -> None:
        """Begin a conversation about a whole file, in the place of what was before."""
        if source is None or source.path is None:
            raise UserError("A conversation is about a whole video; choose a file.")
        until = source.until(last or None)
        if not self._looks.take(1):
            raise UserError("Several videos were looked at here just now; wait for a moment, and start again.")
        with self._lock:
            if self._gone:
                return
            self._stop()
            run, models, config = self._run + 1, self._site.models, self._site.config
            places = self._streams(DEFAULT_QUERY)
            self._run, self._camera = run, None
            ready = {"type": "ready", "mode": "chat", "at": source.at, "until": until, "live": False}
            self._marked(run)(ready | {"name": source.name})
            self._conversers = [
                Converser(model, place, source, until, config, self._marked(run, number))
                for number, (model, place) in enumerate(zip(models, places, strict=True))
            ]

    def _source(self, asked: Start) -> Source | None:
        """What is to be watched; None for the camera."""
        if asked.source == "camera":
            return None
        if asked.source == "address":
            return address_source(asked.address, asked.at, self._site.hosts)
        if self.video is None:
            raise UserError("No file was sent yet; choose one.")
        return replace(self.video, at=asked.at)

    def _open(self, query: str, run: int) -> list[Commentator]:
        return [Commentator(stream, self._marked(run, number)) for number, stream in enumerate(self._streams(query))]

    def _streams(self, query: str) -> list[Stream]:
        """A stream of each model, or of none. Raises FullError."""
        opened: list[Stream] = []
        try:
            for model in self._site.models:
                opened.append(model.streams.open(query))
        except BaseException:
            for one in opened:
                one.close()
            raise
        return opened

    def _marked(self, run: int, model: int | None = None) -> Callable[[dict[str, Any]], None]:
        """Tells with the number of the run, by which the page knows what belongs to an earlier one, and of the model."""
        marks = {"run": run} | ({} if model is None else {"model": model})
        return lambda message: self.tell(message | marks)

    def _stop(self) -> None:
        if self._showing is not None:
            self._showing.close()
            self._showing = None
        for one in self._commentators:
            one.close()
        for talking in self._conversers:
            talking.close()
        self._commentators, self._conversers = [], []

    async def close(self) -> None:
        """The page has gone: its files are removed, its streams ended, and its seat is free."""
        self._gone = True
        # Shielded: a server that ends cancels what waits, and what has not begun would never be done.
        await asyncio.shield(self._loop.run_in_executor(None, self._leave))

    def _leave(self) -> None:
        try:
            with self._lock:
                self._stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
            self._site.seats.give_back()
