"""Plays of probes that call tools, through the real built-in harness: a model server on 127.0.0.1 makes the play's calls.

The harness carries them out in a real folder, sandbox, site or browser; the trial is graded as a measurement grades it.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import anyio
import pytest
from laws import LEVELS

from skvm.adapters.chromium import find_chromium
from skvm.adapters.litellm_client import LitellmClient
from skvm.adapters.sandboxes import choose_sandbox
from skvm.app.workbench import SandboxBench
from skvm.capability import Level, load_catalog
from skvm.ports import Message, ToolCall
from skvm.profile.kit.instance import Instance, Probe
from skvm.profile.kit.plays import Play, at
from skvm.profile.probes import FOLDER, probe_of
from skvm.profile.run.ledger import Result
from skvm.profile.run.player import ADDRESS, next_turn
from skvm.profile.run.trial import put
from skvm.runtime.harness import BuiltinHarness
from skvm.testing.loopback import Asked, LoopbackServer, Say

pytestmark = pytest.mark.net

browsers = find_chromium()
PROBES = [probe_of(item.id) for item in load_catalog().primitives if (FOLDER / f"{item.id.replace('.', '_')}.py").is_file()]
SEED = 11


def speaks(play: Play) -> Any:
    """A server's script that goes on with the play from wherever the conversation stands."""

    def script(asked: Asked) -> Say:
        messages = tuple(_message(m) for m in asked.messages)
        prompt = next(m.content for m in messages if m.role == "user")
        address = ADDRESS.search(prompt)
        reply = next_turn(at(play, address.group()) if address else play, messages)
        return Say(reply.text, [(call.name, call.arguments) for call in reply.calls])

    return script


def _message(sent: dict[str, Any]) -> Message:
    calls = [ToolCall(id=c["id"], name=c["function"]["name"], arguments=c["function"]["arguments"]) for c in _calls(sent)]
    return Message(role=sent["role"], content=sent.get("content") or "", calls=tuple(calls), call_id=sent.get("tool_call_id"))


def _calls(sent: dict[str, Any]) -> list[dict[str, Any]]:
    return sent.get("tool_calls") or []


def played(instance: Instance, play: Play, tmp_path: Path) -> tuple[Result, LoopbackServer]:
    """The result that a measurement would note, and the server with what it was asked."""
    with LoopbackServer(speaks(play)) as server:

        async def main() -> Result:
            client = LitellmClient(api_base=server.base_url, api_key="none")
            harness = BuiltinHarness("openai/m", client, tmp_path, sandbox=lambda: choose_sandbox(), browsers=browsers)
            bench = SandboxBench(lambda: choose_sandbox(), tmp_path)
            try:
                return await put(instance, harness, bench, tmp_path / "work", 120.0)
            finally:
                await harness.close()

        result = anyio.run(main)
    assert server.failures == []
    return result, server


def calls_tools(probe: Probe, level: Level) -> bool:
    task = probe.instance(level, SEED).task
    return bool(task.tools or task.functions)


def lacks(probe: Probe) -> str:
    missing = [program for program in probe.programs if shutil.which(program) is None]
    return "Chromium or bubblewrap" if "browser" in probe.needs and browsers is None else ", ".join(missing)


CASES = [
    pytest.param(
        probe, level, id=f"{probe.primitive}-{level.value}", marks=pytest.mark.skipif(bool(lacks(probe)), reason=lacks(probe))
    )
    for probe in PROBES
    for level in LEVELS
    if calls_tools(probe, level)
]


@pytest.mark.parametrize(("probe", "level"), CASES)
def test_the_reference_passes_and_mutants_fail(tmp_path: Path, probe: Probe, level: Level):
    instance = probe.instance(level, SEED)
    result, server = played(instance, instance.task.reference, tmp_path)
    assert result.passed, result.reason
    assert result.calls == len(server.requests) >= 2, "the play makes calls and then answers"
    offered = set(server.requests[0].tools)
    assert {*instance.task.tools, *(f.name for f in instance.task.functions)} <= offered
    names = sorted(set(instance.task.mutants) - {"refusal"})[: 1 if "browser" in probe.needs else 8]
    for name in (*names, "refusal"):
        result, _ = played(instance, instance.task.mutants[name], tmp_path)
        assert not result.passed and result.reason, name
