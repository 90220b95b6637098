"""What a user does not permit is refused at run time, whatever the manifest grants: in tools and in a real sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from runtime_kit import Run, ScriptedModel, artifact, call, chain, code, finish, reply, run, step

from skvm.adapters.sandboxes import choose_sandbox
from skvm.diag import SandboxError
from skvm.ir import TOP
from skvm.plan import EventKind
from skvm.plan.policy import Policy, PolicyLimits
from skvm.runtime.work.writable import meet_places, permitted_folders, within
from skvm.testing.conformance.outlet import FETCH, web


@pytest.fixture(params=["bubblewrap", "landlock"])
def sandbox(request: pytest.FixtureRequest) -> Any:
    try:
        return anyio.run(choose_sandbox, request.param)
    except SandboxError as error:
        pytest.skip(f"{request.param} does not prove itself here: {error.message}")


def told(one: Run, kind: EventKind) -> list[dict[str, Any]]:
    return [e.data for e in one.events if e.kind is kind]


def command(text: str, tmp_path: Path, sandbox: Any, policy: Policy, **more: Any) -> Run:
    plan = artifact([code("a", text, shell=True, **more)], bundle={"scripts/fetch.py": FETCH})
    plan = plan.model_copy(update={"target": plan.target.model_copy(update={"model": ""})})
    return run(plan, tmp_path, name="", sandbox=sandbox, policy=policy)


def test_tools_write_only_where_it_is_permitted(tmp_path: Path) -> None:
    rows = [reply(call("write_file", path=p, content="x")) for p in ("out/a.txt", "b.txt", "out/../c.txt", "outer/d.txt")]
    one = run(
        artifact([step("a", effects=TOP)]), tmp_path, ScriptedModel({"a": [*rows, finish()]}), policy=Policy(write=("out/",))
    )
    assert one.outcome is not None
    assert [o.path for o in one.outcome.outputs] == ["out/a.txt"]
    assert [d["name"] for d in told(one, EventKind.DENIED)] == ["b.txt", "c.txt", "outer/d.txt"]
    assert all("out/" in r["result"] for r in told(one, EventKind.TOOL_RESULT)[1:])


def test_a_link_does_not_lead_out_of_what_is_permitted(tmp_path: Path) -> None:
    work = tmp_path / "work"
    (work / "in").mkdir(parents=True)
    (work / "out").symlink_to(work / "in")
    assert within(work, "in/x", ["out/"]) and not within(work, "y", ["out/"])
    (work / "way").symlink_to(tmp_path)
    assert not within(work, "way/x", ["way/"])
    assert permitted_folders(work, ["way/"]) == ()


def test_places_of_two_grants() -> None:
    a, b, c = Path("/w/a"), Path("/w/a/b"), Path("/w/c")
    assert meet_places(None, (a,)) == (a,) and meet_places((a,), None) == (a,)
    assert meet_places((a, c), (b,)) == (b,) and meet_places((b,), (a, c)) == (b,) and meet_places((a,), (c,)) == ()


def test_commands_write_only_where_it_is_permitted(tmp_path: Path, sandbox: Any) -> None:
    one = command("echo x > out/a.txt; echo x > b.txt; echo x > outer.txt; true", tmp_path, sandbox, Policy(write=("out/",)))
    assert one.outcome is not None and [o.path for o in one.outcome.outputs] == ["out/a.txt"]


def test_only_permitted_programs_are_there(tmp_path: Path, sandbox: Any) -> None:
    policy = Policy(executables=("bash", "cat", "awk"))
    one = command("echo a | cat; awk 'BEGIN {print 6*7}'; sed --version; /usr/bin/id; /bin/id", tmp_path, sandbox, policy)
    (result,) = told(one, EventKind.TOOL_RESULT)
    assert result["stdout"].split() == ["a", "42"] and not result["ok"]
    plan = artifact([code("a", "sed -n 1p SKILL.md")])
    plan = plan.model_copy(update={"target": plan.target.model_copy(update={"model": ""})})
    two = run(plan, tmp_path, name="", sandbox=sandbox, policy=policy)
    assert two.outcome is not None and "sed: the user's policy does not permit this program" in two.outcome.reason


def test_a_program_that_is_not_permitted_is_not_reached_through_another_name(tmp_path: Path, sandbox: Any) -> None:
    ways = "cp /usr/bin/id mine; ./mine; ln -s /usr/bin/id l; ./l; /lib64/ld-linux-x86-64.so.2 /usr/bin/id; true"
    policy = Policy(executables=("bash", "cp", "ln"))
    one = command(ways, tmp_path, sandbox, policy)
    (result,) = told(one, EventKind.TOOL_RESULT)
    assert "uid=" not in result["result"]


@pytest.mark.net
def test_hosts_that_are_not_permitted(tmp_path: Path, sandbox: Any) -> None:
    with web() as port:
        host = f"127.0.0.1:{port}"
        text = f"python scripts/fetch.py http://{host}/ | grep ^200"
        free = command(text, tmp_path / "a", sandbox, Policy(hosts=("127.0.0.1",)), hosts=(host,))
        bound = command(text, tmp_path / "b", sandbox, Policy(hosts=("*.example",)), hosts=(host,))
    assert free.outcome is not None and free.outcome.exit_code == 0, free.outcome.reason
    assert bound.outcome is not None and bound.outcome.exit_code == 4


def test_limits_of_commands(tmp_path: Path, sandbox: Any) -> None:
    limits = PolicyLimits(command_seconds=0.5, memory_mb=200, file_mb=1)
    slow = command("sleep 60", tmp_path / "a", sandbox, Policy(limits=limits))
    assert slow.outcome is not None and "ended at its time limit" in slow.outcome.reason
    limits = PolicyLimits(command_seconds=30, memory_mb=200, file_mb=1)
    large = command("python -c 'bytearray(300 << 20)'", tmp_path / "b", sandbox, Policy(limits=limits))
    assert large.outcome is not None and "ended at its memory limit" in large.outcome.reason
    long = command("head -c 3000000 /dev/zero > big; true", tmp_path / "c", sandbox, Policy(limits=limits))
    assert long.outcome is not None and [o.size for o in long.outcome.outputs] == [1024**2]


def test_variables_that_are_not_permitted(tmp_path: Path) -> None:
    nodes = [code("a", "env", env=("TOKEN_A", "TOKEN_B")), code("b", "env")]
    given = {"TOKEN_A": "value-of-a", "TOKEN_B": "value-of-b"}
    one = run(artifact(nodes, chain("a", "b")), tmp_path, env=given, policy=Policy(env=("TOKEN_B",)))
    first, second = one.sandbox.requests
    assert first.env.get("TOKEN_B") == "value-of-b" and "TOKEN_A" not in first.env
    assert not {"TOKEN_A", "TOKEN_B"} & set(second.env)
