"""The executable graph: flat nodes with parent ids; edges join children of the same parent and carry their reason.

Blocks nest by `parent`: children of a branch also name their `arm`; children of a loop or map are its body. A node at
the top has no parent. A scheduler runs the children of one parent as a DAG and returns when all are done.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from skvm.capability import Level
from skvm.ir import EffectClass, Effects, Frozen, Hazard
from skvm.source import Span


class ExecutorKind(StrEnum):
    """Who does a step."""

    CODE = "code"
    SCRIPT = "script"
    MODEL = "model"
    HARNESS = "harness"
    PERSON = "person"
    NOTHING = "nothing"


class Executor(Frozen):
    """Chosen executor; `target` is a `model[@harness]` for model and harness."""

    kind: ExecutorKind
    target: str = ""


class Command(Frozen):
    """A stated command. `text` as the author wrote it; `placeholders` maps each literal placeholder to a reference.

    References: `$task`, `$file.NAME`, `$step.ID.values.X`, `$step.ID.files`, `$item`, `$env.NAME`.
    """

    text: str
    span: Span
    shell: bool = False
    argv: tuple[str, ...] = ()
    placeholders: dict[str, str] = {}


class Addition(Frozen):
    """Help that a pass added to a step because of a measured gap: not the author's words, so it is kept apart from them.

    The gap is the artifact's gap of `primitive` at `required`; its spans, and those of the step's requirement, show the need.
    They are not repeated here: the digest of what a step sees must not change when text elsewhere moves. `asks`: the level that
    the step asks with this help, as the catalogue of lowerings has it (an assumption, not a measurement); None: as before.
    """

    text: str
    primitive: str
    required: Level
    asks: Level | None = None


class Slice(Frozen):
    """All that a model step sees of the skill: nothing else of it is sent. Texts are verbatim from the cited spans.

    `added` is the one part that is not the author's: what compensates a measured gap, empty without one.
    """

    goal: str
    text: str
    scene: str = ""
    constraints: tuple[str, ...] = ()
    knowledge: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    added: tuple[Addition, ...] = ()


class Output(Frozen):
    """Something a step declares to produce: a named value, or a file when `path` (may be a glob) is given."""

    name: str
    path: str | None = None
    required: bool = False


class Requires(Frozen):
    """A primitive and level the step needs."""

    primitive: str
    level: Level


class Check(Frozen):
    """A post-condition that needs no model: a file exists, a command exits 0, or the file `path` contains a text.

    `added`: a transform asks for it and not the author; when it still fails after the last attempt it is told, and the step
    counts as done all the same.
    """

    kind: Literal["exists", "command", "contains"]
    value: str
    path: str = ""
    added: bool = False


class Estimate(Frozen):
    """Estimates used for binding and the critical path: `calls` of a model; `basis` names where they come from."""

    seconds: float = 0.0
    calls: int = 0
    tokens: int = 0
    cost: float = 0.0
    basis: str = ""


class _Base(Frozen):
    id: str
    key: str
    title: str
    parent: str | None = None
    arm: int | None = None
    optional: bool = False
    span: Span


class StepNode(_Base):
    """One step of work."""

    kind: Literal["step"] = "step"
    executor: Executor
    slice: Slice
    command: Command | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[Output, ...] = ()
    requires: tuple[Requires, ...] = ()
    effects: Effects = Effects()
    effect_class: EffectClass = EffectClass.EFFECTFUL
    checks: tuple[Check, ...] = ()
    env: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    recover_of: str | None = None
    timeout: float | None = None
    attempts: int = 1
    unproved: bool = False
    estimate: Estimate = Estimate()


class GateNode(_Base):
    """Waits for a person or a policy. `question` is the author's words."""

    kind: Literal["gate"] = "gate"
    question: str


class Arm(Frozen):
    """One exclusive arm. `condition` is the author's words; `expr` a pure expression over earlier values where one is sure."""

    label: str
    condition: str
    expr: str | None = None
    span: Span


class BranchNode(_Base):
    """Chooses at most one arm: by the first arm whose `expr` holds, else by one model call with an enum of arms and `none`.

    `preferred`: the arm that is taken without a call, where all arms lead to one end and the target was measured to hold what
    this one needs; not when the task has one of the words `unless`, which speak of the other arms.
    """

    kind: Literal["branch"] = "branch"
    arms: tuple[Arm, ...]
    executor: Executor
    requires: tuple[Requires, ...] = ()
    preferred: int | None = None
    unless: tuple[str, ...] = ()


