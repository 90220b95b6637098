"""Small stand-ins for model, sandbox and gate, and builders of plans."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio

from skvm.ir import EffectClass, Effects, Hazard
from skvm.plan import (
    Artifact,
    BundleFile,
    Command,
    Edge,
    Executor,
    ExecutorKind,
    Plan,
    Slice,
    SourceInfo,
    StepNode,
    TargetInfo,
)
from skvm.ports import ModelReply, ModelRequest, SandboxRequest, SandboxResult, SelfTest, ToolCall, Usage
from skvm.runtime import RunOutcome, RunPorts, RunRequest, execute
from skvm.source import Span, digest_bytes, digest_text
from skvm.store import NullStore, open_store

SPAN = Span("SKILL.md", 0, 1)
PURE = Effects()


def call(name: str, /, **args: Any) -> ToolCall:
    return ToolCall(id="", name=name, arguments=json.dumps(args))


def raw_call(name: str, arguments: str) -> ToolCall:
    return ToolCall(id="", name=name, arguments=arguments)


def reply(*calls: ToolCall, text: str = "", prompt: int = 10, completion: int = 5, cost: float | None = 0.001) -> ModelReply:
    usage = Usage(prompt=prompt, completion=completion)
    return ModelReply(text=text, calls=calls, usage=usage, finish="tool_calls" if calls else "stop", cost=cost)


def finish(**values: Any) -> ModelReply:
    return reply(call("finish", values=values, summary="done"))


class ScriptedModel:
    """Answers by step id from lists (the last one repeats), or by a function of the request."""

    simulated = False

    def __init__(self, script: dict[str, list[Any]] | Callable[[ModelRequest], Awaitable[ModelReply]] | None = None) -> None:
        self.script = script if script is not None else {}
        self.requests: list[ModelRequest] = []

    async def complete(self, request: ModelRequest, on_text: Any = None) -> ModelReply:
        self.requests.append(request)
        await anyio.lowlevel.checkpoint()
        if callable(self.script):
            return await self.script(request)
        rows = self.script.get(request.tag.step) or [finish()]
        answer = rows.pop(0) if len(rows) > 1 else rows[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        return None


class FakeSandbox:
    """No sandbox at all: runs the program as it is. Only for tests, on commands the tests themselves wrote."""

    name = "fake"
    version = "fake-1"

    def __init__(self) -> None:
        self.requests: list[SandboxRequest] = []

    async def run(self, request: SandboxRequest) -> SandboxResult:
        self.requests.append(request)
        began = time.monotonic()
        process = await anyio.open_process(
            list(request.argv),
            cwd=request.cwd,
            env=request.env,
            stdin=subprocess.DEVNULL,
            stdout=-1,
            stderr=-1,
            start_new_session=True,
        )
        try:
            with anyio.move_on_after(request.limits.wall) as scope:
                out, err = await _drain(process)
                await process.wait()
        except BaseException:
            process.kill()
            with anyio.CancelScope(shield=True):
                await process.aclose()
            raise
        if scope.cancelled_caught:
            process.kill()
            with anyio.CancelScope(shield=True):
                await process.aclose()
            return SandboxResult(exit_code=-9, stdout=b"", stderr=b"", reason="timeout", seconds=time.monotonic() - began)
        await process.aclose()
        if request.spill:
            request.spill.write_bytes(out + err)
        limit = request.limits.output
        return SandboxResult(
            exit_code=process.returncode or 0,
            stdout=out[:limit],
            stderr=err[:limit],
            truncated=len(out) > limit or len(err) > limit,
            seconds=time.monotonic() - began,
        )

    async def self_test(self) -> SelfTest:
        return SelfTest(ok=True, backend="fake", version="1")


async def _drain(process: Any) -> tuple[bytes, bytes]:
    parts: dict[str, bytes] = {}

    async def read(name: str, stream: Any) -> None:
        data = b""
        async for chunk in stream:
            data += chunk
        parts[name] = data

    async with anyio.create_task_group() as group:
        group.start_soon(read, "out", process.stdout)
        group.start_soon(read, "err", process.stderr)
    return parts["out"], parts["err"]


class Gate:
    """Answers from a dict by node, else nobody is there; `says` is for questions of models."""

    def __init__(self, answers: dict[str, bool] | None = None, says: dict[str, str] | None = None) -> None:
        self.answers = answers or {}
        self.says = says or {}
        self.asked: list[tuple[str, str]] = []

    async def ask(self, node: str, question: str) -> tuple[bool | None, str]:
        self.asked.append((node, question))
        return self.answers.get(node), "test"

    async def answer(self, node: str, question: str) -> tuple[str | None, str]:
        self.asked.append((node, question))
        return self.says.get(node), "test"


def step(id: str, text: str = "Do it.", **more: Any) -> StepNode:
    more.setdefault("executor", Executor(kind=ExecutorKind.MODEL))
    more.setdefault("slice", Slice(goal="the goal", text=text))
    more.setdefault("effect_class", EffectClass.PURE)
    return StepNode(id=id, key=digest_text(f"key of {id}"), title=f"Step {id}", span=SPAN, **more)


def code(id: str, command: str, placeholders: dict[str, str] | None = None, **more: Any) -> StepNode:
    stated = Command(text=command, span=SPAN, placeholders=placeholders or {}, shell=more.pop("shell", False))
    return step(id, command, executor=Executor(kind=ExecutorKind.CODE), command=stated, **more)


def chain(*ids: str) -> tuple[Edge, ...]:
    return tuple(Edge(before=a, after=b, hazard=Hazard.DECLARED_ORDER) for a, b in pairwise(ids))


def artifact(nodes: list[Any], edges: tuple[Edge, ...] = (), bundle: dict[str, str] | None = None, **more: Any) -> Artifact:
    files = tuple(BundleFile(path=p, digest=digest_bytes(t.encode()), text=t) for p, t in (bundle or {}).items())
    return Artifact(
        source=SourceInfo(name="skill", digest="sha256:0", program="sha256:0"),
        target=TargetInfo(model="m", harness="builtin"),
        plan=Plan(nodes=tuple(nodes), edges=edges, parallel=more.pop("parallel", ())),
        skill_text=more.pop("skill_text", "# Skill\n"),
        bundle=files,
        **more,
    ).sealed()


class Run:
    """One run with everything it touched."""

    def __init__(self, home: Path, *, store: Any = None) -> None:
        self.home = home
        self.store = store or NullStore()
        self.model: Any = ScriptedModel()
        self.sandbox: Any = FakeSandbox()
        self.events: list[Any] = []
        self.outcome: RunOutcome | None = None

    def emit(self, event: Any) -> None:
        self.events.append(event)

    async def go(self, art: Artifact, model: Any = None, **more: Any) -> RunOutcome:
        if model is not None:
            self.model = model
        ports = {k: more.pop(k) for k in ("solid", "foreteller", "gate", "clock", "counter", "browsers") if k in more}
        sandbox = more.pop("sandbox", self.sandbox)
        request = RunRequest(artifact=art, model=more.pop("name", "m"), **more)
        run_ports = RunPorts(
            model_for=lambda name: self.model,
            sandbox=sandbox,
            journal=self.store.journal,
            blobs=self.store.blobs,
            sinks=(self,),
            **ports,
        )
        self.outcome = await execute(request, run_ports, self.home)
        return self.outcome

    def kinds(self, node: str | None = None) -> list[str]:
        return [e.kind.value for e in self.events if node is None or e.node == node]


def run(art: Artifact, home: Path, model: Any = None, **more: Any) -> Run:
    """Run to the end on a fresh loop."""
    one = Run(home, store=more.pop("store", None))
    one.sandbox = more.pop("sandbox", one.sandbox)
    anyio.run(lambda: one.go(art, model, sandbox=one.sandbox, **more))
    return one


def durable(home: Path) -> Any:
    return open_store(home)
