"""A viewer's seat is free again whatever becomes of the socket's task."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from livecc_assets.web.site import Site
from livecc_assets.web.viewer import Viewer


def test_a_server_that_cancels_a_leaving_viewer_still_frees_the_seat_and_removes_the_file(served: Site) -> None:
    async def leave() -> None:
        loop, busy = asyncio.get_running_loop(), threading.Event()
        pool = ThreadPoolExecutor(1)
        loop.set_default_executor(pool)
        viewer = Viewer(served)
        viewer.folder.mkdir()
        blocking = loop.run_in_executor(None, busy.wait)  # so that leaving has not begun when it is cancelled
        leaving = asyncio.ensure_future(viewer.close())
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait([leaving])
        assert served.seats.taken == 1
        busy.set()
        await blocking
        pool.shutdown()
        assert not viewer.folder.exists()

    asyncio.run(leave())
    assert served.seats.taken == 0


def test_what_is_told_after_the_page_has_gone_is_dropped(served: Site) -> None:
    async def leave() -> Viewer:
        viewer = Viewer(served)
        await viewer.close()
        viewer.tell({"type": "notice", "text": "late"})
        await asyncio.sleep(0)
        assert viewer.outgoing.empty()
        return viewer

    viewer = asyncio.run(leave())
    viewer.tell({"type": "notice", "text": "after the loop has ended"})
