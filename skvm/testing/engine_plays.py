"""Plays for the engine suite: small plans, a scripted model, effects that can be counted, and a process that dies in one.

`python -m skvm.testing.engine_plays JSON` plays in a process of its own; see `Part`.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio

from skvm.ir import EffectClass, Effects, Frozen, Hazard
from skvm.plan import (
    Artifact,
    Command,
    Edge,
    Event,
    Executor,
    ExecutorKind,
    GateNode,
    Output,
    Plan,
    Slice,
    SourceInfo,
    StepNode,
    TargetInfo,
)
from skvm.ports import (
    Engine,
    Gatekeeper,
    Job,
    ModelReply,
    ModelRequest,
    SandboxRequest,
    SandboxResult,
    SelfTest,
    Storage,
    ToolCall,
    Usage,
)
from skvm.runtime import RunOutcome, RunPorts, RunRequest, execute
from skvm.source import Span, digest_text

Script = Callable[[ModelRequest], Awaitable[ModelReply]]
PLACE = Span("SKILL.md", 0, 1)


def say(name: str, /, **args: Any) -> ModelReply:
    """One tool call as an answer."""
    call = ToolCall(id="", name=name, arguments=json.dumps(args))
    return ModelReply(calls=(call,), finish="tool_calls", usage=Usage(prompt=1, completion=1), cost=0.0, simulated=True)


def done(**values: Any) -> ModelReply:
    """The end of a step."""
    return say("finish", values=values, summary="done")


def step(id: str, **more: Any) -> StepNode:
    """A model step, pure where `effect_class` does not say otherwise."""
    more = {"executor": Executor(kind=ExecutorKind.MODEL), "slice": Slice(goal="a goal", text=f"Do {id}."), **more}
    more.setdefault("effect_class", EffectClass.PURE)
    return StepNode(id=id, key=digest_text(f"key of {id}"), title=f"Step {id}", span=PLACE, **more)


def writes(id: str, path: str, **more: Any) -> StepNode:
    """A model step that writes one file."""
    return step(id, effect_class=EffectClass.IDEMPOTENT, effects=Effects(writes=(path,)), **more)


def sends(id: str) -> StepNode:
    """A command that must not be done twice and cannot be asked whether it was: it adds a line to `mail.log`."""
    return step(
        id,
        executor=Executor(kind=ExecutorKind.CODE),
        command=Command(text="send mail.log", span=PLACE),
        effect_class=EffectClass.EFFECTFUL,
        effects=Effects(writes=("mail.log",)),
    )


def chain(*ids: str) -> tuple[Edge, ...]:
    """One after the other."""
    return tuple(Edge(before=a, after=b, hazard=Hazard.DECLARED_ORDER) for a, b in pairwise(ids))


def plan_of(nodes: list[Any], edges: tuple[Edge, ...] = ()) -> Artifact:
    """A sealed plan."""
    return Artifact(
        source=SourceInfo(name="play", digest="sha256:0", program="sha256:0"),
        target=TargetInfo(model="scripted", harness="builtin"),
        plan=Plan(nodes=tuple(nodes), edges=edges),
        skill_text="# Play\n",
    ).sealed()


def whole() -> Artifact:
    """Reading, writing, changing, sending, two steps at once, a join: every kind of guarantee in one plan."""
    nodes = [
        writes("first", "a.txt", outputs=(Output(name="n", required=True),)),
        writes("left", "left.txt"),
        writes("right", "right.txt"),
        sends("send"),
        writes("last", "last.txt", inputs=("$step.first.values.n",)),
    ]
    return plan_of(nodes, (*chain("first", "left", "send", "last"), *chain("first", "right", "last")))


async def whole_script(request: ModelRequest) -> ModelReply:
    """What comes next is read off the conversation, so any process can go on with it."""
    turn = sum(m.role == "tool" for m in request.messages)
    rows = {
        "first": [
            say("write_file", path="a.txt", content="one two"),
            say("edit_file", path="a.txt", old="two", new="2"),
            say("read_file", path="a.txt"),
            done(n=7),
        ],
        "left": [say("write_file", path="left.txt", content="left"), done()],
        "right": [say("write_file", path="right.txt", content="right"), done()],
        "last": [say("write_file", path="last.txt", content="joined"), done(all=True)],
    }
    return rows[request.tag.step][turn]


FILES = {"a.txt": "one 2", "left.txt": "left", "right.txt": "right", "last.txt": "joined", "mail.log": "sent\n"}
VALUES = {"first": {"n": 7}, "send": {"exit_code": 0, "stdout": ""}, "last": {"all": True}}


def gated() -> Artifact:
    """A step, a gate, an effect."""
    gate = GateNode(id="gate", key=digest_text("key of gate"), title="Ask", span=PLACE, question="Send it?")
    return plan_of([writes("first", "a.txt"), gate, sends("send")], chain("first", "gate", "send"))


def endless() -> Artifact:
    """A step that writes, then one whose model never answers."""
    return plan_of([writes("first", "a.txt"), step("stuck")], chain("first", "stuck"))


async def endless_script(request: ModelRequest) -> ModelReply:
    """The second step is never answered."""
    if request.tag.step == "stuck":
        await anyio.sleep_forever()
    if any(m.role == "tool" for m in request.messages):
        return done()
    return say("write_file", path="a.txt", content="first")


PLAYS: dict[str, tuple[Callable[[], Artifact], Script]] = {
    "whole": (whole, whole_script),
    "gated": (gated, endless_script),
    "endless": (endless, endless_script),
}


class Sender:
    """A sandbox that knows one command and starts nothing: `send FILE` adds a line to a file of the work folder."""

    name = "sender"
    version = "sender-1"

    async def run(self, request: SandboxRequest) -> SandboxResult:
        """Add the line; any other command is not found."""
        await anyio.lowlevel.checkpoint()
        if len(request.argv) != 2 or request.argv[0] != "send":
            return SandboxResult(exit_code=127, stdout=b"", stderr=b"not found", seconds=0.0)
        with (Path(request.cwd) / request.argv[1]).open("a") as file:
            file.write("sent\n")
        return SandboxResult(exit_code=0, stdout=b"", stderr=b"", seconds=0.0)

    async def self_test(self) -> SelfTest:
        """It has nothing to prove."""
        return SelfTest(ok=True, backend=self.name, version="1")


class Player:
    """A model that answers from an async function."""

    simulated = True

    def __init__(self, script: Script) -> None:
        self._script = script

    async def complete(self, request: ModelRequest, on_text: Any = None) -> ModelReply:
        """The scripted answer."""
        await anyio.lowlevel.checkpoint()
        return await self._script(request)

    async def close(self) -> None:
        """Nothing is held."""


class Nobody:
    """Answers no gate; `Everybody` says yes."""

    async def ask(self, node: str, question: str) -> tuple[bool | None, str]:
        """Nobody is there."""
        return None, "nobody"

    async def answer(self, node: str, question: str) -> tuple[str | None, str]:
        """Nobody is there."""
        return None, "nobody"


class Everybody:
    """Says yes to every gate."""

    async def ask(self, node: str, question: str) -> tuple[bool | None, str]:
        """Yes."""
        return True, "everybody"

    async def answer(self, node: str, question: str) -> tuple[str | None, str]:
        """Yes, in words."""
        return "yes", "everybody"


class Ear:
    """Hears events, and kills this process right after one: `KIND:NODE` or a number."""

    def __init__(self, dies: str = "") -> None:
        self.events: list[Event] = []
        self._dies = dies

    def emit(self, event: Event) -> None:
        """Keep it, or die of it."""
        self.events.append(event)
        if self._dies and self._dies in (str(event.seq), f"{event.kind.value}:{event.node}"):
            os.kill(os.getpid(), signal.SIGKILL)


async def play(
    storage: Storage,
    home: Path,
    job: Job,
    plan: Artifact,
    script: Script,
    *,
    ear: Ear | None = None,
    gate: Gatekeeper | None = None,
    deadline: float | None = None,
) -> RunOutcome:
    """One run of a plan as a job of an engine; goes on where the journal ends."""
    begun = bool(storage.journal.read(job.run))
    request = RunRequest(
        artifact=plan, model="scripted", run=None if begun else job.run, resume=job.run if begun else None, deadline=deadline
    )
    ports = RunPorts(
        model_for=lambda name: Player(script),
        journal=storage.journal,
        blobs=storage.blobs,
        sandbox=Sender(),
        gate=gate or Nobody(),
        sinks=(ear,) if ear else (),
        lock=storage.lock,
    )
    return await execute(request, ports, home)


class Part(Frozen):
    """What a process of its own does: make the engine (`factory`, as `module:name`, called with the home folder), then `carry`
    the job, take it up `again`, `put` it, or `serve` until killed; dies by SIGKILL right after the event `dies`."""

    factory: str
    home: str
    run: str = ""
    text: str = "whole"
    do: str = "carry"
    dies: str = ""


def made(factory: str, home: Path) -> Engine:
    """The engine of a factory."""
    module, _, name = factory.partition(":")
    engine: Engine = getattr(importlib.import_module(module), name)(home)
    return engine


async def act(part: Part) -> None:
    """Do a part; prints how each run ended, one JSON object a line."""
    home = Path(part.home)
    engine: Any = made(part.factory, home)

    async def work(job: Job) -> str:
        plan, script = PLAYS[job.text]
        outcome = await play(engine.storage, home, job, plan(), script, ear=Ear(part.dies))
        words = json.dumps({"run": job.run, "status": outcome.status, "exit_code": outcome.exit_code, "reason": outcome.reason})
        print(words, flush=True)
        return words

    job = Job(run=part.run, text=part.text, again=part.do == "again")
    if part.do == "serve":
        await engine.serve(work, anyio.Event(), anyio.Event())
    elif part.do == "put":
        await engine.put(job)
    else:
        await engine.carry(job, work)
    await engine.close()


def main() -> None:
    """Do the part that the command line says."""
    anyio.run(act, Part.model_validate_json(sys.argv[1]))
    sys.stdout.flush()
    os._exit(0)  # threads of an engine's vendor must not hold a process whose part is over


if __name__ == "__main__":
    main()
