"""The browser between its walls, against real pages on loopback."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest

from skvm.adapters.chromium import find_chromium
from skvm.adapters.chromium import page as page_module
from skvm.adapters.chromium.page import Page
from skvm.diag import EnvironmentFailure, SandboxError
from skvm.ports import Browser, HostRefused, Reach
from skvm.profile.kit.server import Served, serving
from skvm.profile.kit.site import BASE, Answer, Asked, Site
from skvm.runtime.tools.browser import Browsing
from skvm.runtime.tools.files import ToolFailure

found = find_chromium()
pytestmark = [pytest.mark.net, pytest.mark.skipif(found is None, reason="no Chromium or no bubblewrap on this machine")]

Act = Callable[[Browsing, Served, Served], Awaitable[None]]


def html(body: str) -> Answer:
    return Answer(f"<!doctype html><title>pages</title><body>{body}", "text/html")


PAGES = {
    "/": (
        "<h1>Front</h1><a href=/form>The form</a><p id=late></p>"
        "<script>setTimeout(() => late.textContent = 'came ' + 6 * 7, 300)</script>"
    ),
    "/form": (
        "<form method=post action=/sent><label>Name <input name=who></label><input type=password name=word placeholder=Word>"
        "<select name=size aria-label=Size><option value=1>Small<option value=2>Large</select>"
        "<label><input type=checkbox name=agree>Agree</label><button>Send</button></form>"
    ),
    "/covered": "<button>Below</button><div style='position:fixed;inset:0'></div><button disabled>Off</button>",
    "/windows": "<button onclick=\"window.open('/form')\">New</button><button onclick=\"alert('Careful')\">Warn</button>",
    "/busy": "<button onclick='while (true) {}'>Hang</button>",
    "/keys": "<input aria-label=Box onkeydown=\"if (event.key === 'Enter') document.body.append('entered ' + this.value)\">",
}


def pages(asked: Asked) -> Answer:
    if asked.path == "/sent":
        return Answer("", location=f"{BASE}/welcome", cookies={"who": asked.form["who"][0]})
    if asked.path == "/welcome":
        return html(f"Welcome {asked.cookies.get('who', 'nobody')}")
    return html(PAGES[asked.path]) if asked.path in PAGES else Answer("none", "text/plain", 404)


def run(act: Act, own: Callable[[Asked], Answer] = pages) -> None:
    """`act` with a fresh browser, the site that it may reach and another one that it may not."""

    async def main() -> None:
        async with AsyncExitStack() as stack:
            site = await stack.enter_async_context(serving(Site(own)))
            other = await stack.enter_async_context(serving(Site(pages)))
            browsing = Browsing(found)
            try:
                with anyio.fail_after(120):
                    await act(browsing, site, other)
            finally:
                browsing.close()

    anyio.run(main)


def test_scripts_run_forms_are_sent_and_cookies_kept():
    async def act(browsing: Browsing, site: Served, _: Served) -> None:
        hosts = (site.host,)
        assert "Front" in await browsing.act(hosts, "open", url=f"{site.base}/")
        assert "came 42" in await browsing.act(hosts, "wait", text="came 42")
        shown = await browsing.act(hosts, "click", "The form")
        assert "field 'Name'" in shown
        assert "choice 'Size' = 'Small' of 'Small', 'Large'" in shown
        await browsing.act(hosts, "fill", "Name", "J\u00f6rn & <Co>")
        assert "'(filled)'" in await browsing.act(hosts, "fill", "Word", "secret")
        assert "= 'Large'" in await browsing.act(hosts, "select", "Size", "Large")
        assert "'Agree' = 'on'" in await browsing.act(hosts, "click", "Agree")
        assert "Welcome J" in await browsing.act(hosts, "click", "Send")
        sent = next(v.asked for v in site.visits if v.asked.path == "/sent")
        assert sent.form == {"who": "J\u00f6rn & <Co>", "word": "secret", "size": "2", "agree": "on"}

    run(
        act,
        lambda asked: pages(asked) if asked.path != "/sent" else Answer("", location=f"{BASE}/welcome", cookies={"who": "J"}),
    )


def test_what_does_not_work_is_said_in_words():
    async def act(browsing: Browsing, site: Served, _: Served) -> None:
        hosts = (site.host,)
        with pytest.raises(ToolFailure, match="open"):
            await browsing.act(hosts, "click", "The form")
        await browsing.act(hosts, "open", url=f"{site.base}/covered")
        for target, why in (("Below", "covers"), ("Off", "disabled"), ("Nothing", "no Nothing"), ("e99", "no e99")):
            with pytest.raises(ToolFailure, match=why):
                await browsing.act(hosts, "click", target)
        with pytest.raises(ToolFailure, match="no action"):
            await browsing.act(hosts, "dance")
        with pytest.raises(ToolFailure, match="needs url"):
            await browsing.act(hosts, "open")

    run(act)


def test_windows_and_dialogs_are_told_and_keys_pressed():
    async def act(browsing: Browsing, site: Served, _: Served) -> None:
        hosts = (site.host,)
        await browsing.act(hosts, "open", url=f"{site.base}/windows")
        assert "Careful" in await browsing.act(hosts, "click", "Warn")
        assert "new window" in await browsing.act(hosts, "click", "New") + await browsing.act(hosts, "wait")
        await browsing.act(hosts, "open", url=f"{site.base}/keys")
        await browsing.act(hosts, "fill", "Box", "abc")
        assert "entered abc" in await browsing.act(hosts, "press", "Box", "Enter")

    run(act)


def test_a_page_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(page_module, "ACT_SECONDS", 2.0)

    async def act(browsing: Browsing, site: Served, _: Served) -> None:
        hosts = (site.host,)
        await browsing.act(hosts, "open", url=f"{site.base}/busy")
        with pytest.raises(ToolFailure, match="did not answer"):
            await browsing.act(hosts, "click", "Hang")

    run(act)


ESCAPES = {
    "image": "<img src={there}/x>",
    "frame": "<iframe src={there}/x></iframe>",
    "script": "<script>fetch('{there}/x', {{mode: 'no-cors'}}); navigator.sendBeacon('{there}/x', 'a')</script>",
    "socket": "<script>new WebSocket('ws://{host}/x')</script>",
    "worker": "<script>new Worker(URL.createObjectURL(new Blob([`fetch('{there}/x', {{mode: 'no-cors'}})`])))</script>",
    "refresh": "<meta http-equiv=refresh content='0;url={there}/x'>",
    "link": "<link rel=preload as=image href={there}/x><link rel=dns-prefetch href={there}>",
}


@pytest.mark.parametrize("way", ESCAPES)
def test_a_page_reaches_no_other_port(way: str):
    there: list[Served] = []

    def own(asked: Asked) -> Answer:
        if asked.path == "/away":
            return Answer("", location=f"{there[0].base}/x")
        return (
            html("Here " + ESCAPES[way].format(there=there[0].base, host=there[0].host)) if asked.path == "/" else pages(asked)
        )

    async def act(browsing: Browsing, site: Served, other: Served) -> None:
        there.append(other)
        hosts = (site.host,)
        shown = await browsing.act(hosts, "open", url=f"{site.base}/")
        shown += await browsing.act(hosts, "wait")
        if way not in ("link", "worker"):
            assert f"{other.host} is not permitted" in shown
        with pytest.raises(ToolFailure, match="not permitted"):
            await browsing.act(hosts, "open", url=f"{other.base}/")
        await browsing.act(hosts, "open", url=f"{site.base}/away")
        assert not other.visits

    run(act, own)


async def reach(host: str, port: int) -> str:
    raise HostRefused(f"{host}:{port} is not permitted")


async def started(reaching: Reach = reach) -> Page:
    assert found is not None
    browser: Browser = await found.start(reaching)
    assert isinstance(browser, Page)
    return browser


def test_the_walls_hold_without_the_proxy(tmp_path: Path):
    """Whoever takes over the browser itself finds no network, no file of ours and no process."""
    secret = tmp_path / "secret.txt"
    secret.write_text("walnut")

    async def shown(page: Page, url: str, context: str = "") -> str:
        made = await page._pipe.call("Target.createTarget", {"url": url, **({"browserContextId": context} if context else {})})
        session = (await page._pipe.call("Target.attachToTarget", {"targetId": made["targetId"], "flatten": True}))["sessionId"]
        text = ""
        for _ in range(20):
            await anyio.sleep(0.1)
            got = await page._pipe.call("Runtime.evaluate", {"expression": "document.body?.innerText ?? ''"}, session)
            text = got["result"].get("value") or text
        return text

    async def main() -> None:
        async with serving(Site(pages)) as site:
            page = await started()
            page._other = lambda info: None  # type: ignore[method-assign]
            try:
                own = await page._pipe.call("Target.createBrowserContext", {"proxyServer": "direct://"})
                assert "Front" not in await shown(page, f"{site.base}/", own["browserContextId"])
                assert "walnut" not in await shown(page, secret.as_uri())
                listed = (await shown(page, "file:///proc/")).split()
                assert "1/" in listed
                assert f"{os.getpid()}/" not in listed
            finally:
                page.kill()
            assert not site.visits

    anyio.run(main)


def below(pid: int) -> set[int]:
    """Processes that descend from a process."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found_pids = {pid}
    while more := {child for child, parent in parents.items() if parent in found_pids} - found_pids:
        found_pids |= more
    return found_pids - {pid}


