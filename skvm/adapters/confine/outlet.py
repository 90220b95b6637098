"""The one way out of a sandbox: a listening socket opened inside its network namespace and answered from outside of it.

Nothing of the machine's network is let in and no bytes are copied by a helper inside: the program's own first process opens
the socket there and hands it out through a descriptor, and whoever holds it (`Proxy`) decides about every connection.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from skvm.adapters.confine.proxy import Proxy
from skvm.ports.network import Reach


class Outlet:
    """Both ends of the descriptor that the listening socket comes through; `close` is to be called once the program ended."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)

    @property
    def inner(self) -> int:
        """Descriptor for the process inside."""
        return self._theirs.fileno()

    def close(self) -> None:
        """Close both ends."""
        self._ours.close()
        self._theirs.close()

    @asynccontextmanager
    async def served(self, reach: Reach) -> AsyncIterator[None]:
        """While this lasts, what comes in on the socket is answered; connections are cut at its end."""
        proxy = Proxy(reach)
        task = asyncio.get_running_loop().create_task(self._answer(proxy))
        try:
            yield
        finally:
            task.cancel()
            proxy.close()

    async def _answer(self, proxy: Proxy) -> None:
        with suppress(OSError):  # the program ended before it opened one
            await proxy.listen(await self._received())

    async def _received(self) -> socket.socket:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._ours, _settle, ready)
        try:
            await ready
        finally:
            loop.remove_reader(self._ours)
        _, descriptors, _, _ = socket.recv_fds(self._ours, 16, 1)
        if not descriptors:
            raise OSError("no socket came")
        listener = socket.socket(fileno=descriptors[0])
        listener.setblocking(False)
        return listener


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
