"""One page of a running browser."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from skvm.adapters.chromium.box import Boxed
from skvm.adapters.chromium.keys import key_events
from skvm.adapters.chromium.pipe import Pipe, ProtocolFailure
from skvm.adapters.confine.proxy import Proxy
from skvm.diag import EnvironmentFailure
from skvm.ports import HostRefused, PageFailure, PageItem, PageView, Reach

MOST_TEXT = 20_000
"""Characters of visible text in one view."""

ACT_SECONDS = 20.0
"""After which a page that does not answer (a script that never ends) is given up."""

SETTLE_SECONDS = 10.0
ANSWER_SECONDS = 3.0
QUIET_SECONDS = 0.2
"""How long a page may take to come to rest, how long a request of its scripts is waited for, and what rest is."""

WAIT_SECONDS = 15.0
STILL_SECONDS = 1.5
"""`wait` without a text: how long nothing must have changed."""

PORTS = {"http": 80, "https": 443}
WORLD = "skvm"


@cache
def script() -> str:
    """What runs in the page."""
    return Path(__file__).with_name("page.js").read_text(encoding="utf-8")


class Page:
    """The browser port for Chromium."""

    def __init__(self, boxed: Boxed, pipe: Pipe, proxy: Proxy, reach: Reach) -> None:
        self._boxed = boxed
        self._pipe = pipe
        self._proxy = proxy
        self._reach = reach
        self._session = ""
        self._target = ""
        self._loading = False
        self._requests: dict[str, float] = {}
        self._notes: dict[str, None] = {}
        self._asked: dict[str, None] = {}
        self._told: set[str] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        pipe.listener = self._event

    async def prepare(self) -> None:
        """Attach to the first page; downloads off, other windows closed as they come."""
        call = self._pipe.call
        try:
            async with asyncio.timeout(ACT_SECONDS):
                await call("Browser.setDownloadBehavior", {"behavior": "deny"})
                found = (await call("Target.getTargets"))["targetInfos"]
                pages = [t["targetId"] for t in found if t["type"] == "page"]
                self._target = pages[0] if pages else (await call("Target.createTarget", {"url": "about:blank"}))["targetId"]
                attached = await call("Target.attachToTarget", {"targetId": self._target, "flatten": True})
                self._session = attached["sessionId"]
                for method in ("Page.enable", "Network.enable"):
                    await call(method, session=self._session)
                await call("Target.setDiscoverTargets", {"discover": True})
        except (ProtocolFailure, TimeoutError) as error:
            raise EnvironmentFailure(f"the browser does not work: {error}") from None

    async def open(self, url: str) -> PageView:
        """Go to an address of a granted host."""
        try:
            await self._reach(*_parts(url))
        except HostRefused as refusal:
            raise PageFailure(str(refusal)) from None
        done = await self._do("Page.navigate", {"url": url})
        if done.get("errorText"):
            raise PageFailure(f"{url} cannot be opened: {done['errorText']}")
        return await self._view()

    async def read(self) -> PageView:
        """Look again."""
        return await self._view()

    async def click(self, target: str) -> PageView:
        """Click with the mouse in the middle of the thing."""
        at = await self._run("point", target)
        mouse = {"x": at["x"], "y": at["y"], "button": "left", "clickCount": 1}
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            await self._do("Input.dispatchMouseEvent", {"type": kind, **mouse})
        return await self._view()

    async def fill(self, target: str, text: str) -> PageView:
        """Replace the text of a field, as if typed."""
        await self._run("fill", target, text)
        return await self._view()

    async def select(self, target: str, text: str) -> PageView:
        """Choose an option by its label."""
        await self._run("select", target, text)
        return await self._view()

    async def press(self, key: str, target: str = "") -> PageView:
        """Press and release a key."""
        events = key_events(key)
        if target:
            await self._run("focus", target)
        for event in events:
            await self._do("Input.dispatchKeyEvent", event)
        return await self._view()

    async def wait(self, text: str) -> PageView:
        """Wait for a text, or until nothing has changed for a while."""
        loop = asyncio.get_running_loop()
        ends, before, since = loop.time() + WAIT_SECONDS, "", loop.time()
        while loop.time() < ends:
            if text:
                if await self._run("shows", text):
                    return await self._view()
            else:
                now = json.dumps(await self._run("look", MOST_TEXT))
                if now != before:
                    before, since = now, loop.time()
                elif loop.time() - since >= STILL_SECONDS:
                    return await self._view()
            await asyncio.sleep(0.1)
        self._notes[f"{text!r} did not appear" if text else "the page keeps changing"] = None
        return await self._view()

    def kill(self) -> None:
        """End the browser and its proxy."""
        for task in self._tasks:
            task.cancel()
        self._pipe.close()
        self._proxy.close()
        self._boxed.kill()

    async def _view(self) -> PageView:
        await self._settle()
        seen = await self._run("look", MOST_TEXT)
        notes = list(self._notes)
        self._notes.clear()
        refused = [host for host in self._asked if host in self._proxy.refused and host not in self._told]
        self._told.update(refused)
        notes += [f"{host} is not permitted; what the page asked of it is missing" for host in refused]
        if seen["hidden"]:
            notes.append(f"{seen['hidden']} more things to act on are left out")
        if len(seen["text"]) >= MOST_TEXT:
            notes.append("the text is cut")
        items = tuple(PageItem(**item) for item in seen["items"])
        return PageView(title=seen["title"], url=seen["url"], text=seen["text"], items=items, notes=tuple(notes))

    async def _settle(self) -> None:
        """Until nothing loads and nothing is asked of the network for a moment."""
        loop = asyncio.get_running_loop()
        ends, since = loop.time() + SETTLE_SECONDS, loop.time()
        while loop.time() < ends:
            if self._loading or any(loop.time() - began < ANSWER_SECONDS for began in self._requests.values()):
                since = loop.time()
            elif loop.time() - since >= QUIET_SECONDS:
                return
            await asyncio.sleep(0.03)

    async def _run(self, name: str, *args: Any) -> Any:
        """Result of one function of page.js; raises PageFailure with what it says."""
        for attempt in range(3):
            try:
                value = await self._evaluate(name, args)
                break
            except ProtocolFailure as error:
                if attempt == 2 or self._pipe.gone:
                    raise self._gone(error) from None
                await asyncio.sleep(0.1)  # the document was being replaced
        if isinstance(value, dict) and "error" in value:
            raise PageFailure(value["error"])
        return value

    async def _evaluate(self, name: str, args: tuple[Any, ...]) -> Any:
        world = {"frameId": self._target, "worldName": WORLD}
        context = (await self._quick("Page.createIsolatedWorld", world))["executionContextId"]
        text = f"{script()};skvmPage.{name}({', '.join(json.dumps(arg) for arg in args)})"
        asked = {"expression": text, "contextId": context, "returnByValue": True, "userGesture": True}
        found = await self._quick("Runtime.evaluate", asked)
        if "exceptionDetails" in found:
            raise ProtocolFailure(str(found["exceptionDetails"].get("text", "failed")))
        return found["result"].get("value")

    async def _do(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self._quick(method, params)
        except ProtocolFailure as error:
            if self._pipe.gone:
                raise self._gone(error) from None
            raise PageFailure(str(error)) from None

    async def _quick(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        try:
            async with asyncio.timeout(ACT_SECONDS):
                return await self._pipe.call(method, params, self._session)
        except TimeoutError:
            self._later("Runtime.terminateExecution", {}, self._session)
            raise PageFailure(f"the page did not answer within {ACT_SECONDS:g} s") from None

    def _gone(self, error: Exception) -> Exception:
        return EnvironmentFailure("the browser has ended") if self._pipe.gone else PageFailure(str(error))

    def _event(self, method: str, params: dict[str, Any], session: str) -> None:
        if method == "Target.targetCreated":
            self._other(params["targetInfo"])
        elif method == "Page.javascriptDialogOpening":
            self._dialog(params, session)
        elif method in ("Page.frameStartedLoading", "Page.frameStoppedLoading"):
            if params.get("frameId") == self._target:
                self._loading = method == "Page.frameStartedLoading"
        elif method == "Page.frameNavigated" and "parentId" not in params["frame"]:
            self._requests.clear()
        elif method == "Network.requestWillBeSent":
            if params["request"]["url"].startswith("http"):
                self._requests[params["requestId"]] = asyncio.get_running_loop().time()
            self._note_host(params["request"]["url"])
        elif method == "Network.webSocketCreated":
            self._note_host(params["url"])
        elif method in ("Network.loadingFinished", "Network.loadingFailed"):
            self._requests.pop(params["requestId"], None)

    def _note_host(self, url: str) -> None:
        """Which hosts the page itself asks, unlike the browser, which calls home when it likes (and is refused)."""
        with suppress(ValueError):
            parts = urlsplit(url)
            port = parts.port or {**PORTS, "ws": 80, "wss": 443}.get(parts.scheme, 0)
            if parts.hostname:
                self._asked[f"{parts.hostname}:{port}"] = None

    def _other(self, info: dict[str, Any]) -> None:
        """A window that the page opens is closed: its link can be opened here."""
        if info["type"] == "page" and info["targetId"] != self._target:
            where = f" of {info['url'][:300]}" if info.get("url", "").startswith("http") else ""
            self._notes[f"a new window{where} was refused; open its address in this one"] = None
            self._later("Target.closeTarget", {"targetId": info["targetId"]})

    def _dialog(self, params: dict[str, Any], session: str) -> None:
        """Messages and leaving a page are accepted; questions are declined, since nobody decided them."""
        accept = params["type"] in ("alert", "beforeunload")
        if params["type"] != "beforeunload":
            said = "" if accept else " and was declined"
            self._notes[f"a dialog said {params['message'][:500]!r}{said}"] = None
        self._later("Page.handleJavaScriptDialog", {"accept": accept}, session)

    def _later(self, method: str, params: dict[str, Any], session: str = "") -> None:
        async def send() -> None:
            try:
                async with asyncio.timeout(ACT_SECONDS):
                    await self._pipe.call(method, params, session)
            except (ProtocolFailure, TimeoutError):
                return  # it is gone already

        task = asyncio.get_running_loop().create_task(send())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _parts(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise PageFailure(f"not an address: {error}") from None
    if parts.scheme not in PORTS or not host:
        raise PageFailure("only http and https addresses can be opened")
    return host, port or PORTS[parts.scheme]
