"""A bounded queue between a live source and what uses it: made in a thread, waited for or thinned when full."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from livecc_assets.media.live_stop import Stop

T = TypeVar("T")
#: Seconds for which the thread is waited for at the end; one that hangs in a dead connection ends with the process.
_FAREWELL = 2.0


def ahead(
    items: Iterator[T],
    depth: int,
    interrupt: Callable[[], None],
    skipped: Callable[[T], None] | None = None,
    stop: Stop | None = None,
) -> Generator[T]:
    """The same items, made in a thread that is up to ``depth`` of them ahead. An exception comes where its item would.

    When the queue is full the thread waits, or with ``skipped`` what is in it is left out and handed to that, item by item.
    ``interrupt`` is called at the end, whatever ended it, to free a thread that waits for its source. When ``stop`` is set
    nothing more comes, whatever that thread waits for.
    """
    made: deque[T] = deque()
    changed = threading.Condition()
    state: dict[str, BaseException | bool | None] = {"error": None, "end": False, "unwanted": False}

    def work() -> None:
        try:
            for item in items:
                with changed:
                    while skipped is None and len(made) >= depth and not state["unwanted"]:
                        changed.wait()
                    if state["unwanted"]:
                        return
                    if skipped is not None and len(made) >= depth:
                        while made:
                            skipped(made.popleft())
                    made.append(item)
                    changed.notify_all()
        except BaseException as error:  # whatever it is, the consumer is to get it
            state["error"] = error
        finally:
            if isinstance(items, Generator):
                items.close()
            with changed:
                state["end"] = True
                changed.notify_all()

    def unwanted() -> None:
        with changed:
            state["unwanted"] = True
            changed.notify_all()

    if stop is not None:
        stop.frees_by(unwanted)
    thread = threading.Thread(target=work, name="live", daemon=True)
    thread.start()
    try:
        while True:
            with changed:
                while not made and not state["end"] and not state["unwanted"]:
                    changed.wait()
                if not made or state["unwanted"]:
                    break
                item = made.popleft()
                changed.notify_all()
            yield item
        if isinstance(state["error"], BaseException) and not state["unwanted"]:
            raise state["error"]
    finally:
        unwanted()
        if stop is not None:
            stop.forget(unwanted)
        interrupt()
        thread.join(_FAREWELL)
