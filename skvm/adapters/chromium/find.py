"""Finding the browser, and starting one."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio.to_thread

from skvm.adapters.chromium.box import Boxed, start
from skvm.adapters.chromium.page import Page
from skvm.adapters.chromium.pipe import Pipe
from skvm.adapters.confine.proxy import Proxy
from skvm.adapters.sandboxes import choose_sandbox
from skvm.ports import Browser, Reach

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find_chromium(cache: Path | None = None) -> Chromium | None:
    """The system's Chromium or Chrome, None where there is none or nothing to confine it with.

    `cache`: where it is remembered that bubblewrap proved itself (see `prove_sandbox`).
    """
    bwrap = shutil.which("bwrap")
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return Chromium(_program(Path(found)), bwrap, cache) if found and bwrap else None


def _program(path: Path) -> Path:
    """The program itself: what is on the path may be a script that reads settings, which are not there inside."""
    behind = Path("/usr/lib") / path.name / path.name
    return behind if os.access(behind, os.X_OK) else path.resolve()


@dataclass(frozen=True)
class Chromium:
    """Browsers of one executable."""

    path: Path
    bwrap: str
    cache: Path | None = None

    async def start(self, reach: Reach) -> Browser:
        """A fresh headless browser between walls; raises SandboxError where bubblewrap does not prove itself, and
        EnvironmentFailure when the browser does not start."""
        await choose_sandbox("bubblewrap", self.cache)
        boxed = await _started(partial(start, self.bwrap, self.path))
        pipe = Pipe(boxed)
        proxy = Proxy(reach)
        page = Page(boxed, pipe, proxy, reach)
        try:
            await proxy.listen(boxed.listener)
            await pipe.connect()
            await page.prepare()
        except BaseException:
            page.kill()
            raise
        return page


async def _started(starting: partial[Boxed]) -> Boxed:
    """The start in a thread; a browser that comes up after a cancellation is ended there."""
    left = False

    def run() -> Boxed:
        boxed = starting()
        if left:
            boxed.kill()
            for close in (boxed.listener.close, partial(os.close, boxed.inward), partial(os.close, boxed.outward)):
                with suppress(OSError):
                    close()
        return boxed

    try:
        return await anyio.to_thread.run_sync(run, abandon_on_cancel=True)
    except BaseException:
        left = True
        raise
