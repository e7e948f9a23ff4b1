"""A small RTSP server for tests: H.264 in RTP over the RTSP connection, in real time, killed and started again at will."""

import socket
import struct
import threading
import time
from contextlib import suppress
from pathlib import Path

import av
from av.bitstream import BitStreamFilterContext

_SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=test\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:track1\r\n"
)


class RtspServer:
    """Plays a film without B-frames over and over to whoever asks, from the key frame that is on. Frames have ``1 / fps`` s."""

    def __init__(self, film: Path, fps: int, port: int = 0) -> None:
        with av.open(str(film)) as container:
            stream = container.streams.video[0]
            annexb = BitStreamFilterContext("h264_mp4toannexb", stream)
            packets = [p for p in container.demux(stream) if p.size]
            self._keys = [p.is_keyframe for p in packets]
            self._frames = [b"".join(bytes(q) for q in annexb.filter(p)) for p in packets]
        self._fps, self._since = fps, time.monotonic()
        self.port, self.silent = port, False
        self.start()

    def start(self) -> None:
        """Listens, on the port that it had before."""
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listening.getsockname()[1]
        self._clients: list[socket.socket] = []
        self._up = True
        threading.Thread(target=self._accept, daemon=True).start()

    def kill(self) -> None:
        """Drops every connection and listens no more."""
        self._up = False
        for one in (self._listening, *self._clients):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/film"

    def _accept(self) -> None:
        while self._up:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self._clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            file = client.makefile("rb")
            while line := file.readline():
                method, number = line.split(b" ")[0].decode(), "0"
                while header := file.readline().strip():
                    if header.lower().startswith(b"cseq:"):
                        number = header.split(b":")[1].strip().decode()
                extra, body = self._answer(method)
                length = f"Content-Length: {len(body)}\r\n" if body else ""
                client.sendall(f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{extra}{length}\r\n{body}".encode())
                if method == "PLAY":
                    threading.Thread(target=self._play, args=(client,), daemon=True).start()
        except OSError:
            pass

    def _answer(self, method: str) -> tuple[str, str]:
        session = "Session: 1;timeout=60\r\n"
        return {
            "OPTIONS": ("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n", ""),
            "DESCRIBE": ("Content-Type: application/sdp\r\n", _SDP),
            "SETUP": (f"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n{session}", ""),
        }.get(method, (session, ""))

    def _play(self, client: socket.socket) -> None:
        number = int((time.monotonic() - self._since) * self._fps)
        while not self._keys[number % len(self._keys)]:
            number += 1
        begun, sequence = number, 0
        try:
            while self._up:
                time.sleep(max(0.0, self._since + number / self._fps - time.monotonic()))
                if not self.silent:
                    stamp = (777777 + round((number - begun) * 90000 / self._fps)) & 0xFFFFFFFF
                    for last, payload in _payloads(self._frames[number % len(self._frames)]):
                        packet = struct.pack("!BBHII", 0x80, 96 | last << 7, sequence & 0xFFFF, stamp, 7) + payload
                        client.sendall(struct.pack("!cBH", b"$", 0, len(packet)) + packet)
                        sequence += 1
                number += 1
        except OSError:
            pass


def _payloads(frame: bytes):
    """(Whether it is the frame's last, RTP payload) of an access unit: single NAL units, or FU-A pieces of long ones."""
    units = [unit.rstrip(b"\0") for unit in frame.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1") if unit]
    for place, unit in enumerate(units):
        last = place == len(units) - 1
        if len(unit) <= 1200:
            yield last, unit
            continue
        pieces = [unit[at : at + 1200] for at in range(1, len(unit), 1200)]
        for at, piece in enumerate(pieces):
            ends = at == len(pieces) - 1
            header = (at == 0) << 7 | ends << 6 | unit[0] & 0x1F
            yield last and ends, bytes([unit[0] & 0x60 | 28, header]) + piece
