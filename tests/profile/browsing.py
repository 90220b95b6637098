"""Plays in a real browser. Plays of one instance often begin alike: what an act showed after the same acts before is kept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from bench_local import LocalBench
from laws import broken_laws_with

from skvm.ports import Browser, Browsers, Reach
from skvm.profile.kit.instance import Instance, Verdict
from skvm.profile.kit.plays import Play
from skvm.profile.kit.rehearse import Props, rehearse
from skvm.profile.kit.server import Served, serving
from skvm.profile.kit.site import Visit
from skvm.runtime.tools.browser import Browsing
from skvm.runtime.tools.files import ToolFailure

Seen = tuple[bool, str, tuple[Visit, ...]]


class Stage:
    """The site of one instance, and what acts led to. A course of acts that leaves a known one begins in a fresh browser."""

    def __init__(self, served: Served, browsers: Browsers) -> None:
        self.served = served
        self.browsers = browsers
        self.known: dict[tuple[str, ...], Seen] = {}
        self.live: tuple[str, ...] | None = None
        self.begin = 0
        self.browsing = Browsing(browsers)

    async def judge(self, instance: Instance, play: Play) -> Verdict:
        visits: list[Visit] = []
        course: list[str] = []

        async def browser(**args: str) -> tuple[bool, str]:
            course.append(json.dumps(args, sort_keys=True))
            ok, text, seen = await self.after(tuple(course))
            visits[:] = seen
            return ok, text

        trial = await rehearse(instance.task, play, LocalBench(), Props(self.served.base, visits, {"browser": browser}))
        return await instance.task.grade(trial, LocalBench())

    async def after(self, course: tuple[str, ...]) -> Seen:
        if course not in self.known:
            if self.live != course[:-1]:
                self.close()
                self.browsing, self.begin, self.live = Browsing(self.browsers), len(self.served.visits), ()
                for act in course[:-1]:
                    await self.act(act)
            self.known[course] = await self.act(course[-1])
        return self.known[course]

    async def act(self, act: str) -> Seen:
        assert self.live is not None
        self.live = (*self.live, act)
        try:
            ok, text = True, await self.browsing.act((self.served.host,), **json.loads(act))
        except ToolFailure as error:
            ok, text = False, f"error: {error}"
        return ok, text, tuple(self.served.visits[self.begin :])

    def close(self) -> None:
        self.browsing.close()


class Kept:
    """Browsers that are one: started once, and cleared of cookies, stores and the last page before it is lent again."""

    def __init__(self, source: Browsers) -> None:
        self.source = source
        self.page: Any = None
        self.reach: Reach | None = None

    async def start(self, reach: Reach) -> Browser:
        self.reach = reach
        if self.page is None:
            self.page = await self.source.start(self._reach)
        else:
            await self._clear()
        return Lent(self.page)

    async def _reach(self, host: str, port: int) -> Any:
        assert self.reach is not None
        return await self.reach(host, port)

    async def _clear(self) -> None:
        page = self.page
        origin = await page._pipe.call("Runtime.evaluate", {"expression": "origin"}, session=page._session)
        await page._pipe.call("Page.navigate", {"url": "about:blank"}, session=page._session)
        everything = {"origin": origin["result"]["value"], "storageTypes": "all"}
        await page._pipe.call("Storage.clearDataForOrigin", everything, session=page._session)
        for method in ("Network.clearBrowserCookies", "Network.clearBrowserCache"):
            await page._pipe.call(method, session=page._session)
        for known in (page._notes, page._asked, page._told, page._requests):
            known.clear()

    def close(self) -> None:
        if self.page is not None:
            self.page.kill()
        self.page = None


class Lent:
    """A browser that stays up when whoever borrowed it is done."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def __getattr__(self, name: str) -> Any:
        return getattr(self.page, name)

    def kill(self) -> None:
        """It goes on."""


async def broken_in_one_browser(instances: Iterable[Instance], browsers: Browsers) -> list[str]:
    """As `broken_in_a_browser`, and much quicker."""
    kept = Kept(browsers)
    try:
        return await broken_in_a_browser(instances, kept)
    finally:
        kept.close()


async def broken_in_a_browser(instances: Iterable[Instance], browsers: Browsers) -> list[str]:
    """As `broken_laws`, for probes whose plays need a browser."""
    found: list[str] = []
    for instance in instances:
        assert instance.task.site is not None
        async with serving(instance.task.site) as served:
            stage = Stage(served, browsers)
            try:
                found += await broken_laws_with([instance], stage.judge)
            finally:
                stage.close()
    return found
