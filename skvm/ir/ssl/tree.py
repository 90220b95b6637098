"""From the program to a tree of leaves and guards, one line per scene: which acts a condition, gate or loop governs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from skvm.ir.nodes import Control, Program, Scene, Step
from skvm.ir.ssl.schema import TERMINALS, YIELD_FAIL, YIELD_SUCCESS
from skvm.ir.ssl.wiring import Guard, Item, Leaf, entry_of, leaves_of
from skvm.ir.ssl.words import OTHERWISE, between, leads_clause, leads_step, words_of
from skvm.ir.vocabulary import ActType, ControlKind

RULE_GROUP = "ssl"
"""Group of controls that are rules of an imported record, kept as they are."""

_GUARDS = (ControlKind.BRANCH, ControlKind.OPTIONAL, ControlKind.RECOVER)
_LEAVING = (ControlKind.JUMP, ControlKind.TERMINATE)


@dataclass
class Part:
    """A stretch of steps of one scene; `items` is its line, `jumps` where the scene may go to instead of on."""

    id: str
    scene: Scene
    steps: list[Step]
    items: list[Item] = field(default_factory=list)
    jumps: dict[str, str] = field(default_factory=dict)


class Names:
    """Hands out ids that are used nowhere else."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {*taken, *TERMINALS, ""}

    def fresh(self, wanted: str) -> str:
        """`wanted`, or the next free name like it."""
        name, n = wanted, 1
        while name in self._taken:
            n += 1
            name = f"{wanted}.{n}"
        self._taken.add(name)
        return name


