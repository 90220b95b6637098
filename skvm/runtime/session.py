"""Everything the parts of one run share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from skvm.diag import SkvmError, UsageError
from skvm.ir import Frozen
from skvm.plan import Artifact, Edge, EventKind, GateNode, MapNode, Plan, PlanNode, StepNode, StepResult
from skvm.ports import HarnessTurn, ModelClient, ToolSpec
from skvm.runtime.api import RunPorts, RunRequest, StepRow
from skvm.runtime.lanes import EffectLocks, Holder, Lanes
from skvm.runtime.state.board import Board
from skvm.runtime.state.budget import Budget
from skvm.runtime.state.overlap import Overlap
from skvm.runtime.state.record import Recorder
from skvm.runtime.state.redact import Redactor
from skvm.runtime.state.replay import Replay
from skvm.runtime.state.scope import TOP_SCOPE, Scope
from skvm.runtime.tools.browser import Browsing
from skvm.runtime.tools.commands import Commands
from skvm.runtime.tools.files import Places
from skvm.runtime.tools.specs import BROWSER, BY_NAME, FINISH_SPEC, TOOLS, of_pieces
from skvm.runtime.work.workspace import Workspace


class Graph:
    """A plan by parent: children in order, edges among them, recovery steps by the step they recover."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.by_id: dict[str, PlanNode] = {n.id: n for n in plan.nodes}
        self.children: dict[tuple[str | None, int | None], list[PlanNode]] = defaultdict(list)
        self.recovery: dict[str, list[StepNode]] = defaultdict(list)
        self.out: dict[str, list[Edge]] = defaultdict(list)
        self.maps = frozenset(n.id for n in plan.nodes if isinstance(n, MapNode))
        self._groups = [frozenset(group) for group in plan.parallel]
        for node in plan.nodes:
            self.children[node.parent, node.arm].append(node)
            if isinstance(node, StepNode) and node.recover_of:
                self.recovery[node.recover_of].append(node)
        for edge in plan.edges:
            self.out[edge.before].append(edge)

    def body(self, parent: str | None, arm: int | None = None) -> list[PlanNode]:
        """Children of a node (in one arm of a branch), in plan order."""
        return self.children.get((parent, arm), [])

    def below(self, parent: str) -> list[PlanNode]:
        """All descendants of a node."""
        own = [n for n in self.plan.nodes if n.parent == parent]
        return own + [deep for n in own for deep in self.below(n.id)]

    def declared(self, one: str, two: str) -> bool:
        """Does the plan let the two, or the blocks side by side that they lie in, run at once?"""
        if not self._groups:
            return False
        first, second = self._apart(one, two)
        return any(first in group and second in group for group in self._groups)

    def _apart(self, one: str, two: str) -> tuple[str, str]:
        """The children of their innermost common block that the two lie in."""
        rows = [self._upwards(one), self._upwards(two)]
        while len(rows[0]) > 1 and len(rows[1]) > 1 and rows[0][-1] == rows[1][-1]:
            rows = [row[:-1] for row in rows]
        return rows[0][-1], rows[1][-1]

    def _upwards(self, id: str) -> list[str]:
        """A node and the blocks around it, innermost first."""
        row = [id]
        node = self.by_id.get(id)
        while node is not None and node.parent is not None:
            row.append(node.parent)
            node = self.by_id.get(node.parent)
        return row

    def waived(self, one: Holder, two: Holder) -> bool:
        """May the two overlap although their effects conflict? The author said so, or they are items of a parallel map."""
        if self.declared(one.node, two.node):
            return True
        for (node, key), (other, other_key) in zip(one.scope, two.scope, strict=False):
            if node == other and key != other_key:
                found = self.by_id.get(node)
                return isinstance(found, MapNode) and found.parallel
        return False


@cache
def _offer(browser: bool) -> tuple[ToolSpec, ...]:
    """The tools of a step: the same tuple each time, so that what is made of it can be kept (see `ask`)."""
    return (*TOOLS, *((BROWSER,) if browser else ()), FINISH_SPEC)


@cache
def shared_tools() -> tuple[ToolSpec, ...]:
    """The tools of several pieces of work in one conversation."""
    return of_pieces(_offer(False))


class Failure(Frozen):
    """Why a block did not end well; `status` as of a run."""

    status: str
    node: str
    reason: str


