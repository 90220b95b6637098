"""A run that dies by SIGKILL as soon as event number N is in the journal, or as late as possible before the next one is
(`N-`); 0 = never. Its effects leave countable traces outside the plan.

Arguments: plan (see crash_plans), home, work folder, N, `N-` or KIND:NODE, id of a run to resume or `-`, what a person says to
effects in doubt: yes, no, or `-` where nobody is there.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from crash_plans import PLANS
from runtime_kit import Gate, Run, ScriptedModel

from skvm.plan import Event, EventKind
from skvm.store import open_store


class Dying(Run):
    """Kills the process when an event was written, or when the one after it is about to be. Events that are written together
    are taken apart for that: what a crash would find between them must do as well."""

    last = "0"

    async def go(self, art: Any, model: Any = None, **more: Any) -> Any:
        append = self.store.journal.append

        def dying(*events: Event) -> None:
            for event in events:
                if self.last == f"{event.seq - 1}-":
                    os.kill(os.getpid(), signal.SIGKILL)
                append(event)
                if self.last in (str(event.seq), f"{event.kind.value}:{event.node}"):
                    os.kill(os.getpid(), signal.SIGKILL)

        self.store.journal.append = dying
        return await super().go(art, model, **more)


class Person(Gate):
    """Answers gates of the plan, and every effect in doubt alike."""

    def __init__(self, answers: dict[str, bool], doubts: bool | None) -> None:
        super().__init__(answers)
        self.doubts = doubts

    async def ask(self, node: str, question: str) -> tuple[bool | None, str]:
        if question.endswith("Run it again?"):
            self.asked.append((node, question))
            return self.doubts, "test"
        return await super().ask(node, question)


async def main(plan: str, home: str, work: str, last: str, resume: str, says: str = "-") -> dict[str, Any]:
    """What came of it."""
    given = PLANS[plan]
    with open_store(Path(home)) as store:
        one = Dying(Path(home), store=store)
        one.last = last
        person = Person(dict(given.gates), {"yes": True, "no": False}.get(says))
        outcome = await one.go(
            given.plan(),
            ScriptedModel(given.script),
            workdir=Path(work),
            resume=None if resume == "-" else resume,
            gate=person,
        )
    asked = sum(e.kind is EventKind.MODEL_REPLY for e in one.events)
    return {**outcome.to_json(), "asked": asked, "events": len(one.events), "questions": person.asked}


if __name__ == "__main__":
    import anyio

    print(json.dumps(anyio.run(main, *sys.argv[1:7])))
