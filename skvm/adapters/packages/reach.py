"""The hosts that a client may reach: those that were named to it, at whatever address they have."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable

from skvm.ports import HostRefused

ANSWER_SECONDS = 20.0


class Hosts:
    """`reach` for a sandbox. `refused` collects hosts (`name:port`) that nobody named, `failed` those that do not answer.

    Who names the host of an index may mean an address of this machine or of its network.
    """

    def __init__(self, named: Iterable[str]) -> None:
        self.named = tuple(dict.fromkeys(_place(host) for host in named))
        self.refused: dict[str, None] = {}
        self.failed: dict[str, None] = {}
        self._answered: set[tuple[str, int]] = set()

    async def reach(self, host: str, port: int) -> str:
        """Numeric address of a named host; raises HostRefused."""
        if not any(host.lower() == name and only in (None, port) for name, only in self.named):
            self.refused[f"{host}:{port}"] = None
            raise HostRefused(f"{host}:{port} may not be reached")
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            self.failed[f"{host}:{port}"] = None
            raise HostRefused(f"{host} cannot be resolved: {error}") from None
        address = str(found[0][4][0])
        if (host, port) not in self._answered:
            await self._try(host, address, port)
        return address

    async def _try(self, host: str, address: str, port: int) -> None:
        """Does the host answer at all? A client that is told so by the proxy alone says that it has no such package."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                _, writer = await asyncio.open_connection(address, port)
        except OSError as error:  # a timeout is one too
            self.failed[f"{host}:{port}"] = None
            raise HostRefused(f"{host} cannot be reached: {error.strerror or 'no answer'}") from None
        writer.close()
        self._answered.add((host, port))


def _place(host: str) -> tuple[str, int | None]:
    name, sign, port = host.rpartition(":")
    if sign and port.isdecimal() and (":" not in name or name.endswith("]")):
        return name.strip("[]").lower(), int(port)
    return host.strip("[]").lower(), None
