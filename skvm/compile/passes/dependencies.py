"""dependencies: which step waits for which, and why. Sequential unless proved independent (law 5).

Children of one block are compared pair by pair in text order, nearest first. A pair already ordered through others needs no
edge of its own, so what comes out is the transitive reduction of all hazards (with a topological order at hand the greedy
choice is exact: Aho, Garey, Ullman 1972, "The transitive reduction of a directed graph").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

from skvm.compile.layout import own_places
from skvm.compile.overwrites import written_twice
from skvm.compile.unit import Pass, StepEffects, Unit
from skvm.diag import CODES, Diagnostic
from skvm.ir import Control, ControlKind, EffectClass, Effects, Hazard, conflict
from skvm.ir.effects import ANYWHERE
from skvm.plan import BranchNode, DelegateNode, Edge, GateNode, MapNode, PlanNode, StepNode

_CONCRETE = (Hazard.READ_AFTER_WRITE, Hazard.WRITE_AFTER_WRITE, Hazard.WRITE_AFTER_READ)

_MADE = (
    r"results?|outputs?|findings?|answers?|values?|list|report|summary|analysis|draft|plan|changes?|response|information|"
    r"content|data"
)
_BACKWARD = re.compile(
    rf"\b(?:(?:the|these|those|this|that|its|their|all|each|both) (?:\w+ ){{0,2}}?(?:{_MADE})|above|previous(?:ly)?|earlier|"
    r"prior|"
    r"(?:step|phase|stage|part) \d|from (?:step|phase)|(?:once|after|when) .{1,40}(?:done|complete\w*|finish\w*|ready|pass\w*)|"
    r"(?:specific|relevant|matching|desired|promising|interesting|such) \w+s|"
    r"generated|collected|extracted|gathered|identified|resulting|selected|chosen|based on|using the)\b",
    re.IGNORECASE,
)
"""Words by which a step leans on what was done or said before it."""

_NAMES_STEPS = re.compile(
    r"\b(?:these|following|steps?|phases?|below|all of (?:them|these)|both|independent\w*|tasks?|calls?|searches|queries|"
    r"checks)\b",
    re.IGNORECASE,
)
"""What a line must speak of to name the steps of its scene."""

_OPENING = re.compile(
    r"\b(?:it|its|them|their|they|these|those|this|that|once|after|then|now|again|next|finally|continue|also|same|rest|remaining|"
    r"another|otherwise|if|unless|until)\b",
    re.IGNORECASE,
)
"""Words that lean back when they stand in the first sentence; later ones may refer to what the step itself said."""


_HEAD = re.compile(
    r"[\s*_+-]*(?:\d+[.)])?[\s*_]*"
    r"(?:then|next|now|after(?:wards| that)?|once|finally|also|again|continue|otherwise|lastly|look for)\b",
    re.IGNORECASE,
)
"""Words that lean back as the first ones of a step, behind its number: what follows may refer to the step itself."""

_PLAIN = re.compile(
    r"\b(?:above|previous(?:ly)?|earlier|prior|(?:results?|findings?|outputs?) (?:of|from)|based on|"
    r"(?:once|after) .{1,40}(?:done|complete\w*|finish\w*)|from (?:step|phase|check)|see (?:step|phase|check)|same as)\b",
    re.IGNORECASE,
)
"""Plain references to what was done before, the only ones that count between items of a catalogue."""


@dataclass(frozen=True)
class DependenciesPass(Pass):
    """Edges with their hazards."""

    id: ClassVar[str] = "dependencies"
    version: ClassVar[int] = 2
    summary: ClassVar[str] = "which step waits for which, and because of what"
    needs: ClassVar[tuple[str, ...]] = ("nodes", "effects")
    gives: ClassVar[tuple[str, ...]] = ("edges", "nodes", "diagnostics")

    def run(self, unit: Unit) -> Unit:
        """The unit with edges among the children of every block, and with the inputs of steps."""
        finder = _Finder(unit)
        edges: list[Edge] = []
        for parent, children in sorted(unit.children.items(), key=lambda kv: kv[0] or ""):
            arms: dict[int | None, list[PlanNode]] = {}
            exclusive = parent is not None and isinstance(unit.node_by_id[parent], BranchNode)
            for child in children:
                arms.setdefault(child.arm if exclusive else None, []).append(child)
            for members in arms.values():
                edges += finder.order(members)
        order = {n.id: i for i, n in enumerate(unit.nodes)}
        edges.sort(key=lambda e: (order[e.before], order[e.after]))
        found = (*unit.diagnostics, *finder.diagnostics, *written_twice(unit))
        made = replace(unit, edges=tuple(edges), diagnostics=found)
        with_inputs = _with_inputs(made)
        return made.with_nodes(lambda node: _with_width(made, with_inputs(node)))


@dataclass(frozen=True)
class _Facts:
    """What ordering looks at: effects and text of all leaves of a node."""

    effects: Effects
    closed: bool
    text: str
    gate: bool
    leaves: frozenset[str]
    writes: tuple[str, ...]
    literal: bool = False
    scene: str = ""
    item: bool = False


class _Finder:
    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.diagnostics: list[Diagnostic] = []
        self.parallel = [c for c in unit.program.controls if c.kind is ControlKind.PARALLEL and self._names_steps(c)]
        self._said: dict[str, list[tuple[Control, frozenset[str]]]] = {}
        for control in self.parallel:
            named = frozenset(control.members)
            for member in named:
                self._said.setdefault(member, []).append((control, named))
        self._facts: dict[str, _Facts] = {}

    def _names_steps(self, control: Control) -> bool:
        """Does the author name the steps? A scene that does something "simultaneously" says nothing about its steps."""
        if len(control.members) < 2:
            return False
        if control.owner in self.unit.program.step_by_id:
            return True
        main = self.unit.source.main
        first, last = main.lines.line_span(main.lines.line(min(control.span.start, max(0, len(main.raw) - 1))))
        return _NAMES_STEPS.search(main.raw[first:last].decode("utf-8", "replace")) is not None

    def order(self, members: Sequence[PlanNode]) -> list[Edge]:
        """Edges among the children of one block (one arm), nearest hazards first.

        A child comes after all earlier ones but a few, so it is those few that are kept for each, as bits: in a chain there
        are none, and each child is compared with the one before it only.
        """
        edges: list[Edge] = []
        loose: list[int] = []
        for j, second in enumerate(members):
            free = 0
            i, asked = j - 1, -1  # `asked`: children still to be compared, -1 for all before `i`
            while i >= 0:
                edge = self.hazard(members[i], second)
                if edge is not None:
                    edges.append(edge)
                    asked &= loose[i]
                else:
                    free |= 1 << i
                if asked < 0:
                    i -= 1
                else:
                    asked &= (1 << i) - 1
                    i = asked.bit_length() - 1
            loose.append(free)
        return edges

    def hazard(self, first: PlanNode, second: PlanNode) -> Edge | None:
        """Why `second` waits for `first`; None when it does not have to."""
        one, two = self.facts(first), self.facts(second)
        if isinstance(second, StepNode) and second.recover_of in one.leaves:
            return Edge(
                before=first.id, after=second.id, hazard=Hazard.DECLARED_ORDER, detail="runs when it fails", span=second.span
            )
        if one.gate or two.gate:
            words = "waits for the answer" if one.gate else "asked after it"
            return Edge(
                before=first.id, after=second.id, hazard=Hazard.GATE, detail=words, span=first.span if one.gate else second.span
            )
        found = conflict(one.effects, two.effects)
        concrete = found if found is not None and found[0] in _CONCRETE else None
        said = self._said_parallel(one, two)
        if said is not None:
            return self._despite(first, second, conflict(_named(one.effects), _named(two.effects)), said)
        if concrete is not None:
            return Edge(before=first.id, after=second.id, hazard=concrete[0], detail=_place(concrete[1]))
        value = _value_use(one, two)
        if value:
            return Edge(before=first.id, after=second.id, hazard=Hazard.VALUE, detail=value, span=second.span)
        if found is None and one.closed and two.closed and (one.scene == two.scene or (one.literal and two.literal)):
            return None
        hazard, detail = (Hazard.DECLARED_ORDER, "as the author ordered them")
        if found is not None and found[0] is Hazard.EXTERNAL_ORDER:
            hazard, detail = found
        return Edge(before=first.id, after=second.id, hazard=hazard, detail=detail)

    def _said_parallel(self, one: _Facts, two: _Facts) -> Control | None:
        """The first control that names all leaves of both; it is among those that name any one of them."""
        some = min(one.leaves)
        return next((c for c, named in self._said.get(some, ()) if one.leaves <= named and two.leaves <= named), None)

    def _despite(self, first: PlanNode, second: PlanNode, clash: tuple[Hazard, str] | None, said: Control) -> Edge | None:
        """The author says that they may overlap; a named place that both touch says otherwise."""
        if clash is None:
            return None
        code = CODES["SKV503"]
        text = f"{first.id} and {second.id} are said to run in parallel but {clash[0].value.replace('_', ' ')}: {clash[1]}"
        self.diagnostics.append(Diagnostic(code.number, code.severity, text, said.span, ("they are kept in order",)))
        return Edge(before=first.id, after=second.id, hazard=clash[0], detail=_place(clash[1]), span=said.span)

    def facts(self, node: PlanNode) -> _Facts:
        """Facts of a node and all below it."""
        if node.id not in self._facts:
            below = [self.facts(child) for child in self.unit.children.get(node.id, ())]
            self._facts[node.id] = _merge(below) if below else self._leaf(node)
        return self._facts[node.id]

    def _leaf(self, node: PlanNode) -> _Facts:
        if isinstance(node, GateNode):
            return _Facts(Effects(), False, node.question, True, frozenset({node.id}), ())
        found = self.unit.effects.get(node.id)
        found = found or StepEffects(Effects(top=True), EffectClass.EFFECTFUL)
        text = self.unit.text_of(node.id)
        step = self.unit.program.step_by_id.get(node.id)
        return _Facts(
            found.effects,
            found.closed,
            text,
            False,
            frozenset({node.id}),
            found.effects.writes,
            found.literal,
            step.scene if step is not None else node.id,
            found.item,
        )


def _merge(parts: list[_Facts]) -> _Facts:
    effects = parts[0].effects
    for part in parts[1:]:
        effects = effects | part.effects
    return _Facts(
        effects,
        all(p.closed for p in parts),
        "\n".join(p.text for p in parts),
        any(p.gate for p in parts),
        frozenset().union(*(p.leaves for p in parts)),
        tuple(w for p in parts for w in p.writes),
        all(p.literal for p in parts),
        parts[0].scene if len({p.scene for p in parts}) == 1 else parts[0].scene + "+",
    )


def _named(effects: Effects) -> Effects:
    """Places that are named: about others the author's word is taken. Who may touch anything may write all that it names;
    a placeholder alone (`*`) names nothing."""
    reads, writes = (tuple(p for p in places if p not in (ANYWHERE, "*")) for places in (effects.reads, effects.writes))
    return Effects(reads, (*reads, *writes) if effects.top else writes)


def _place(place: str) -> str:
    return "any file of the work folder" if place == ANYWHERE else place


def _value_use(one: _Facts, two: _Facts) -> str:
    """Words by which the second uses what the first made; empty when it provably does not."""
    for place in one.writes:
        name = place.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        if len(name) > 2 and name != ANYWHERE and name in two.text and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", two.text):
            return f"names {place}"
    if two.closed:
        items = one.item and two.item and one.scene == two.scene
        return leans_back(two.text) if not items else _said(_PLAIN.search(_bare(two.text)))
    return ""


@lru_cache(maxsize=512)
def leans_back(text: str) -> str:
    """The first words of a step's prose that point back at something before it."""
    bare = _bare(text)
    found = _BACKWARD.search(bare) or _OPENING.search(re.split(r"(?<=[.!?:])\s", bare, maxsplit=1)[0]) or _HEAD.match(bare)
    return _said(found)


