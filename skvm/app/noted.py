"""A model client that remembers how its last call failed, so that whoever gives up waiting can say why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from skvm.diag import TargetError
from skvm.ports import ModelClient, ModelReply, ModelRequest


@dataclass
class NotedClient:
    """`inner`, and `last`: the failure of the last call that ended, None when it was answered."""

    inner: ModelClient
    last: TargetError | None = None
    simulated: bool = field(init=False)

    def __post_init__(self) -> None:
        self.simulated = self.inner.simulated

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """As the client within."""
        try:
            reply = await self.inner.complete(request, on_text)
        except TargetError as error:
            self.last = error
            raise
        self.last = None
        return reply

    async def close(self) -> None:
        """As the client within."""
        await self.inner.close()