@dataclass
class Course:
    """How a run goes, for all skills at work in it: `fatal` is the error that ended it, `failure` the step that did, `running`
    counts steps under way and `begun` those that ever were, `refused` is how the last question to a model failed (empty after
    an answer), `unasked`: a step was cut off on the way to its first question."""

    fatal: SkvmError | None = None
    failure: Failure | None = None
    running: int = 0
    begun: int = 0
    ending: str = ""
    refused: str = ""
    unasked: bool = False

    def begin(self, steps: int = 1) -> None:
        """Steps are under way from here on."""
        self.running += steps
        self.begun += steps

    def end(self, steps: int = 1) -> None:
        """They are no longer."""
        self.running -= steps

    def alone_since(self, begun: int) -> bool:
        """Is one step under way, and has none begun since `begun` had?"""
        return self.running <= 1 and self.begun == begun


@dataclass
class Session:
    """One skill at work in a run: the run's own, or one that is handed over to, whose scopes lie in `base`, and which shares
    with the others journal, limits, lanes, work folder and `course`. `skills`: plans that can be handed over to, by digest,
    each with the folder of the files it has no room for. `rows` is what `RunOutcome.steps` shows,
    `turns` the conversation of a brief."""

    request: RunRequest
    ports: RunPorts
    graph: Graph
    space: Workspace
    places: Places
    commands: Commands
    board: Board
    budget: Budget
    recorder: Recorder
    redactor: Redactor
    replay: Replay
    lanes: Lanes
    locks: EffectLocks
    overlap: Overlap
    browsing: Browsing
    skills: Mapping[str, tuple[Artifact, Path]] = field(default_factory=dict)
    base: Scope = TOP_SCOPE
    course: Course = field(default_factory=Course)
    rows: list[StepRow] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    turns: list[HarnessTurn] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)
    digests: dict[tuple[str, int, int, int], str] = field(default_factory=dict)
    ahead: set[str] = field(default_factory=set)

    def emit(self, kind: EventKind, node: str = "", scope: Scope | None = None, /, **data: Any) -> None:
        """Journal and show one event; raises StoreError."""
        self.recorder.emit(kind, data, node, scope.path if scope else "")

    def place(self, node: str) -> str:
        """A node as it is called in the whole run."""
        return f"{self.base.path}/{node}" if self.base.parts else node

    def model_of(self, target: str) -> str:
        """Model for an executor's target: the run's own unless the plan bound the step to another one of its pool."""
        own = str(self.request.artifact.target.model)
        if not target or target in (own, f"{own}@{self.request.artifact.target.harness}"):
            return self.request.model or own
        return next((item.model for item in self.request.artifact.pool if item.name == target), target)

    def granted(self, node: StepNode, kind: str) -> tuple[str, ...]:
        """Names of `kind` (`env`, `host`) that the manifest grants to a step (its own, and those of the skill as a whole) and
        the user's policy leaves."""
        own = node.env if kind == "env" else node.hosts
        grants = self.request.artifact.permissions.grants
        cited = (g.name for g in grants if g.kind == kind and (not g.steps or node.id in g.steps))
        return self.request.policy.names(kind, tuple(sorted({*own, *cited})))

    def tools(self, node: StepNode) -> tuple[ToolSpec, ...]:
        """What a step is offered: a browser only where there is one and the step may reach a host; of a brief what it names."""
        brief = self.request.brief
        if brief is not None:
            return (*(BY_NAME[name] for name in brief.tools), *brief.functions)
        browser = self.browsing.there and self.browsing.usable(self.granted(node, "host"))
        return _offer(browser)

    def env_of(self, node: StepNode) -> dict[str, str]:
        """Variables a step may see, with values: granted by the manifest and handed over by the user."""
        given = self.request.env
        return {name: given[name] for name in self.granted(node, "env") if name in given}

    def client(self, model: str) -> ModelClient:
        """Backend of a model; raises UsageError for an unknown one."""
        if not model:
            raise UsageError("this step needs a model and none is given", help="name one with --model")
        return self.ports.model_for(model)

    def row(self, node: PlanNode, scope: Scope, result: StepResult) -> None:
        """Remember how a node ended, for the outcome."""
        executor = result.executor or ("person" if isinstance(node, GateNode) else "skipped")
        self.rows.append(
            StepRow.made(
                id=node.id,
                title=node.title,
                executor=executor,
                status=result.status.value,
                scope=scope.path,
                model_calls=result.model_calls,
                tokens=result.prompt_tokens + result.completion_tokens,
                seconds=round(result.seconds, 6),
                reason=self.redactor.text(result.reason),
            )
        )
