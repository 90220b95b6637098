"""A proxy through which a program in a sandbox reaches granted hosts and nothing else: it holds the only socket that leads out
of the program's network.

Interception inside a browser would miss web sockets, workers and prefetching; a proxy sees every connection there is. It speaks
HTTP with absolute addresses and CONNECT, resolves names itself (through `Reach`), and what follows a request on its connection
goes to the same host and port, whatever it says. A tunnel whose TLS asks for another server than the one it was opened to is
closed unless that one may be reached as well: many servers share one address, and the name in the handshake chooses among them.
A tunnel that names no server, or speaks something else than TLS, is led to the host it was opened to.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from skvm.adapters.confine.hello import NotAHello, asked_for, begins_tls
from skvm.ports.network import HostRefused, Reach

HEAD_BYTES = CHUNK = 64 * 1024
HEAD_SECONDS = 60.0
CONNECT_SECONDS = 20.0
MOST_AT_ONCE = 256
"""Connections open at the same time; a further one is closed at once. A browser keeps some 30 to a page of many hosts."""

DROPPED = ("proxy-connection", "connection", "keep-alive", "proxy-authorization", "host")


class Proxy:
    """Answers until `close`. `refused` collects the hosts that were not let through, in order, each once."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._listener: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.refused: dict[str, None] = {}

    async def listen(self, listener: socket.socket) -> None:
        """Answer what comes in on a listening socket."""
        self._listener = await asyncio.start_server(self._connected, sock=listener, limit=HEAD_BYTES)

    def close(self) -> None:
        """Stop listening and cut what is open."""
        if self._listener is not None:
            self._listener.close()
        for task in tuple(self._tasks):
            task.cancel()
        for writer in tuple(self._writers):
            writer.transport.abort()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= MOST_AT_ONCE:
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @contextmanager
    def _held(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        self._writers.add(writer)
        try:
            yield
        finally:
            self._writers.discard(writer)
            with suppress(OSError, RuntimeError):
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with (
            self._held(writer),
            suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError),
        ):
            async with asyncio.timeout(HEAD_SECONDS):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            host, port, first = _target(head)
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    far_reader, far_writer = await asyncio.open_connection(await self._reach(host, port), port)
            except HostRefused as refusal:
                self.refused[f"{host}:{port}"] = None
                await _refuse(writer, str(refusal))
                return
            except OSError as error:  # a timeout is one too
                await _refuse(writer, f"{host} cannot be reached: {error.strerror or 'no answer'}", 502)
                return
            with self._held(far_writer):
                if first:
                    far_writer.write(first)
                    up = _pass_on(reader, far_writer)
                else:
                    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    up = self._up_tunnel(reader, far_writer, host, port)
                await _both_ways(up, _pass_on(far_reader, writer))

    async def _up_tunnel(self, reader: asyncio.StreamReader, far_writer: asyncio.StreamWriter, host: str, port: int) -> None:
        """Pass on what goes out of a tunnel, once it is known which server its TLS asks for; raises HostRefused."""
        data = await reader.read(CHUNK)
        if data and begins_tls(data):
            async with asyncio.timeout(HEAD_SECONDS):
                while (named := asked_for(data)) is None:
                    if not (more := await reader.read(CHUNK)):
                        raise NotAHello("the hello ends too early")
                    data += more
            if named not in ("", host.lower().rstrip(".")):
                try:
                    await self._reach(named, port)
                except HostRefused:
                    self.refused[f"{named}:{port}"] = None
                    raise
        if data:
            far_writer.write(data)
            await far_writer.drain()
            await _pass_on(reader, far_writer)


def _target(head: str) -> tuple[str, int, bytes]:
    """Host, port and the head to send on (empty for a tunnel) of a request to a proxy; raises ValueError."""
    line, *rows = head.rstrip("\r\n").split("\r\n")
    method, target, version = line.split(" ")
    if method == "CONNECT":
        parts = urlsplit(f"//{target}")
        return parts.hostname or "", parts.port or 443, b""
    parts = urlsplit(target)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError("not an absolute http address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [row for row in rows if row.partition(":")[0].strip().lower() not in DROPPED]
    # The host of the address holds, not what the program wrote beside it (RFC 9112, 3.2.2).
    named = parts.netloc.rpartition("@")[2]
    sent = "\r\n".join([f"{method} {path} {version}", f"Host: {named}", *kept, "Connection: close", "", ""])
    return parts.hostname, parts.port or 80, sent.encode("latin-1")


async def _refuse(writer: asyncio.StreamWriter, why: str, status: int = 403) -> None:
    body = why.encode()
    rows = [
        f"HTTP/1.1 {status} Refused",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Connection: close",
        "",
        "",
    ]
    writer.write("\r\n".join(rows).encode() + body)
    await writer.drain()


async def _both_ways(up: Coroutine[Any, Any, None], down: Coroutine[Any, Any, None]) -> None:
    """Until the far side ends; when only the near side ends, the answer may still come. A tunnel that may not be led on ends
    at once."""
    loop = asyncio.get_running_loop()
    tasks = (loop.create_task(up), loop.create_task(down))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[1] not in done and not isinstance(tasks[0].exception(), (HostRefused, NotAHello, TimeoutError)):
            await asyncio.wait(tasks[1:])
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