class LoopNode(_Base):
    """Runs its body until `until` holds (expression or, where it is prose, a model's verdict) at most `bound` times."""

    kind: Literal["loop"] = "loop"
    bound: int
    bound_stated: bool
    until: str = ""
    expr: str | None = None
    executor: Executor


class Together(Frozen):
    """Why parts of a plan may overlap. `basis`: their effects prove it, or the author's words do, which `span` then cites."""

    basis: Literal["proved", "said"]
    reason: str
    span: Span


class Joint(Frozen):
    """Rule by which several pieces of work share one conversation, all that is next in each going out in one turn.

    `most`: at most so many pieces, each a file of at most `small` bytes where pieces are files. `primitive` and `level` were
    measured. `apart`, `shared`: tokens by estimate of `most` pieces, each by itself and together, what may have to be
    repeated one by one included. `why` in words. Each piece keeps its own result, calls and journal.
    """

    most: int = Field(ge=2)
    small: int
    primitive: str
    level: Level
    apart: int
    shared: int
    why: str


class MapNode(_Base):
    """Runs its body once per item, items in parallel where `parallel`; `over` is a reference or a glob of input files.

    Data parallelism: `together` says why the items may overlap, `joint` how many share a conversation (None: each has its
    own), `alone` why that is so. Each has a result, calls and a place in the journal of its own, so that one that fails or is
    repeated touches no other.
    """

    kind: Literal["map"] = "map"
    over: str
    parallel: bool
    together: Together | None = None
    joint: Joint | None = None
    alone: str = ""


class BatchNode(_Base):
    """Instruction parallelism: its children are single calls that go out at once, each with a result of its own.

    `joint`: those that a model makes share a conversation and go out in one turn; `alone` says why not. A step then sees the
    slices of the others too.
    """

    kind: Literal["batch"] = "batch"
    together: Together
    joint: Joint | None = None
    alone: str = ""


class TaskNode(_Base):
    """Task parallelism: one of several independent sub-tasks, done by an agent of its own under a contract.

    `takes`: references it is given and nothing else; `gives`: what it must hand back.
    """

    kind: Literal["task"] = "task"
    together: Together
    takes: tuple[str, ...] = ()
    gives: tuple[Output, ...] = ()


DEEPEST = 8
"""Skills that hand over to each other, one inside the other: compiler and runtime stop there."""


class DelegateNode(_Base):
    """Hands over to another skill by name.

    `plan`: digest of that skill's own plan among `Artifact.skills`, which is run; empty where the skill was not found when this
    plan was made, and a model does the step from its words. `inputs` as of a step: what the other skill is told beside them.
    `estimate`: of the whole other plan.
    """

    kind: Literal["delegate"] = "delegate"
    skill: str
    plan: str = ""
    executor: Executor
    slice: Slice
    inputs: tuple[str, ...] = ()
    estimate: Estimate = Estimate()


PlanNode = Annotated[
    StepNode | GateNode | BranchNode | LoopNode | MapNode | BatchNode | TaskNode | DelegateNode, Field(discriminator="kind")
]


class Edge(Frozen):
    """`after` starts when `before` is done, because of `hazard`; `detail` names the place, value or words."""

    before: str
    after: str
    hazard: Hazard
    detail: str = ""
    span: Span | None = None


class Plan(Frozen):
    """Nodes in source order, edges transitively reduced, and the longest path by estimate."""

    nodes: tuple[PlanNode, ...] = ()
    edges: tuple[Edge, ...] = ()
    critical_path: tuple[str, ...] = ()
    parallel: tuple[tuple[str, ...], ...] = ()

    def children(self, parent: str | None, arm: int | None = None) -> tuple[PlanNode, ...]:
        """Nodes directly below `parent` (and in `arm` of a branch), in plan order."""
        return tuple(n for n in self.nodes if n.parent == parent and (arm is None or n.arm == arm))

    def node(self, id: str) -> PlanNode:
        """One node; raises KeyError."""
        for item in self.nodes:
            if item.id == id:
                return item
        raise KeyError(id)
