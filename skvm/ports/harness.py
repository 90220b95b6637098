"""The harness port: one self-contained piece of work for a model, with tools; what it did comes back turn by turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from skvm.ir import Frozen
from skvm.ports.model import RequestTag, ToolSpec


class HarnessTask(Frozen):
    """A piece of work. `work` is an absolute folder, used in place.

    `tools`: names of harness tools on offer, none of them means text only. `functions`: tools of the task's own, whose calls
    are recorded and answered with "accepted". `hosts`: `host:port` that may be reached over the network. `seconds` and
    `turns` bound the work; `tag` is seen by a simulated model only.
    """

    prompt: str
    work: Path
    tools: tuple[str, ...] = ()
    functions: tuple[ToolSpec, ...] = ()
    hosts: tuple[str, ...] = ()
    seconds: float | None = None
    turns: int = 20
    tag: RequestTag = RequestTag()


class HarnessCall(Frozen):
    """One call of a tool. `arguments` is the raw text, `args` the object it holds or None when it is not one.

    `ok` False: refused, failed or not understood. `exit_code` of a command.
    """

    tool: str
    arguments: str
    args: dict[str, Any] | None = None
    ok: bool = True
    result: str = ""
    exit_code: int | None = None


class HarnessTurn(Frozen):
    """What the model said in one turn."""

    text: str = ""
    calls: tuple[HarnessCall, ...] = ()


class HarnessRun(Frozen):
    """How a piece of work went. `text` is the final answer; `ended` is `finished`, `cannot`, or `stopped` (turns, a loop).

    `cost` in USD is None when the price is unknown; `seconds` is wall time.
    """

    text: str = ""
    turns: tuple[HarnessTurn, ...] = ()
    ended: str = "finished"
    reason: str = ""
    model_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = 0.0
    seconds: float = 0.0
    simulated: bool = False


@runtime_checkable
class Harness(Protocol):
    """A harness with a model behind it. `tools` names what it offers; `functions` says whether it takes a task's own."""

    name: str
    version: str
    tools: frozenset[str]
    functions: bool
    simulated: bool

    async def run(self, task: HarnessTask) -> HarnessRun:
        """Do one task. Raises TargetError when model or harness fails (never a sign of inability), LimitHit at an own limit,
        SandboxError when this machine cannot confine what a tool does; cancellation must be prompt."""
        ...

    async def close(self) -> None:
        """Release what is held."""
        ...
