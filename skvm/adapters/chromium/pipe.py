"""The pipe to a browser: Chrome DevTools Protocol, messages of JSON that end with a NUL."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from skvm.adapters.chromium.box import Boxed
from skvm.diag import EnvironmentFailure

ANSWER_SECONDS = 60.0
LONGEST_MESSAGE = 32 * 1024**2

Listener = Callable[[str, dict[str, Any], str], None]


class ProtocolFailure(Exception):
    """A command that the browser refused or did not live to answer."""


class Pipe:
    """Commands to a running browser and its answers. `listener` is told every event: method, parameters, session."""

    def __init__(self, boxed: Boxed) -> None:
        self._boxed = boxed
        self._count = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._transport: asyncio.ReadTransport | None = None
        self._closed = False
        self.listener: Listener = lambda method, params, session: None
        self.gone = False

    async def connect(self) -> None:
        """Begin to listen and wait until the browser answers; raises EnvironmentFailure."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=LONGEST_MESSAGE, loop=loop)
        inward = os.fdopen(self._boxed.inward, "rb", 0)
        self._transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader, loop=loop), inward)
        self._reading = loop.create_task(self._read(reader))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.call("Browser.getVersion")
        except (ProtocolFailure, TimeoutError) as error:
            raise EnvironmentFailure(f"the browser does not answer: {error}") from None

    async def call(self, method: str, params: dict[str, Any] | None = None, session: str = "") -> dict[str, Any]:
        """Result of one command; raises ProtocolFailure when it is refused or the browser is gone."""
        if self.gone:
            raise ProtocolFailure("the browser has ended")
        self._count += 1
        number = self._count
        message = {"id": number, "method": method, "params": params or {}, **({"sessionId": session} if session else {})}
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            await self._send(json.dumps(message).encode() + b"\0")
            answer = await future
        finally:
            self._waiting.pop(number, None)
        if "error" in answer:
            raise ProtocolFailure(str(answer["error"].get("message", "refused")))
        result: dict[str, Any] = answer.get("result", {})
        return result

    def close(self) -> None:
        """Stop listening and close both ends; may be called twice."""
        self._end()
        if self._closed:
            return
        self._closed = True
        os.close(self._boxed.outward)
        if self._reading is not None:
            self._reading.cancel()
        if self._transport is not None:
            self._transport.close()
        else:
            os.close(self._boxed.inward)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ValueError):
            while True:
                message = json.loads((await reader.readuntil(b"\0"))[:-1])
                waiting = self._waiting.get(message.get("id", 0))
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
                elif "method" in message:
                    self.listener(message["method"], message.get("params", {}), message.get("sessionId", ""))
        self._end()

    def _end(self) -> None:
        self.gone = True
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ProtocolFailure("the browser has ended"))

    async def _send(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._boxed.outward, data) :]
            except BlockingIOError:
                await asyncio.sleep(0.01)
            except OSError:
                raise ProtocolFailure("the browser has ended") from None