class TreeBuilder:
    """Builds the lines of all parts. `expressed`: ids of controls that the rules say in full."""

    def __init__(self, program: Program, parts: list[Part], names: Names) -> None:
        self.program = program
        self.parts = parts
        self.names = names
        self.expressed: set[str] = set()
        self.own: dict[str, list[Item]] = {}
        self.part_of = {s.id: p for p in parts for s in p.steps}
        self._pending: list[tuple[Control, Step, Leaf, str | None, bool]] = []

    def build(self) -> None:
        """Fill `items` and `jumps` of every part."""
        for part in self.parts:
            units: list[tuple[Step, list[Item]]] = []
            for step in part.steps:
                self.own[step.id] = self._step(step)
                units.append((step, self.own[step.id]))
            part.items = self._scene_guards(part, self._arms(units))
        for control, step, leaf, words, sure in self._pending:
            self._leave(control, step, leaf, words, sure)
        for items in self.own.values():
            for leaf in leaves_of(items):
                if leaf.fixed is not None:
                    leaf.fixed = [(c, self._resolved(t)) for c, t in leaf.fixed]
        for part in self.parts:
            for control in self.program.controls_of(part.scene.id):
                self._scene_leaves(control, part)

    # one step

    def _step(self, step: Step) -> list[Item]:
        """The line of one step, without the decision among exclusive arms."""
        acts = self.program.acts_of(step.id)
        several = len(acts) > 1
        leaves = [Leaf(self.names.fresh(f"{step.id}.{n}") if several else step.id, step, act) for n, act in enumerate(acts, 1)]
        controls = self.program.controls_of(step.id)
        leaves = leaves or [Leaf(step.id, step, stops=any(c.kind is ControlKind.TERMINATE for c in controls))]
        rules = [c for c in controls if c.group == RULE_GROUP]
        if rules:
            leaves[-1].fixed = [self._rule(c) for c in rules]
            return list(leaves)
        items: list[Item] = [*self._gates(step, controls, leaves), *leaves]
        whole = self._inner_guards(step, controls, items)
        self._loop(step, controls, items)
        for control in controls:
            if control.kind in _LEAVING:
                cause = _cause(control, controls, step)
                self._pending.append((control, step, _last(items), cause, whole is not None and not cause))
        return [whole_guard(whole, items)] if whole is not None else items

    def _rule(self, control: Control) -> tuple[str, str]:
        self.expressed.add(control.id)
        return control.condition or "", control.target or YIELD_SUCCESS

    def _resolved(self, target: str) -> str:
        return entry_of(self.own[target]) if target in self.own else target

    def _gates(self, step: Step, controls: tuple[Control, ...], leaves: list[Leaf]) -> list[Leaf]:
        """A gate asks at the step's own request where it has one, else before anything of the step is done."""
        asks = [leaf for leaf in leaves if leaf.act is not None and leaf.act.type is ActType.REQUEST]
        made: list[Leaf] = []
        last: Control | None = None
        for control in (c for c in controls if c.kind is ControlKind.GATE):
            self.expressed.add(control.id)
            same = last is not None and not any(c in between(last, control, step) for c in ".!?\n")
            last = control
            if same:  # "ask for approval before going on" names one gate twice
                continue
            if asks:
                asks.pop(0).gate = words_of(control, step)
            else:
                leaf = Leaf(self.names.fresh(f"{step.id}.gate"), step, control=control)
                leaf.gate = words_of(control, step)
                made.append(leaf)
        return made

    def _inner_guards(self, step: Step, controls: tuple[Control, ...], items: list[Item]) -> Guard | None:
        """Decisions for conditions; returns the one that governs the whole step, whose arm is not filled in yet."""
        whole: Guard | None = None
        said: set[str] = set()
        for control in controls:
            if control.kind not in _GUARDS or control.group is not None:
                continue
            words = words_of(control, step)
            if words in said:  # "if it fails, retry" is a branch and a recovery under one condition
                self.expressed.add(control.id)
            elif whole is None and leads_step(control, step):
                whole = Guard(self._decision(control, step), [(words, [])])
            else:
                self._guard_one(control, step, items)
            said.add(words)
        return whole

    def _decision(self, control: Control, step: Step) -> Leaf:
        self.expressed.add(control.id)
        return Leaf(self.names.fresh(f"{step.id}.if"), step, control=control)

    def _guard_one(self, control: Control, step: Step, items: list[Item]) -> None:
        """A condition inside a step governs the act behind it, or, where it trails a clause, the act before it."""
        if control.kind is ControlKind.RECOVER and not control.condition:
            return
        ahead = leads_clause(control, step)
        best: int | None = None
        for index, item in enumerate(items):
            if isinstance(item, Leaf) and item.act is not None and item.act.span.file == control.span.file:
                if ahead and item.act.span.start >= control.span.start:
                    best = index
                    break
                if not ahead and item.act.span.start < control.span.start:
                    best = index
        if best is not None:
            items[best] = Guard(self._decision(control, step), [(words_of(control, step), [items[best]])])

    def _loop(self, step: Step, controls: tuple[Control, ...], items: list[Item]) -> None:
        loop = next((c for c in controls if c.kind is ControlKind.LOOP), None)
        if loop is None:
            return
        self.expressed.add(loop.id)
        leaf = _last(items)
        leaf.again = (words_of(loop, step), entry_of(items))
        leaf.until = words_of(loop, step) if loop.until and not loop.condition else None

    # exclusive arms

    def _arms(self, units: list[tuple[Step, list[Item]]]) -> list[Item]:
        """Steps in a line; neighbours in one group of exclusive conditions behind one decision."""
        out: list[Item] = []
        at = 0
        while at < len(units):
            group = self._group(units[at][0])
            if group is None:
                out += units[at][1]
                at += 1
                continue
            end = at
            while end < len(units) and self._group_name(units[end][0]) == group.group:
                end += 1
            out.append(self._choice(units[at:end]))
            at = end
        return out

    def _group(self, step: Step) -> Control | None:
        return next(
            (
                c
                for c in self.program.controls_of(step.id)
                if c.kind is ControlKind.BRANCH and c.group is not None and c.group != RULE_GROUP
            ),
            None,
        )

    def _group_name(self, step: Step) -> str | None:
        found = self._group(step)
        return found.group if found is not None else None

    def _choice(self, units: list[tuple[Step, list[Item]]]) -> Guard:
        arms: dict[str, list[Item]] = {}
        otherwise: list[Item] = []
        numbers: dict[int, str] = {}
        first = units[0][0]
        lead = self._group(first)
        guard = Guard(Leaf(self.names.fresh(f"{first.id}.if"), first, control=lead), [])
        for step, items in units:
            control = self._group(step)
            assert control is not None
            self.expressed.add(control.id)
            words = words_of(control, step)
            if control.arm is not None:
                words = numbers.setdefault(control.arm, words)
            if words.lower().strip(" ,.:") in OTHERWISE:
                otherwise += items
            else:
                arms.setdefault(words, []).extend(items)
        guard.arms = list(arms.items())
        guard.otherwise = otherwise or None
        return guard

    # leaving the line

    def _leave(self, control: Control, step: Step, leaf: Leaf, cause: str | None, sure: bool) -> None:
        target = self._target(control, step, cause)
        if target is None or leaf.only is not None:
            return
        self.expressed.add(control.id)
        plain_end = not (leaf.exits or leaf.gate or leaf.again)
        if sure and plain_end and control.condition is None:
            leaf.only = target
        else:
            leaf.exits.append((cause or words_of(control, step), target))

    def _target(self, control: Control, step: Step, cause: str | None) -> str | None:
        """Step or terminal that a control leads to; a jump out of the scene leaves through a rule of the scene."""
        if control.kind is ControlKind.TERMINATE:
            return control.target if control.target in (YIELD_SUCCESS, YIELD_FAIL) else YIELD_FAIL
        here = self.part_of[step.id]
        there, entry = self._place(control.target)
        if there is None:
            return None
        if there is here:
            return entry
        return self._through(here, cause or self._guard_words(step, control), there.id)

    def _through(self, part: Part, words: str, scene: str) -> str | None:
        """Leave `part` for `scene` when `words` hold; None when these words already lead elsewhere."""
        return YIELD_SUCCESS if part.jumps.setdefault(words, scene) == scene else None

    def _guard_words(self, step: Step, control: Control) -> str:
        if control.condition is None:
            first = self.own[step.id][0]
            if isinstance(first, Guard) and len(first.arms) == 1:
                return first.arms[0][0]
        return words_of(control, step)

    def _place(self, name: str | None) -> tuple[Part | None, str]:
        """Part and entry of a step or scene; a scene without own steps stands for the first one inside it."""
        if name in self.own:
            return self.part_of[name], self._entered(name)
        part = next((p for p in self.parts if self._inside(p.scene.id, name)), None)
        return (part, entry_of(part.items)) if part is not None else (None, "")

    def _entered(self, step: str) -> str:
        """Where a step is entered: at the decision that it is an arm of, else at its own first leaf."""
        wanted = entry_of(self.own[step])
        for item in self.part_of[step].items:
            if isinstance(item, Guard) and any(arm and entry_of(arm) == wanted for _, arm in item.arms):
                return item.leaf.id
        return wanted

    def _inside(self, scene: str, name: str | None) -> bool:
        seen: set[str] = set()
        at: str | None = scene
        while at is not None and at not in seen:
            if at == name:
                return True
            seen.add(at)
            found = self.program.scene_by_id.get(at)
            at = found.parent if found is not None else None
        return False

    # scenes

    def _scene_guards(self, part: Part, items: list[Item]) -> list[Item]:
        """Conditions and gates on a scene stand at its entry: where they do not hold the scene yields at once."""
        first = part.steps[0]
        for control in reversed(self.program.controls_of(part.scene.id)):
            if control.group == RULE_GROUP:
                continue
            if control.kind is ControlKind.GATE:
                self.expressed.add(control.id)
                leaf = Leaf(self.names.fresh(f"{part.id}.gate"), first, control=control, gate=words_of(control, None))
                items = [leaf, *items]
            elif control.kind in _GUARDS:
                self.expressed.add(control.id)
                decision = Leaf(self.names.fresh(f"{part.id}.if"), first, control=control)
                items = [Guard(decision, [(words_of(control, None), items)])]
        return items

    def _scene_leaves(self, control: Control, part: Part) -> None:
        """Jumps and loops of a whole scene are rules of that scene."""
        if control.group == RULE_GROUP:
            return
        words = words_of(control, None)
        if control.kind is ControlKind.LOOP and not control.until:
            if part.jumps.setdefault(words, part.id) == part.id:
                self.expressed.add(control.id)
        elif control.kind is ControlKind.JUMP:
            there, _ = self._place(control.target)
            if there is not None and self._through(part, words, there.id) is not None:
                self.expressed.add(control.id)


