"""The browser tool: one browser for every set of granted hosts of a run, started at its first use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

from skvm.ports import Browser, Browsers, PageFailure, PageView
from skvm.runtime.tools.files import ToolFailure
from skvm.runtime.tools.hosts import Outward, Told

LOOKS = frozenset({"open", "read", "wait"})
"""Actions that may be done again."""

MAX_VIEW = 32 * 1024
"""Characters of one view that a model sees."""


class Browsing:
    """Browsers of one run. Steps with the same grants share one, so that what one signed in to the next can use."""

    def __init__(self, source: Browsers | None) -> None:
        self._source = source
        self._browsers: dict[tuple[str, ...], tuple[Browser, Outward]] = {}
        self._one = anyio.Lock()

    @property
    def there(self) -> bool:
        """Is there any browser to be had?"""
        return self._source is not None

    def usable(self, hosts: tuple[str, ...]) -> bool:
        """May a step with these grants use a browser?"""
        return self.there and bool(hosts)

    async def act(
        self, hosts: tuple[str, ...], action: str, target: str = "", text: str = "", url: str = "", told: Told | None = None
    ) -> str:
        """Do one act and return what is then to be seen; `told` hears of the connections that the browser tries, from now until
        the next act (a page goes on between them). Raises ToolFailure, EnvironmentFailure."""
        if self._source is None or not self.usable(hosts):
            raise ToolFailure("there is no browser for this step")
        async with self._one:
            try:
                if hosts not in self._browsers:
                    if action != "open":
                        raise ToolFailure("no page is open; call browser with action 'open' and a url first")
                    outward = Outward(hosts, told)
                    self._browsers[hosts] = await self._source.start(outward.reach), outward
                browser, outward = self._browsers[hosts]
                outward.tell_to(told)
                view = await act_on(browser, action, target, text, url)
            except PageFailure as error:
                raise ToolFailure(str(error)) from None
        shown = view.as_text()
        return shown if len(shown) <= MAX_VIEW else f"{shown[:MAX_VIEW]}\n[cut]"

    def close(self) -> None:
        """End every browser, at once; of its connections nothing is told any more."""
        while self._browsers:
            browser, outward = self._browsers.popitem()[1]
            outward.tell_to(None)
            browser.kill()


async def act_on(browser: Browser, action: str, target: str = "", text: str = "", url: str = "") -> PageView:
    """One act by the name the tool has for it; raises PageFailure, ToolFailure for what is missing."""
    wanted = {"open": url, "click": target, "fill": target, "select": target, "press": text}
    if not wanted.get(action, "-"):
        raise ToolFailure(f"{action} needs {'url' if action == 'open' else 'text' if action == 'press' else 'target'}")
    acts: dict[str, Callable[[], Awaitable[PageView]]] = {
        "open": lambda: browser.open(url),
        "read": browser.read,
        "click": lambda: browser.click(target),
        "fill": lambda: browser.fill(target, text),
        "select": lambda: browser.select(target, text),
        "press": lambda: browser.press(text, target),
        "wait": lambda: browser.wait(text),
    }
    if action not in acts:
        raise ToolFailure(f"there is no action {action!r}")
    return await acts[action]()
