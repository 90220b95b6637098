"""Seven plans to kill at any event, with models that answer as a pure function of what they are asked.

What an effectful command does shows as a line in a file `*.log`, which no other step reads; lines in `*.again` belong to work
that may be done again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from runtime_kit import artifact, call, chain, code, finish, reply, step
from test_controls import branch, delegate, gate, loop, over

from skvm.capability import Level
from skvm.ir import EffectClass, Effects
from skvm.plan import Artifact, Joint, Output
from skvm.ports import ModelReply, ModelRequest, ToolCall

Script = Callable[[ModelRequest], Awaitable[ModelReply]]
ONCE, AGAIN = EffectClass.EFFECTFUL, EffectClass.IDEMPOTENT


@dataclass(frozen=True)
class Killed:
    """One plan; `gates` answers its gates, `sent` names the lines its effects leave when all of it has run."""

    plan: Callable[[], Artifact]
    script: Script
    sent: tuple[str, ...] = ()
    gates: dict[str, bool] = field(default_factory=dict)


def said(rows: dict[str, list[ModelReply]]) -> Script:
    """The next row of a step is the one after its tool results."""

    async def script(request: ModelRequest) -> ModelReply:
        return rows[request.tag.step][sum(m.role == "tool" for m in request.messages)]

    return script


def send(id: str, line: str, log: str = "mail.log", **more: object) -> object:
    return code(id, f"bash -c 'echo {line} >> {log}'", effect_class=ONCE, effects=Effects(writes=(log,)), **more)


def steps() -> Artifact:
    """Code, a model step with several tools, two in parallel, an effectful command, a join."""
    nodes = [
        code("c1", "bash -c 'echo run >> c1.again; wc -l < in.txt > count.txt'", effect_class=AGAIN),
        step("m1", outputs=(Output(name="n", required=True),)),
        step("p1", effect_class=AGAIN, effects=Effects(writes=("p1.txt",))),
        step("p2", effect_class=AGAIN, effects=Effects(writes=("p2.txt",))),
        send("e1", "sent"),
        step("j", inputs=("$step.m1.values.n",)),
    ]
    return artifact(nodes, (*chain("c1", "m1", "p1", "e1", "j"), *chain("m1", "p2", "j")))


STEPS = said(
    {
        "m1": [
            reply(call("read_file", path="count.txt")),
            reply(call("write_file", path="a.txt", content="one two")),
            reply(call("edit_file", path="a.txt", old="two", new="2")),
            finish(n=7),
        ],
        "p1": [reply(call("write_file", path="p1.txt", content="p1")), finish()],
        "p2": [reply(call("write_file", path="p2.txt", content="p2")), finish()],
        "j": [reply(call("write_file", path="j.txt", content="joined")), finish(all=True)],
    }
)


def controls() -> Artifact:
    """Branch, loop with a judged exit, map over values, recovery; a command in the loop is safe to repeat."""
    nodes = [
        step("a"),
        branch("B", ("yes", None), ("no", None)),
        step("x", parent="B", arm=0),
        step("y", parent="B", arm=1),
        loop("L", 3, "it is enough"),
        step("s", parent="L"),
        code("count", "bash -c 'echo x >> count.again'", parent="L", effect_class=AGAIN),
        over("M", "$step.a.values.rows"),
        step("m", parent="M", inputs=("$item",), effects=Effects(writes=("*.txt",))),
        step("f"),
        step("r", recover_of="f"),
        step("end", inputs=("$step.m.values.item", "$step.s.values.n")),
    ]
    edges = (*chain("a", "B", "L", "f", "r", "end"), *chain("a", "M", "end"), *chain("s", "count"))
    return artifact(nodes, edges)


async def controlled(request: ModelRequest) -> ModelReply:
    tag, text = request.tag, request.messages[1].content
    if tag.question == "branch":
        return reply(call("choose", arm="yes"))
    if tag.question == "until":
        return reply(call("choose", met=tag.scope == "1"))
    if tag.step == "a":
        return finish(rows=["p", "q", "r"])
    if tag.step == "f":
        return reply(call("finish", values={}, summary="", status="cannot", reason="as planned"))
    if tag.step == "m":
        item = text.split("Current item: ")[1].split("\n")[0]
        done = any(m.role == "tool" for m in request.messages)
        return finish(item=item) if done else reply(call("write_file", path=f"{item}.txt", content=item))
    return finish(n=tag.scope)


def gated() -> Artifact:
    """A person approves between an effect and the next one; what follows is sent by two steps side by side."""
    nodes = [
        send("draft", "drafted", "draft.log"),
        gate("G"),
        send("one", "first", "one.log"),
        send("two", "second", "two.log"),
        step("report", effect_class=AGAIN),
    ]
    return artifact(nodes, (*chain("draft", "G", "one", "report"), *chain("G", "two", "report")))


GATED = said({"report": [reply(call("write_file", path="report.txt", content="all sent")), finish(sent=2)]})


def edited() -> Artifact:
    """A model changes one file again and again, and runs a command whose effect nobody can read back."""
    return artifact([step("w", effect_class=AGAIN), step("e", effect_class=ONCE), step("z")], chain("w", "e", "z"))


EDITED = said(
    {
        "w": [reply(call("write_file", path="list.txt", content="a b c d")), finish()],
        "e": [
            reply(call("edit_file", path="list.txt", old="a", new="a a")),
            reply(call("edit_file", path="list.txt", old="b", new="bb")),
            reply(call("execute_command", command="bash -c 'echo told >> told.log'")),
            reply(call("edit_file", path="list.txt", old="d", new="d!")),
            finish(done=4),
        ],
        "z": [reply(call("read_file", path="list.txt")), finish(read=True)],
    }
)


def spread() -> Artifact:
    """Items at the same time, each with an effect of its own, and a join that counts."""
    nodes = [
        step("a"),
        over("M", "$step.a.values.rows"),
        code(
            "m",
            "bash -c 'echo ITEM >> ITEM.log'",
            {"ITEM": "$item"},
            parent="M",
            effect_class=ONCE,
            effects=Effects(writes=("*.log",)),
        ),
        step("end", inputs=("$step.m.values.exit_code",)),
    ]
    return artifact(nodes, chain("a", "M", "end"))


SPREAD = said({"a": [finish(rows=["p", "q", "r"])], "end": [finish(all=3)]})


def handed() -> Artifact:
    """Another skill's plan is run, which hands over to a third; steps of all three have the same ids."""
    third = artifact([send("a", "third", "third.log")])
    other = artifact(
        [
            code("c", "bash -c 'echo run >> c.again; wc -l < in.txt > count.txt'", effect_class=AGAIN),
            step("a", effect_class=AGAIN, outputs=(Output(name="n", required=True),)),
            send("e", "inner", "inner.log"),
            delegate("D", "third", third),
            step("z", inputs=("$step.a.values.n", "$step.D.values.exit_code")),
        ],
        chain("c", "a", "e", "D", "z"),
    )
    nodes = [step("a"), delegate("D", "other", other), step("z", inputs=("$step.D.values.n",))]
    return artifact(nodes, chain("a", "D", "z"), skills=(other, third))