def test_nothing_is_left_of_a_browser_that_was_ended():
    async def main() -> None:
        page = await started()
        pids, folder = below(page._boxed.program.pid), page._boxed.folder
        assert len(pids) > 2
        page.kill()
        page.kill()
        assert not folder.exists()
        with anyio.fail_after(20):
            while any(Path(f"/proc/{pid}").exists() for pid in pids):
                await anyio.sleep(0.05)
        with pytest.raises(EnvironmentFailure):
            await page.read()

    anyio.run(main)


def test_a_start_that_is_given_up_leaves_nothing():
    async def main() -> None:
        before = below(os.getpid())
        for seconds in (0.05, 0.4, 1.0):
            with anyio.move_on_after(seconds):
                page = await started()
                page.kill()
        with anyio.fail_after(30):
            while below(os.getpid()) - before:
                await anyio.sleep(0.05)

    anyio.run(main)


def test_without_a_sandbox_that_proved_itself_there_is_no_browser(monkeypatch: pytest.MonkeyPatch):
    async def none(*_: object) -> None:
        raise SandboxError("no sandbox proved itself here")

    monkeypatch.setattr("skvm.adapters.chromium.find.choose_sandbox", none)

    async def main() -> None:
        with pytest.raises(SandboxError):
            await started()

    anyio.run(main)


def test_without_bubblewrap_none_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shutil.which", lambda name: None if name == "bwrap" else f"/usr/bin/{name}")
    assert find_chromium() is None
