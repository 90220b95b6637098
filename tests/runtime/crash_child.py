"""A run that dies by SIGKILL right after event number N (0 = never). Its effects leave countable traces outside the plan.

Arguments: home, work folder, N or KIND:NODE, id of a run to resume or `-`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from runtime_kit import Run, ScriptedModel, artifact, call, chain, code, finish, reply, step

from skvm.ir import EffectClass, Effects
from skvm.plan import Artifact, EventKind, Output
from skvm.ports import ModelReply, ModelRequest
from skvm.store import open_store


def plan() -> Artifact:
    """Code, a model step with several tools, two in parallel, an effectful command, a join."""
    nodes = [
        code("c1", "bash -c 'echo run >> c1.log; wc -l < in.txt > count.txt'", effect_class=EffectClass.IDEMPOTENT),
        step("m1", outputs=(Output(name="n", required=True),)),
        step("p1", effect_class=EffectClass.IDEMPOTENT, effects=Effects(writes=("p1.txt",))),
        step("p2", effect_class=EffectClass.IDEMPOTENT, effects=Effects(writes=("p2.txt",))),
        code(
            "e1", "bash -c 'echo sent >> mail.log'", effect_class=EffectClass.EFFECTFUL, effects=Effects(writes=("mail.log",))
        ),
        step("j", inputs=("$step.m1.values.n",)),
    ]
    edges = (*chain("c1", "m1", "p1", "e1", "j"), *chain("m1", "p2", "j"))
    return artifact(nodes, edges)


async def script(request: ModelRequest) -> ModelReply:
    """Stateless: what comes next is read off the conversation."""
    done = sum(m.role == "tool" for m in request.messages)
    rows: dict[str, list[ModelReply]] = {
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
    return rows[request.tag.step][done]


class Dying(Run):
    """Kills the process after an event."""

    last = "0"

    def emit(self, event: Any) -> None:
        super().emit(event)
        if self.last in (str(event.seq), f"{event.kind.value}:{event.node}"):
            os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    home, work, last, resume = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    with open_store(home) as store:
        one = Dying(home, store=store)
        one.last = last
        outcome = await one.go(plan(), ScriptedModel(script), workdir=work, resume=None if resume == "-" else resume)
    asked = sum(e.kind is EventKind.MODEL_REPLY for e in one.events)
    print(json.dumps({**outcome.to_json(), "asked": asked, "events": len(one.events)}))


if __name__ == "__main__":
    import anyio

    anyio.run(main)
