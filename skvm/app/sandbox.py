"""The sandbox of this machine, and folders to work in while nothing is kept."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from skvm.app.settings import Settings

if TYPE_CHECKING:
    from skvm.ports import Sandbox


async def sandbox_of(settings: Settings) -> Sandbox:
    """The sandbox that proved itself on this machine; raises SandboxError where none does."""
    from skvm.adapters.sandboxes import choose_sandbox

    return await choose_sandbox(settings.sandbox, settings.cache)


def passing_folder(what: str) -> tempfile.TemporaryDirectory[str]:
    """A folder by its real path that is gone after use."""
    return tempfile.TemporaryDirectory(prefix=f"skvm-{what}-", dir=Path(tempfile.gettempdir()).resolve())
