"""A TCP proxy that loses, delays and cuts what passes through it."""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any

RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Passes bytes on from a port of its own to a server's, until it is told to be worse than that.

    ``delays``: seconds that bytes wait on their way to the server, and back. What a method spoils stays so until
    ``heal``, except for what happens once. Methods may be called from any thread.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.delays = (0.0, 0.0)
        self._links: set[_Link] = set()
        self._ambush: tuple[str, bytes, int] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._passing = asyncio.Event()
        self._listener: asyncio.Server | None = None
        self.port = 0
        self.heal()

    def heal(self) -> None:
        """Pass everything on from now, at once; also what was held back."""
        self.delays, self._ambush = (0.0, 0.0), None
        self._do(self._heal())

    def refuse(self) -> None:
        """Reset all connections and refuse new ones."""
        self._do(self._refuse())

    def hold(self) -> None:
        """Be a partition: accept connections, pass nothing on, keep what comes."""
        self._do(self._hold())

    def cut(self) -> None:
        """Reset the connections that there are."""
        self._do(self._cut())

    def half_open(self) -> None:
        """Let the server lose its connections without the clients' noticing: what they send is answered by nothing."""
        self._do(self._half_open())

    def lose_reply(self, to: bytes = b"") -> None:
        """Let the server act on the next request that contains ``to``, and reset the connection instead of replying."""
        self._ambush = ("reply", to, 0)

    def cut_request(self, after: int, of: bytes = b"") -> None:
        """Pass on the first ``after`` bytes of the next request that contains ``of``, then reset the connection."""
        self._ambush = ("request", of, after)

    @property
    def links(self) -> int:
        """How many connections there are."""
        return len(self._links)

    @property
    def is_set(self) -> bool:
        """Whether what is to happen once has not happened yet."""
        return self._ambush is not None

    def close(self) -> None:
        """End everything."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def spoils(self, link: "_Link", data: bytes) -> bytes | None:
        """Return what of a request still reaches the server, where this is the one lain in wait for."""
        if self._ambush is None or self._ambush[1] not in data:
            return None
        (kind, _, after), self._ambush = self._ambush, None
        link.loses_reply = kind == "reply"
        return data if link.loses_reply else data[:after]

    async def passing(self) -> None:
        """Wait while nothing may pass."""
        await self._passing.wait()

    def _do(self, action: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(action, self._loop).result(10)

    async def _heal(self) -> None:
        self._passing.set()
        if self._listener is None:
            self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            self.port = self._listener.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self._cut()

    async def _hold(self) -> None:
        self._passing.clear()

    async def _cut(self) -> None:
        for link in list(self._links):
            link.reset()

    async def _half_open(self) -> None:
        for link in self._links:
            link.go_deaf()

    async def _end(self) -> None:
        await self._refuse()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # transports end in the next round

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(self, reader, writer)
        self._links.add(link)
        try:
            await link.run()
        except OSError:
            link.reset()  # nobody listens at the other end
        finally:
            link.close()
            self._links.discard(link)


class _Link:
    """One connection, of a client to the proxy and of the proxy to the server."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._client = (reader, writer)
        self._writers = [writer]
        self._deaf = False
        self.loses_reply = False

    async def run(self) -> None:
        await self._proxy.passing()
        server = await asyncio.open_connection("127.0.0.1", self._proxy.target)
        self._writers.append(server[1])
        await asyncio.gather(self._to_server(self._client[0], server[1]), self._to_client(server[0], self._client[1]))

    def reset(self) -> None:
        for writer in self._writers:
            _reset(writer)

    def close(self) -> None:
        for writer in self._writers:
            writer.close()

    def go_deaf(self) -> None:
        self._deaf = True
        for writer in self._writers[1:]:
            _reset(writer)

    async def _to_server(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await _received(source):
            await self._wait(0)
            if self._deaf:
                continue
            spoilt = self._proxy.spoils(self, data)
            await _send(sink, data if spoilt is None else spoilt)
            if spoilt is not None and not self.loses_reply:
                # Flushed, so that the server has read it before the end comes.
                sink.close()
                _reset(self._client[1])
        sink.close()

    async def _to_client(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await _received(source):
            await self._wait(1)
            if self.loses_reply:
                self.reset()
                return
            await _send(sink, data)
        if not self._deaf:
            sink.close()

    async def _wait(self, way: int) -> None:
        await self._proxy.passing()
        if self._proxy.delays[way]:
            await asyncio.sleep(self._proxy.delays[way])


async def _received(source: asyncio.StreamReader) -> bytes:
    try:
        return await source.read(65536)
    except OSError:
        return b""


async def _send(sink: asyncio.StreamWriter, data: bytes) -> None:
    try:
        sink.write(data)
        await sink.drain()
    except OSError:
        pass  # told by the reader of the same connection


def _reset(writer: asyncio.StreamWriter) -> None:
    held = writer.get_extra_info("socket")
    if held is not None and held.fileno() >= 0:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
