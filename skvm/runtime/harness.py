"""The built-in harness: our own step agent, doing one piece of work that comes from no skill."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from skvm import __version__
from skvm.diag import InternalError, TargetError, UsageError
from skvm.ir import EffectClass, Effects
from skvm.plan import Artifact, Event, EventKind, Executor, ExecutorKind, Plan, Slice, SourceInfo, StepNode, TargetInfo
from skvm.ports import Browsers, HarnessRun, HarnessTask, ModelClient, TokenCounter
from skvm.runtime.api import Brief, RoughCounter, RunOutcome, RunPorts, RunRequest, SandboxSource
from skvm.runtime.lanes import Lanes
from skvm.runtime.run import execute
from skvm.runtime.tools.specs import BROWSER, TOOLS, TOOLS_VERSION
from skvm.source import Span, digest_text
from skvm.store import NullStore

NAME = "builtin"
WIDEST = 8
ATTEMPTS = 6
"""Tries per model call: with the waits between them some 15 to 30 seconds, which outlasts a restart of a server."""


@dataclass
class BuiltinHarness:
    """`ports.Harness` over the runtime. `model` is the id asked for, `scratch` a folder for what a run leaves, `temperature`
    None is the backend's own. Work at once shares one lane a model, so that "too many requests" slows all of it."""

    model: str
    client: ModelClient
    scratch: Path
    sandbox: SandboxSource = None
    browsers: Browsers | None = None
    counter: TokenCounter = field(default_factory=RoughCounter)
    widest: int = WIDEST
    attempts: int = ATTEMPTS
    temperature: float | None = None
    name: str = NAME
    version: str = f"{__version__}+tools{TOOLS_VERSION}"
    functions: bool = True

    tools: frozenset[str] = field(init=False)
    simulated: bool = field(init=False)

    def __post_init__(self) -> None:
        self._lanes = Lanes(self.widest)
        self.simulated = self.client.simulated
        self.tools = frozenset(tool.name for tool in TOOLS) | ({BROWSER.name} if self.browsers is not None else set())

    async def run(self, task: HarnessTask) -> HarnessRun:
        """Do one task (see the port). When its time runs out in a tool that the model called, the attempt was stopped; when
        it runs out in waiting for the model, that is a TargetError."""
        unknown = [name for name in task.tools if name not in self.tools]
        if unknown:
            raise UsageError(f"the built-in harness does not offer {', '.join(unknown)}")
        watch = _Watch()
        store = NullStore()
        ports = RunPorts(
            model_for=self._client,
            journal=store.journal,
            blobs=store.blobs,
            sandbox=self.sandbox,
            browsers=self.browsers if BROWSER.name in task.tools else None,
            sinks=(watch,),
            counter=self.counter,
            lanes=self._lanes,
        )
        request = RunRequest(
            artifact=artifact_of(task, self.model),
            model=self.model,
            workdir=task.work,
            deadline=task.seconds,
            attempts=self.attempts,
            turns=task.turns,
            temperature=self.temperature,
            brief=Brief(task.tools, task.functions, task.tag.model_copy(update={"workdir": str(task.work)})),
        )
        with tempfile.TemporaryDirectory(prefix="task-", dir=self.scratch, ignore_cleanup_errors=True) as home:
            return self._result(await execute(request, ports, Path(home)), watch)

    async def close(self) -> None:
        """Close the client."""
        await self.client.close()

    def _client(self, model: str) -> ModelClient:
        return self.client

    def _result(self, outcome: RunOutcome, watch: _Watch) -> HarnessRun:
        if outcome.error is not None:
            raise outcome.error
        if outcome.status == "limit" and not watch.acted(outcome.totals.seconds):
            raise TargetError(outcome.reason, kind="timeout", help="check the server, or give it more time")
        if watch.finish == "filter":
            raise TargetError("the model's server filtered the answer", kind="filter")
        if outcome.status not in ("done", "failed", "limit"):
            raise InternalError(f"a task ended as {outcome.status}: {outcome.reason}")
        totals = outcome.totals
        return HarnessRun(
            text=outcome.turns[-1].text if outcome.status == "done" else "",
            turns=outcome.turns,
            ended="finished" if outcome.status == "done" else "stopped",
            reason=outcome.reason,
            model_calls=totals.model_calls,
            prompt_tokens=totals.prompt_tokens,
            completion_tokens=totals.completion_tokens,
            cost=totals.cost,
            seconds=totals.seconds,
            simulated=outcome.simulated,
        )


class _Watch:
    """Listens to a run: which tool calls are under way, how long the model took, and how its last answer ended."""

    def __init__(self) -> None:
        self.acting = 0
        self.asked = 0.0
        self.finish = ""

    def emit(self, event: Event) -> None:
        """See one event."""
        self.acting += {EventKind.TOOL_INTENT: 1, EventKind.TOOL_RESULT: -1}.get(event.kind, 0)
        if event.kind is EventKind.MODEL_REPLY:
            self.asked += float(event.data.get("seconds", 0.0))
            self.finish = str(event.data.get("finish", ""))

    def acted(self, seconds: float) -> bool:
        """Did a tool use up the time of a run that took `seconds`, and not the model's server?"""
        return self.acting > 0 and self.asked < seconds / 2


def artifact_of(task: HarnessTask, model: str) -> Artifact:
    """A plan of one step whose words are the prompt."""
    digest = digest_text(task.prompt)
    node = StepNode(
        id="task",
        key=digest,
        title="task",
        span=Span("SKILL.md", 0, 0),
        executor=Executor(kind=ExecutorKind.MODEL),
        slice=Slice(goal="", text=task.prompt),
        effects=Effects(top=True),
        effect_class=EffectClass.EFFECTFUL,
        hosts=task.hosts,
    )
    return Artifact(
        source=SourceInfo(name="task", digest=digest, program=digest),
        target=TargetInfo(model=model, harness=NAME),
        plan=Plan(nodes=(node,)),
    ).sealed()
