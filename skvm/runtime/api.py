"""What a caller hands in and gets back."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from skvm.diag import SkvmError
from skvm.ir import Frozen
from skvm.plan import Artifact, FileResult
from skvm.plan.policy import Policy
from skvm.ports import (
    Blobs,
    Browsers,
    Clock,
    EventSink,
    Foreteller,
    Gatekeeper,
    HarnessTurn,
    Journal,
    ModelClient,
    RequestTag,
    Sandbox,
    SolidBook,
    TokenCounter,
    ToolSpec,
)
from skvm.runtime.lanes import Lanes

SandboxSource = Sandbox | Callable[[], Sandbox | Awaitable[Sandbox]] | None


@dataclass(frozen=True)
class Brief:
    """What one conversation is offered instead of a step's tools and `finish`; it ends with the first answer without calls.

    `tools`: names of tools. `functions`: tools of the caller's own, whose calls are answered with "accepted". `tag` is seen by
    a simulated model only.
    """

    tools: tuple[str, ...] = ()
    functions: tuple[ToolSpec, ...] = ()
    tag: RequestTag = field(default_factory=RequestTag)


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """One run of one plan.

    `files`: input name -> host path, copied into the work folder (or left alone in `workdir`). `started`: monotonic time
    the deadline (seconds) counts from. `env`: named variables with values, given only to steps that cite them. `run`: id of
    a new run where an engine gave it one. `resume`: id of a run to continue. `attempts`: tries per model call when the target
    fails in passing. `turns`: model turns per step. `lanes`: most calls at once per model. `prefix`: isolated interpreter
    prefix whose `bin` leads the PATH of commands.
    `signals`: end the run on SIGINT and SIGTERM with exit 130 instead of letting KeyboardInterrupt fly (main thread only).
    `brief`: the plan is one piece of work that comes from nowhere else, with the tools named there. `policy`: what the user
    permits at most, whatever the manifest grants. `others`: folders of skills that are handed over to, by digest of their
    plans; there and in `skill_dir` are the large files that plans leave out, which the run then keeps itself.
    """

    artifact: Artifact
    model: str = ""
    task: str = ""
    files: dict[str, Path] = field(default_factory=dict)
    workdir: Path | None = None
    mode: Literal["plan", "raw"] | str = "plan"
    deadline: float | None = None
    started: float = field(default_factory=time.monotonic)
    max_tokens: int | None = None
    max_cost: float | None = None
    yes: bool = False
    env: dict[str, str] = field(default_factory=dict)
    run: str | None = None
    resume: str | None = None
    seed: int = 0
    skill_dir: Path | None = None
    attempts: int = 4
    turns: int = 40
    calls: int = 400
    lanes: int = 16
    temperature: float | None = None
    prefix: Path | None = None
    signals: bool = False
    brief: Brief | None = None
    policy: Policy = field(default_factory=Policy)
    others: dict[str, Path] = field(default_factory=dict)


class SystemClock:
    """The clock of this machine."""

    monotonic = staticmethod(time.monotonic)
    """Seconds of the monotonic clock."""

    def utc(self) -> str:
        """Now, to the microsecond, so that runs of one second keep their order."""
        return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class RoughCounter:
    """Four characters a token: what is used when no tokenizer is at hand (the usual rule of thumb for English)."""

    def count(self, text: str) -> int:
        """Estimated number of tokens."""
        return (len(text) + 3) // 4


@dataclass(frozen=True, kw_only=True)
class RunPorts:
    """Everything outside that a run needs. `sandbox` may be chosen late, since proving one costs time; without `browsers`
    no step is offered a browser; `lanes` are shared with other runs on the same models; `lock` holds the lock of a name, where
    it is not one between processes of the same home folder."""

    model_for: Callable[[str], ModelClient]
    journal: Journal
    blobs: Blobs
    sandbox: SandboxSource = None
    browsers: Browsers | None = None
    solid: SolidBook | None = None
    foreteller: Foreteller | None = None
    gate: Gatekeeper | None = None
    sinks: tuple[EventSink, ...] = ()
    lanes: Lanes | None = None
    lock: Callable[[str], AbstractContextManager[None]] | None = None
    clock: Clock = field(default_factory=SystemClock)
    counter: TokenCounter = field(default_factory=RoughCounter)


class StepRow(Frozen):
    """One execution of one node. `executor`: code, script, model, solid, person or skipped; `tokens` both ways."""

    id: str
    title: str
    executor: str
    status: str
    scope: str = ""
    model_calls: int = 0
    tokens: int = 0
    seconds: float = 0.0
    reason: str = ""


class Totals(Frozen):
    """Sums of a run from its own records; `cost` in USD is None when a price is unknown."""

    model_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = 0.0
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        """Tokens both ways."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """How a run ended. `work` is the work folder; `error` the failure of target, store or sandbox that ended it; `turns` what
    was said and done in the conversation of a `brief`.

    What grows with the run is left out of its `repr`: asyncio makes that of the main task's result when it restores signals.
    """

    run: str
    status: str
    exit_code: int
    reason: str = ""
    outputs: tuple[FileResult, ...] = field(default=(), repr=False)
    steps: tuple[StepRow, ...] = field(default=(), repr=False)
    totals: Totals = field(default_factory=Totals)
    simulated: bool = False
    values: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    summary: str = field(default="", repr=False)
    work: Path = Path()
    error: SkvmError | None = None
    turns: tuple[HarnessTurn, ...] = field(default=(), repr=False)

    def to_json(self) -> dict[str, Any]:
        """The published JSON form."""
        totals = {**self.totals.model_dump(), "tokens": self.totals.tokens}
        row: dict[str, Any] = {
            "run": self.run,
            "status": self.status,
            "exit_code": self.exit_code,
            "simulated": self.simulated,
            "outputs": [o.model_dump() for o in self.outputs],
            "steps": [s.model_dump() for s in self.steps],
            "totals": totals,
            "values": self.values,
            "summary": self.summary,
            "work": str(self.work),
        }
        return {**row, "reason": self.reason} if self.reason else row
