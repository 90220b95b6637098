"""A run that dies by SIGKILL right after event number N (0 = never). Its effects leave countable traces outside the plan.

Arguments: plan (see crash_plans), home, work folder, N or KIND:NODE, id of a run to resume or `-`.
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

from skvm.plan import EventKind
from skvm.store import open_store


class Dying(Run):
    """Kills the process after an event."""

    last = "0"

    def emit(self, event: Any) -> None:
        super().emit(event)
        if self.last in (str(event.seq), f"{event.kind.value}:{event.node}"):
            os.kill(os.getpid(), signal.SIGKILL)


async def main(plan: str, home: str, work: str, last: str, resume: str) -> dict[str, Any]:
    """What came of it."""
    given = PLANS[plan]
    with open_store(Path(home)) as store:
        one = Dying(Path(home), store=store)
        one.last = last
        outcome = await one.go(
            given.plan(),
            ScriptedModel(given.script),
            workdir=Path(work),
            resume=None if resume == "-" else resume,
            gate=Gate(dict(given.gates)),
        )
    asked = sum(e.kind is EventKind.MODEL_REPLY for e in one.events)
    return {**outcome.to_json(), "asked": asked, "events": len(one.events)}


if __name__ == "__main__":
    import anyio

    print(json.dumps(anyio.run(main, *sys.argv[1:6])))
