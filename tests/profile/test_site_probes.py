"""Probes of sites against real servers and real tools: the laws hold there too."""

from __future__ import annotations

import anyio
import pytest
from bench_local import LocalBench
from browsing import broken_in_a_browser
from laws import LEVELS, broken_laws_with

from skvm.adapters.chromium import find_chromium
from skvm.capability import Level
from skvm.profile.kit.instance import Instance, Verdict
from skvm.profile.kit.plays import Play
from skvm.profile.kit.rehearse import Props, rehearse
from skvm.profile.kit.server import serving
from skvm.profile.probes import probe_of
from skvm.runtime.threads import in_thread
from skvm.runtime.tools.files import ToolFailure
from skvm.runtime.tools.web import web_fetch

pytestmark = pytest.mark.net
browsers = find_chromium()


async def fetching(instance: Instance, play: Play) -> Verdict:
    """Verdict on a play whose fetches go over a socket."""
    assert instance.task.site is not None
    bench = LocalBench()
    async with serving(instance.task.site) as served:

        async def fetch(url: str) -> tuple[bool, str]:
            try:
                return True, await in_thread(web_fetch, url, (served.host,))
            except ToolFailure as error:
                return False, f"error: {error}"

        trial = await rehearse(instance.task, play, bench, Props(served.base, served.visits, {"web_fetch": fetch}))
        return await instance.task.grade(trial, bench)


@pytest.mark.parametrize("level", LEVELS)
def test_the_laws_hold_over_a_socket(level: Level):
    probe = probe_of("tool.web")
    assert anyio.run(broken_laws_with, [probe.instance(level, seed) for seed in range(12)], fetching) == []


@pytest.mark.skipif(browsers is None, reason="no Chromium or no bubblewrap on this machine")
@pytest.mark.parametrize("level", LEVELS)
def test_the_laws_hold_in_a_browser(level: Level):
    probe = probe_of("tool.browser")
    assert anyio.run(broken_in_a_browser, [probe.instance(level, 0)], browsers) == []
