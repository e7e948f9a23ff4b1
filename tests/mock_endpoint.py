"""An OpenAI-compatible endpoint on loopback that is slow, busy and broken as it is told; it counts what it is asked."""

import asyncio
import json
import random
import threading
from collections.abc import Callable
from typing import Any

#: (status, body): what is answered to a prompt instead of a reply.
Answer = str | tuple[int, str]

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Error",
}
_BROKEN = ("", "<html>busy</html>", '{"choices": []}', '{"choices": [{"message": {"content": ', "null")


def longer_wins(prompt: str) -> str:
    """A verdict that depends on the texts alone."""
    code = prompt.split("carry the code ")[1].split(".")[0]
    a, b = (prompt.split(f"<<<{code} Commentary {x}>>>\n")[1].split(f"\n<<<{code} end")[0] for x in "AB")
    return json.dumps(
        {"reason": "it is longer", "winner": "A" if len(a) > len(b) else "B" if len(b) > len(a) else "tie"}
    )


class MockEndpoint:
    """Serves until ``close``. ``latency``: mean seconds of an exponential wait; shares of 429, 500 and broken bodies."""

    def __init__(
        self,
        reply: Callable[[str], Answer] = longer_wins,
        latency: float = 0.0,
        busy: float = 0.0,
        failing: float = 0.0,
        broken: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.reply, self.latency, self.shares = reply, latency, (busy, failing, broken)
        self.calls, self.in_flight, self.most_in_flight, self.paid = 0, 0, 0, 0
        self.prompts: list[str] = []
        self._random = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._server: Any = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._ended(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _ended(self) -> None:
        self._server.close()
        serving = asyncio.all_tasks() - {asyncio.current_task()}
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                (length,) = (
                    int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line
                )
                prompt = json.loads(await reader.readexactly(length))["messages"][0]["content"]
                self.calls += 1
                self.prompts.append(prompt)
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                if self.latency:
                    await asyncio.sleep(self._random.expovariate(1 / self.latency))
                self.in_flight -= 1
                status, body = self._answer(prompt)
                head = f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}\r\nContent-Length: {len(body.encode())}\r\n\r\n"
                writer.write((head + body).encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, prompt: str) -> tuple[int, str]:
        drawn = self._random.random()
        for share, answer in zip(self.shares, ((429, ""), (500, ""), (200, self._random.choice(_BROKEN))), strict=True):
            if drawn < share:
                return answer
            drawn -= share
        answer = self.reply(prompt)
        if isinstance(answer, tuple):
            return answer
        self.paid += 1
        usage = {"prompt_tokens": len(prompt) // 4, "completion_tokens": 20}
        return 200, json.dumps({"model": "mock-1", "choices": [{"message": {"content": answer}}], "usage": usage})
