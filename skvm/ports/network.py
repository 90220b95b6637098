"""Who decides which hosts may be reached: asked for every connection of a browser or of a sandboxed program."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

Reach = Callable[[str, int], Awaitable[str]]
"""Numeric address at which a host and port may be reached; raises HostRefused when they may not."""


class HostRefused(Exception):
    """A host that may not be reached or does not exist, in words for whoever asked."""
