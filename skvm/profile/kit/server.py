"""Serves a kit site on 127.0.0.1 while an instance is worked on. Bounded in size, time and number; stops at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from skvm.diag import InternalError
from skvm.profile.kit.site import BASE, Answer, Asked, Logged, Site, Visit, pairs

HEAD_BYTES = 16 * 1024
BODY_BYTES = 64 * 1024
SECONDS = 10.0
"""Within which a request must have arrived."""

AT_ONCE = 64
METHODS = frozenset({"GET", "HEAD", "POST"})


@dataclass(frozen=True)
class Served:
    """A site while it is served: its address `http://127.0.0.1:PORT`, the grant that reaches it, and what it was asked so
    far (`visits` grows)."""

    base: str
    host: str
    visits: Sequence[Visit]


@asynccontextmanager
async def serving(site: Site) -> AsyncIterator[Served]:
    """Serve a site as long as the context lasts; `{{base}}` in bodies and locations becomes its address.

    Raises InternalError at the end when the site's function failed: a broken probe must not pass for a weak model.
    """
    server = _Server(site)
    listener = await asyncio.start_server(server.connected, "127.0.0.1", 0, limit=HEAD_BYTES)
    host = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    server.base = f"http://{host}"
    try:
        yield Served(server.base, host, server.site.visits)
    finally:
        listener.close()
        await server.drop()
    if server.broken is not None:
        raise InternalError(f"the site of a probe failed: {server.broken!r}")


class _Refused(Exception):
    """A request that is not answered by the site."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Server:
    """Connections of one site, one request each."""

    def __init__(self, site: Site) -> None:
        self.site = Logged(site)
        self.base = ""
        self.broken: Exception | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A client came."""
        if len(self._open) >= AT_ONCE:
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._open[task] = writer
        task.add_done_callback(self._open.pop)

    async def drop(self) -> None:
        """End what is under way, without waiting for any client."""
        tasks = list(self._open.items())
        for task, writer in tasks:
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*(task for task, _ in tasks), return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                try:
                    asked = await _read(reader)
                    reply = self._reply(asked)
                except _Refused as refused:
                    reply = self._written(Answer("", "text/plain", refused.status), False)
                writer.write(reply)
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client went away, dawdles or speaks something else
        finally:
            with suppress(OSError):
                writer.close()

    def _reply(self, asked: Asked) -> bytes:
        try:
            return self._written(self.site.answer(asked), asked.method == "HEAD")
        except Exception as error:
            self.broken = self.broken or error
            return self._written(Answer("", "text/plain", 500), False)

    def _written(self, answer: Answer, head_only: bool) -> bytes:
        body = answer.body.replace(BASE, self.base).encode()
        status = 303 if answer.location else answer.status
        rows = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            f"Content-Type: {answer.type}; charset=utf-8",
            f"Content-Length: {len(body)}",
            "Cache-Control: no-store",
            "Connection: close",
            *(f"Set-Cookie: {name}={value}; Path=/; HttpOnly" for name, value in answer.cookies.items()),
            *([f"Location: {answer.location.replace(BASE, self.base)}"] if answer.location else []),
        ]
        return "\r\n".join([*rows, "", ""]).encode() + (b"" if head_only else body)


async def _read(reader: asyncio.StreamReader) -> Asked:
    first, *rows = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise _Refused(400)
    if words[0] not in METHODS:
        raise _Refused(405)
    headers = {name.strip().lower(): value.strip() for name, _, value in (row.partition(":") for row in rows if row)}
    form = await _form(reader, headers) if words[0] == "POST" else {}
    try:
        parts = urlsplit(words[1])
    except ValueError:
        raise _Refused(400) from None
    return Asked(words[0], parts.path or "/", pairs(parts.query), form, _cookies(headers.get("cookie", "")))


async def _form(reader: asyncio.StreamReader, headers: dict[str, str]) -> dict[str, str]:
    length = headers.get("content-length", "0")
    if not length.isdecimal() or "transfer-encoding" in headers:
        raise _Refused(411)
    if int(length) > BODY_BYTES:
        raise _Refused(413)
    return pairs((await reader.readexactly(int(length))).decode("utf-8", "replace"))


def _cookies(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}