HANDED = {
    ("a", ""): [finish(start=True)],
    ("a", "0"): [reply(call("write_file", path="a.txt", content="inside")), finish(n=3)],
    ("z", "0"): [reply(call("read_file", path="a.txt")), finish(inner=True)],
    ("z", ""): [reply(call("write_file", path="z.txt", content="outside")), finish(outer=True)],
}


async def handing(request: ModelRequest) -> ModelReply:
    return HANDED[request.tag.step, request.tag.scope][sum(m.role == "tool" for m in request.messages)]


def shared() -> Artifact:
    """Items in one conversation, each with a file and an effect of its own; the last comes back open and is done by itself."""
    nodes = [
        step("a"),
        over("M", "$step.a.values.rows").model_copy(update={"joint": RULE}),
        step("m", parent="M", effects=Effects(writes=("*.txt", "*.log"))),
        step("end", inputs=("$step.m.values.item",)),
    ]
    return artifact(nodes, chain("a", "M", "end"))


RULE = Joint(most=3, small=100, primitive="tool.call.batch", level=Level.L2, apart=9, shared=3, why="as planned")


def item_row(item: str, answered: int) -> ToolCall:
    """The next call about one item."""
    rows = (
        call("write_file", path=f"{item}.txt", content=item),
        call("execute_command", command=f"bash -c 'echo {item} >> {item}.log'"),
        call("finish", values={"item": item}, summary="done"),
    )
    return rows[answered]


async def sharing(request: ModelRequest) -> ModelReply:
    tag = request.tag
    if tag.step == "a":
        return finish(rows=["p", "q", "r"])
    if tag.step == "end":
        return finish(all=3)
    answered = sum(m.role == "tool" for m in request.messages)
    found = re.findall(r"(?:item: )(\w)$", request.messages[1].content, re.MULTILINE)
    if tag.question != "shared":
        return reply(item_row(found[0], answered))
    turn, calls = answered // len(found), []
    for number, item in enumerate(found, 1):
        made = item_row(item, turn)
        args = json.loads(made.arguments) | ({"status": "cannot"} if turn == 2 and item == "r" else {})
        calls.append(call(made.name, piece=number, **args))
    return reply(*calls)


PLANS = {
    "steps": Killed(steps, STEPS, ("sent",)),
    "controls": Killed(controls, controlled),
    "gated": Killed(gated, GATED, ("drafted", "first", "second"), {"G": True}),
    "edited": Killed(edited, EDITED, ("told",)),
    "spread": Killed(spread, SPREAD, ("p", "q", "r")),
    "handed": Killed(handed, handing, ("inner", "third")),
    "shared": Killed(shared, sharing, ("p", "q", "r")),
}
