"""Nodes of the program: immutable, flat tuples with parent ids, each with the span that shows it (law 2)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import cache, cached_property
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from skvm.ir.canonical import digest_json
from skvm.ir.vocabulary import (
    ActType,
    BlockRole,
    ControlKind,
    EffectClass,
    Force,
    LeafKind,
    NeedKind,
    Origin,
    Polarity,
    SceneType,
    Scope,
    SkillKind,
    StepEncoding,
)
from skvm.source import Span

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Frozen(BaseModel):
    """Base of everything immutable and closed."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @classmethod
    def made(cls, **values: Any) -> Self:
        """An instance of values that are known to be right, not validated; what is not given has its default.

        `model_construct` does the same for models with aliases, extras and private fields too, at several times the cost;
        a skill has some two hundred nodes.
        """
        new = _new(cls)
        _put_values(new, _defaults(cls) | values)
        _put_set(new, set(values))
        _put_extra(new, None)
        _put_private(new, None)
        return new

    def altered(self, **values: Any) -> Self:
        """A copy with other values that are known to be right: `model_copy` at a fraction of its cost."""
        new = self.__class__.__new__(self.__class__)
        _put_values(new, self.__dict__ | values)
        _put_set(new, self.__pydantic_fields_set__ | values.keys())
        _put_extra(new, None)
        _put_private(new, None)
        return new


_new = BaseModel.__new__  # read off a model it would run the hook for attributes of its class
# The slots of a model, set past its ban on changes, at two thirds of what `object.__setattr__` costs.
_put_values = vars(BaseModel)["__dict__"].__set__
_put_set = vars(BaseModel)["__pydantic_fields_set__"].__set__
_put_extra = vars(BaseModel)["__pydantic_extra__"].__set__
_put_private = vars(BaseModel)["__pydantic_private__"].__set__


@cache
def _defaults(model: type[BaseModel]) -> dict[str, Any]:
    """Fields in their order, each with its default (immutable in all nodes)."""
    return {name: info.default for name, info in model.model_fields.items()}


class Node(Frozen):
    """Something the source shows. `id` is unique in the program."""

    id: str
    span: Span

    def with_id(self, new: str) -> Self:
        """A copy under another id."""
        return self.made(**{**self.__dict__, "id": new})


class Trigger(Node):
    """When to use the skill, or when not to."""

    polarity: Polarity
    text: str


class Slot(Node):
    """A named input or output. `step` is None for the skill as a whole; `pattern` is a path or glob when it is a file."""

    name: str
    direction: str  # "in" | "out"
    type: str = ""
    pattern: str | None = None
    step: str | None = None


class Skill(Frozen):
    """Scheduling layer: who, what for, when. Spans of its facts are in `spans` by field name."""

    name: str
    description: str = ""
    kind: SkillKind = SkillKind.KNOWLEDGE
    goal: str = ""
    intents: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    license: str = ""
    allowed_tools: tuple[str, ...] = ()
    has_procedure: bool = False
    spans: dict[str, Span] = {}


class Scene(Node):
    """A stage of the author's. `parent` is the scene it is part of, `number` the author's own ("1.5", "6a")."""

    title: str
    type: SceneType
    parent: str | None = None
    number: str | None = None


class Step(Node):
    """The smallest unit an author would tick off. `key` survives edits elsewhere (decisions, "Program, order, export")."""

    scene: str
    key: str
    title: str
    text: str
    encoding: StepEncoding
    parent: str | None = None
    number: str | None = None


class Block(Node):
    """A code fence. `body` is the span of its content, `step` the step it belongs to."""

    language: str
    role: BlockRole
    body: Span
    step: str | None = None
    knowledge: str | None = None


class Control(Node):
    """Control of a step or scene (`owner`).

    `condition`: words of the condition. `bound`, `domain`: of a loop; `bound` also of attempts to recover. `target`: step or
    scene a jump goes to, step whose failure is recovered from, or the skill a delegation names. `members`: steps an explicit
    parallel names. `group`, `arm`: branches that exclude each other.
    """

    kind: ControlKind
    owner: str
    condition: str | None = None
    bound: int | None = None
    domain: str | None = None
    until: str | None = None
    target: str | None = None
    members: tuple[str, ...] = ()
    group: str | None = None
    arm: int | None = None


