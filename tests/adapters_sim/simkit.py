"""Requests, a small tool world and scripts for tests of the simulated model."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from typing import Any

import anyio

from skvm.adapters.simulation.model import SimModel
from skvm.adapters.simulation.oracle import Call, Done, Query, Script
from skvm.capability import Cell, Level, Profile
from skvm.plan import Requires
from skvm.ports import Message, ModelReply, ModelRequest, RequestTag, ToolSpec

TOOLS = tuple(
    ToolSpec(name=name, description=name, parameters={"type": "object", "properties": {}})
    for name in ("read_file", "write_file", "execute_command", "list_directory")
)
FINISH = ToolSpec(
    name="finish",
    description="end",
    parameters={"type": "object", "properties": {"values": {"type": "object"}, "status": {"enum": ["done", "cannot"]}}},
)


class Words:
    """Counts words as tokens."""

    def count(self, text: str) -> int:
        return len(text.split())


class Scripted:
    """An oracle made of functions by step id."""

    def __init__(self, make: Callable[[Query], Script | None], choose: Callable[[Query], str | bool | None] | None = None):
        self.make = make
        self.choose = choose

    def script(self, query: Query) -> Script | None:
        return self.make(query)

    def choice(self, query: Query) -> str | bool | None:
        return self.choose(query) if self.choose else None


def work(query: Query) -> Generator[Any, Any, Done]:
    """Read two files at once, run a command, write its number into a file."""
    first, second = yield [Call("read_file", {"path": "a.txt"}), Call("read_file", {"path": "b.txt"})]
    ran = yield Call("execute_command", {"command": "python add.py 4 5 --out 9"})
    total = ran.json["total"]
    yield Call("write_file", {"path": "out.md", "content": f"{first.text} and {second.text}\nTotal: {total}\n"})
    return Done({"total": total}, f"The total is {total}.")


def profile(passed: int = 30, n: int = 30, primitives: tuple[str, ...] = ("tool.exec",)) -> Profile:
    counts = dict.fromkeys((Level.L1, Level.L2, Level.L3), (passed, n))
    return Profile(name="t", model="sim/t", harness="builtin", cells={p: Cell(counts=counts) for p in primitives})


def tag(**changes: Any) -> RequestTag:
    base: dict[str, Any] = {"step": "S1.s1", "key": "k1", "requires": (Requires(primitive="tool.exec", level=Level.L1),)}
    return RequestTag(**{**base, **changes})


def needs(*primitives: str, level: Level = Level.L1) -> tuple[Requires, ...]:
    return tuple(Requires(primitive=p, level=level) for p in primitives)


def request(
    tag: RequestTag, messages: tuple[Message, ...] = (), tools: tuple[ToolSpec, ...] = (*TOOLS, FINISH)
) -> ModelRequest:
    start = (Message(role="system", content="rules"), Message(role="user", content="Step: do it\n\nTask: add"))
    return ModelRequest(model="sim/t", messages=(*start, *messages), tools=tools, tag=tag)


def world(name: str, arguments: str) -> str:
    """Answers of the tools, error answers included."""
    try:
        args = json.loads(arguments)
    except ValueError:
        return "error: the arguments are not valid JSON"
    match name, args:
        case "read_file", {"path": path}:
            return f"text of {path}"
        case "execute_command", {"command": command}:
            words = command.split()
            return f'exit code: 0\nstdout:\n{{"total": {int(words[2]) + int(words[3])}}}' if len(words) > 3 else "exit code: 2"
        case "write_file", {"path": path, "content": _}:
            return f"wrote {path}"
    return f"error: there is no tool called {name!r}"


async def converse(model: SimModel, tag: RequestTag, limit: int = 12) -> list[ModelReply]:
    """Turns until `finish`, plain text or the limit."""
    messages: list[Message] = []
    replies: list[ModelReply] = []
    for _ in range(limit):
        reply = await model.complete(request(tag, tuple(messages)))
        replies.append(reply)
        messages.append(Message(role="assistant", content=reply.text, calls=reply.calls))
        if not reply.calls or (reply.calls[0].name == "finish" and _parses(reply.calls[0].arguments)):
            break
        messages += [Message(role="tool", content=world(c.name, c.arguments), call_id=c.id) for c in reply.calls]
    return replies


def _parses(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def talk(model: SimModel, tag: RequestTag) -> list[ModelReply]:
    return anyio.run(converse, model, tag)


def said(replies: list[ModelReply]) -> list[list[tuple[str, str]]]:
    return [[(c.name, c.arguments) for c in r.calls] or [("text", r.text)] for r in replies]


def sim(profile: Profile, seed: int = 0, oracle: Any = None) -> SimModel:
    return SimModel(profile, oracle or Scripted(work), Words(), seed=seed, latency_scale=0.0)