def _said(found: re.Match[str] | None) -> str:
    return f"says {found[0]!r}" if found is not None else ""


def _bare(text: str) -> str:
    """Prose of a step on one line, without fences and inline code."""
    bare = re.sub(r"(?ms)^[ \t]*(`{3,}|~{3,}).*?^[ \t]*\1[ \t]*$", " ", text)
    return " ".join(re.sub(r"`[^`\n]*`", " ", bare).split())


def _with_width(unit: Unit, node: PlanNode) -> PlanNode:
    """A map runs its items at the same time when its author says so or no item can touch what another one does."""
    if not isinstance(node, MapNode):
        return node
    owner = node.id.removesuffix(".map")
    said = any(c.kind is ControlKind.PARALLEL and not c.members for c in unit.program.controls_of(owner))
    return node.model_copy(update={"parallel": said or items_apart(unit, node.id)})


def items_apart(unit: Unit, parent: str) -> bool:
    """Are all writes below a map to places of the item's own that no other item reads, and is nothing unknown or outside?"""
    whole = Effects()
    for child in unit.children.get(parent, ()):
        if isinstance(child, GateNode) or not (items_apart(unit, child.id) if unit.children.get(child.id) else True):
            return False
        found = unit.effects.get(child.id)
        if isinstance(child, StepNode) and (found is None or not (found.closed or found.apart)):
            return False
        if found is not None:
            whole = whole | found.effects
    return not (whole.top or whole.external) and own_places(whole)