class Act(Node):
    """Logical layer: one act of a step on a resource.

    `reads`, `writes`: places as in `skvm.ir.effects`. `command`: the literal command of a fence, inline code or script call.
    """

    step: str
    type: ActType
    scope: Scope
    object: str = ""
    instrument: str | None = None
    target: str | None = None
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    effect: EffectClass = EffectClass.PURE
    unknown: bool = False
    origin: Origin = Origin.PROSE
    command: str | None = None


class Constraint(Node):
    """A rule on behaviour. `owner` is a step or scene id, None when it holds everywhere."""

    force: Force
    text: str
    owner: str | None = None


class Knowledge(Node):
    """A section that steps may need. `steps`: ids of the steps that refer to it; `file`: a reference file it stands for."""

    title: str
    steps: tuple[str, ...] = ()
    file: str | None = None


class Need(Node):
    """Something that must exist to follow the skill; `name` occurs literally in the span."""

    kind: NeedKind
    name: str
    version: str = ""
    origin: Origin = Origin.PROSE
    step: str | None = None
    declared: bool = False
    exists: bool | None = None
    literal: str = ""


class Leaf(Frozen):
    """One piece of the partition of the main file; `owner` is the id of the node it belongs to."""

    kind: LeafKind
    span: Span
    owner: str | None = None


class Program(Frozen):
    """A skill, understood. All tuples are in source order."""

    schema_version: int = 1
    source: str
    main: str
    skill: Skill
    scenes: tuple[Scene, ...] = ()
    steps: tuple[Step, ...] = ()
    blocks: tuple[Block, ...] = ()
    controls: tuple[Control, ...] = ()
    acts: tuple[Act, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    knowledge: tuple[Knowledge, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    needs: tuple[Need, ...] = ()
    slots: tuple[Slot, ...] = ()
    leaves: tuple[Leaf, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Digest of the whole program in canonical form."""
        return digest_json(self.model_dump(mode="json"))

    @cached_property
    def step_by_id(self) -> dict[str, Step]:
        """Steps by display id."""
        return {s.id: s for s in self.steps}

    @cached_property
    def scene_by_id(self) -> dict[str, Scene]:
        """Scenes by id."""
        return {s.id: s for s in self.scenes}

    def acts_of(self, step: str) -> tuple[Act, ...]:
        """Acts of one step in source order."""
        return self._acts.get(step, ())

    def controls_of(self, owner: str) -> tuple[Control, ...]:
        """Controls of one step or scene in source order."""
        return self._controls.get(owner, ())

    def needs_of(self, step: str) -> tuple[Need, ...]:
        """Needs of one step in source order."""
        return self._needs.get(step, ())

    def slots_of(self, step: str | None) -> tuple[Slot, ...]:
        """Inputs and outputs of one step, or (None) of the skill as a whole, in source order."""
        return self._slots.get(step, ())

    def knowledge_of(self, step: str) -> tuple[Knowledge, ...]:
        """Knowledge units that one step refers to, in source order."""
        return self._knowledge.get(step, ())

    @cached_property
    def _acts(self) -> dict[str, tuple[Act, ...]]:
        return _grouped((act.step, act) for act in self.acts)

    @cached_property
    def _controls(self) -> dict[str, tuple[Control, ...]]:
        return _grouped((control.owner, control) for control in self.controls)

    @cached_property
    def _needs(self) -> dict[str | None, tuple[Need, ...]]:
        return _grouped((need.step, need) for need in self.needs)

    @cached_property
    def _slots(self) -> dict[str | None, tuple[Slot, ...]]:
        return _grouped((slot.step, slot) for slot in self.slots)

    @cached_property
    def _knowledge(self) -> dict[str, tuple[Knowledge, ...]]:
        return _grouped((step, unit) for unit in self.knowledge for step in dict.fromkeys(unit.steps))


def _grouped(rows: Iterable[tuple[K, V]]) -> dict[K, tuple[V, ...]]:
    """Values by key, in their order."""
    table: dict[K, list[V]] = {}
    for key, value in rows:
        table.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in table.items()}
