"""Working ahead of the consumer in a thread."""

import queue
import threading
from collections.abc import Generator, Iterator
from typing import TypeVar

T = TypeVar("T")
#: Seconds after which a thread that waits for room looks whether anybody still wants its items.
_LOOK_UP = 0.1


def prefetched(items: Iterator[T], depth: int) -> Generator[T]:
    """The same items, made from now on in a thread that is up to ``depth`` of them ahead. An exception comes where its item
    would.

    Closing it stops the thread and waits for its end: what the thread used is free again.
    """
    working = _working(items, depth)
    next(working)  # the thread starts here and not when the first item is asked for
    return working


def _working(items: Iterator[T], depth: int) -> Generator[T]:
    """The items, behind one None that says that the thread runs."""
    made: queue.Queue[tuple[str, T | BaseException | None]] = queue.Queue(depth)
    unwanted = threading.Event()

    def put(kind: str, value: T | BaseException | None) -> bool:
        while not unwanted.is_set():
            try:
                made.put((kind, value), timeout=_LOOK_UP)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put("item", item):
                    return
        except BaseException as error:  # whatever it is, the consumer is to get it
            put("error", error)
        else:
            put("end", None)
        finally:
            if isinstance(items, Generator):
                items.close()

    thread = threading.Thread(target=work, name="prefetch", daemon=True)
    thread.start()
    try:
        yield None  # type: ignore[misc]  # taken by the caller above
        while True:
            kind, value = made.get()
            if kind == "error":
                assert isinstance(value, BaseException)
                raise value
            if kind == "end":
                return
            yield value  # type: ignore[misc]  # of the kind "item", a T
    finally:
        unwanted.set()
        thread.join()