def _with_inputs(unit: Unit) -> Callable[[PlanNode], PlanNode]:
    """Each step reads the task and the results of its direct predecessors, those of the blocks around it included."""
    order = {n.id: i for i, n in enumerate(unit.nodes)}
    ends = {e.before for e in unit.edges}
    before: dict[str, list[str]] = {}
    for edge in unit.edges:
        before.setdefault(edge.after, []).append(edge.before)

    def leaves(node: str) -> list[str]:
        below = unit.children.get(node, ())
        if not below:
            return [node] if isinstance(unit.node_by_id[node], (StepNode, DelegateNode)) else _past(node)
        return [leaf for child in below if child.id not in ends for leaf in leaves(child.id)]

    def _past(gate: str) -> list[str]:
        return [leaf for b in before.get(gate, ()) for leaf in leaves(b)]

    def inputs(node: PlanNode) -> list[str]:
        found: list[str] = []
        current: PlanNode | None = node
        while current is not None:
            found += [leaf for b in before.get(current.id, ()) for leaf in leaves(b)]
            current = unit.node_by_id.get(current.parent or "")
        return list(dict.fromkeys(found))

    def change(node: PlanNode) -> PlanNode:
        if not isinstance(node, (StepNode, DelegateNode)):
            return node
        names = sorted(inputs(node), key=order.__getitem__)
        refs = [ref for name in names for ref in (f"$step.{name}.values", f"$step.{name}.files")]
        return node.model_copy(update={"inputs": ("$task", *refs)})

    return change
