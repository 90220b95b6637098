"""Commands reach the hosts their step is granted, through a real sandbox; what is denied is named, told and never an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from runtime_kit import Run, ScriptedModel, artifact, call, code, finish, reply, run, step

from skvm.adapters.sandboxes import choose_sandbox
from skvm.diag import SandboxError
from skvm.ir import EffectClass, Effects
from skvm.plan import Artifact, EventKind
from skvm.ports import HostRefused
from skvm.runtime.timeline import live_line
from skvm.runtime.tools.hosts import MOST_TOLD, Outward
from skvm.store import NullStore
from skvm.testing.conformance.outlet import FETCH, web

pytestmark = pytest.mark.net

A, B = Effects(writes=("out/a.txt",)), Effects(writes=("out/b.txt",))


@pytest.fixture(params=["bubblewrap", "landlock"])
def sandbox(request: pytest.FixtureRequest) -> Any:
    try:
        return anyio.run(choose_sandbox, request.param)
    except SandboxError as error:
        pytest.skip(f"{request.param} does not prove itself here: {error.message}")


def fetching(url: str, hosts: tuple[str, ...], **more: Any) -> Artifact:
    plan = artifact([code("a", f"python scripts/fetch.py {url}", hosts=hosts, **more)], bundle={"scripts/fetch.py": FETCH})
    return plan.model_copy(update={"target": plan.target.model_copy(update={"model": ""})})


def told(one: Run, kind: EventKind) -> list[dict[str, Any]]:
    return [e.data for e in one.events if e.kind is kind]


def test_a_granted_host_is_reached(tmp_path: Path, sandbox: Any) -> None:
    with web() as port:
        one = run(fetching(f"http://127.0.0.1:{port}/x", (f"127.0.0.1:{port}",)), tmp_path, name="", sandbox=sandbox)
    assert one.outcome is not None and one.outcome.exit_code == 0, one.outcome
    assert one.outcome.values["a"]["stdout"].endswith(f"host 127.0.0.1:{port} path /x")
    assert told(one, EventKind.NET_REACH) == [{"host": "127.0.0.1", "port": port, "ok": True, "reason": ""}]
    assert not told(one, EventKind.DENIED)


@pytest.mark.parametrize("hosts", [("api.invalid",), ("*",)], ids=["another host", "a private address under a pattern"])
def test_a_denied_host_fails_the_command_by_name(tmp_path: Path, sandbox: Any, hosts: tuple[str, ...]) -> None:
    """The program itself ends with 0: it took the refusal for an answer."""
    with web() as port:
        one = run(fetching(f"http://127.0.0.1:{port}/x", hosts), tmp_path, name="", sandbox=sandbox)
    assert one.outcome is not None and one.outcome.exit_code == 4
    (result,) = told(one, EventKind.TOOL_RESULT)
    assert result["exit_code"] == 0 and not result["ok"]
    last = result["result"].splitlines()[-1]
    assert last.startswith("network: 127.0.0.1") and "not permitted" in last
    assert "127.0.0.1" in one.outcome.reason and "not permitted" in one.outcome.reason
    (denied,) = told(one, EventKind.DENIED)
    assert (denied["what"], denied["name"]) == ("host", f"127.0.0.1:{port}")
    assert any("denied: 127.0.0.1" in live_line(e) for e in one.events)


def test_a_step_without_hosts_has_no_network_and_says_which_host_it_named(tmp_path: Path, sandbox: Any) -> None:
    failing = "import sys, urllib.request\nurllib.request.urlopen(sys.argv[1])\n"
    with web() as port:
        url = f"http://localhost:{port}/x"
        plan = artifact([code("a", f"python scripts/get.py {url}")], bundle={"scripts/get.py": failing})
        plan = plan.model_copy(update={"target": plan.target.model_copy(update={"model": ""})})
        one = run(plan, tmp_path, name="", sandbox=sandbox)
    assert one.outcome is not None and one.outcome.exit_code == 4
    assert f"localhost:{port} is not permitted for this step (permitted: none)" in one.outcome.reason
    assert [d["name"] for d in told(one, EventKind.DENIED)] == [f"localhost:{port}"]


def test_a_denied_host_beside_another_step_is_a_deopt(tmp_path: Path, sandbox: Any) -> None:
    """As with a place to write: the step runs again alone, and from then on never beside the other one."""
    url = "http://127.0.0.1:1/x"
    store = NullStore()
    nodes = [
        code("a", f"python scripts/fetch.py {url}", hosts=("api.invalid",), effects=A, effect_class=EffectClass.IDEMPOTENT),
        step("b", effects=B),
    ]
    plan = artifact(nodes, bundle={"scripts/fetch.py": FETCH})
    one = run(plan, tmp_path, ScriptedModel({"a": [finish()], "b": [finish()]}), sandbox=sandbox, store=store)
    diags = [d["message"] for d in told(one, EventKind.DIAG) if d["code"] == "overlap"]
    assert len(diags) == 1 and "it would reach 127.0.0.1:1" in diags[0] and "never beside b" in diags[0]
    commands = [d for d in told(one, EventKind.TOOL_RESULT) if "exit_code" in d and d["exit_code"] is not None]
    assert len(commands) == 2 and not any(c["ok"] for c in commands)


def test_other_tools_tell_denials_too(tmp_path: Path) -> None:
    model = ScriptedModel({"a": [reply(call("web_fetch", url="http://evil.invalid/")), finish()]})
    one = run(artifact([step("a", hosts=("ok.invalid",))]), tmp_path, model)
    assert [d["name"] for d in told(one, EventKind.DENIED)] == ["evil.invalid:80"]


def test_what_a_program_hammers_at_is_counted_and_not_all_told() -> None:
    heard: list[tuple[str, int, str, bool]] = []
    outward = Outward(("ok.invalid",), lambda *row: heard.append(row))

    async def main() -> None:
        for _ in range(MOST_TOLD + 20):
            with pytest.raises(HostRefused, match=r"evil\.invalid:443 is not permitted"):
                await outward.reach("evil.invalid", 443)

    anyio.run(main)
    assert len(heard) == MOST_TOLD and outward.attempts == MOST_TOLD + 20
    assert list(outward.denied) == ["evil.invalid:443"]


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("curl -s https://a.invalid/x http://b.invalid:8080", ["a.invalid:443", "b.invalid:8080"]),
        ("curl http://[::1]:99/", ["::1:99"]),
        ("echo http://ok.invalid/ ftp://c.invalid", []),
        ("true", []),
    ],
)
def test_hosts_that_a_command_names(command: str, names: list[str]) -> None:
    outward = Outward(("ok.invalid",))
    outward.named_in(command)
    assert list(outward.denied) == names