def whole_guard(guard: Guard, items: list[Item]) -> Guard:
    """The guard with the whole line of a step as its only arm."""
    guard.arms = [(guard.arms[0][0], items)]
    return guard


def _last(items: list[Item]) -> Leaf:
    """The leaf at which a line ends (of the last arm, where it ends in a decision)."""
    item = items[-1]
    return item if isinstance(item, Leaf) else _last(item.arms[-1][1])


def _cause(control: Control, controls: tuple[Control, ...], step: Step) -> str | None:
    """Words of the condition that stands just before a jump or stop in the same sentence, where it does not open the step."""
    if control.condition is not None:
        return words_of(control, step)
    for other in reversed(controls):
        if other.kind is ControlKind.BRANCH and other.group is None and other.span.end <= control.span.start:
            gap = between(other, control, step)
            if not leads_step(other, step) and not any(c in gap for c in ".!?\n"):
                return words_of(other, step)
    return None


def parts_of(steps: list[Step], program: Program, names: Names) -> list[Part]:
    """Runs of steps of the same scene, in order; a scene that is interrupted by another gives several parts."""
    parts: list[Part] = []
    used: set[str] = set()
    for step in steps:
        if not parts or parts[-1].scene.id != step.scene:
            scene = program.scene_by_id[step.scene]
            name = names.fresh(scene.id) if scene.id in used else scene.id
            used.add(scene.id)
            parts.append(Part(name, scene, []))
        parts[-1].steps.append(step)
    return parts
