"""runtime: executes plans - scheduler, step agent, tools, limits, gates, resume - and shows what happened.

Comes in: a `RunRequest`, `RunPorts` and a home folder. Goes out: a `RunOutcome`, journalled events, files in the work folder.
Must never: compile, parse, import a vendor, or let anything of a skill act outside the sandbox and the work folder.
"""

from skvm.runtime.api import RoughCounter, RunOutcome, RunPorts, RunRequest, StepRow, SystemClock, Totals
from skvm.runtime.opening import not_begun, saved_plan
from skvm.runtime.run import execute

__all__ = [
    "RoughCounter",
    "RunOutcome",
    "RunPorts",
    "RunRequest",
    "StepRow",
    "SystemClock",
    "Totals",
    "execute",
    "not_begun",
    "saved_plan",
]
