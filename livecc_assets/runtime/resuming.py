"""Going through the items of a step, with what an earlier attempt finished served and only the rest computed."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from livecc_assets.store.parts import Parts, mark
from livecc_assets.store.rows import Row

T = TypeVar("T")
R = TypeVar("R")

#: Items under way, or finished and waiting for an earlier one, for each thread: a minute's work at a second each.
AHEAD = 64

#: What was made of so many items.
Made = tuple[int, list[Row]]


def resumed(
    parts: Parts, items: Iterable[T], compute: Callable[[list[T]], Iterable[Row]], unit: int = 1, at_once: int = 1
) -> Iterator[Made]:
    """(number of items, their rows) for each ``unit`` items, in order.

    ``at_once`` units are computed at the same time, each in a thread of its own, and each is kept as soon as it is
    finished, whatever the others do.
    """

    def made(number: int, some: list[T]) -> Made:
        name = mark(number, some)
        rows = parts.take(name)
        if rows is None:
            rows = list(compute(some))
            parts.keep(name, len(some), rows)
        return len(some), rows

    units = enumerate(_stretches(items, unit))
    if at_once == 1:
        for number, some in units:
            yield made(number, some)
        return
    yield from flowing(units, lambda one: made(*one), at_once)


def flowing(items: Iterable[T], made: Callable[[T], R], at_once: int) -> Iterator[R]:
    """What is made of each item, in order, by ``at_once`` threads that never wait for one another.

    One that takes long holds back what is yielded, and not the work: up to :data:`AHEAD` items a thread are finished
    meanwhile. What a thread raises is raised in its item's place; what has not begun by then never does. An interrupt waits for
    no thread: one may be minutes from its answer.
    """
    pool = ThreadPoolExecutor(at_once)
    pending: deque[Future[R]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(made, item))
            while pending and (pending[0].done() or len(pending) >= AHEAD * at_once):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except Exception:
        pool.shutdown(cancel_futures=True)
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _stretches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    left = iter(items)
    while some := list(islice(left, size)):
        yield some
