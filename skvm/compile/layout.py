"""Layout: which steps lie in which branch, loop or map, and where gates stand, read off the controls of a program.

The result is a list of entries in text order, each with the path of boxes it lies in. Boxes are opened for
- a scene that repeats over files that can be named, a step that does so and is a command, is said to run in parallel or leaves
  a file of its own for each (`map`),
- a scene or step that repeats until something holds (`loop`), and a jump back: the steps from its target to itself repeat,
- conditions that exclude each other, a leading condition on a whole scene or on a stated command (`branch`).
Any other condition or repetition stays in the text of its step: the model that does the step reads it there, in one call less.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from skvm.compile.commands import stated_commands
from skvm.compile.sections import Sections
from skvm.compile.slices import Slicer
from skvm.compile.unit import StepEffects
from skvm.ir import TOP, ActType, Control, ControlKind, EffectClass, Effects, Program, Step
from skvm.ir.effects import ANYWHERE, may_alias
from skvm.source import Span

ASSUMED_BOUND = 3
"""Passes of a loop whose text gives no bound (decisions, "Plan semantics")."""

MAX_BOUND = 100

MAX_BODY = 500
"""From this many steps on, a jump back is no loop of the plan: the text is generated, and its jumps would cost its square."""

_ASKS = re.compile(
    r"\b(?:approv\w*|confirm\w*|consent|permission|sign[- ]?off|user|human|reviewer|owner|wait for|ask|agree\w*|go[- ]ahead|"
    r"explicit(?:ly)? (?:yes|ok)|get (?:a )?(?:yes|ok))\b",
    re.IGNORECASE,
)
"""A gate that a person answers; any other gate is a check that the step itself makes."""

_DOES = (ActType.CALL_TOOL, ActType.UPDATE_STATE, ActType.TRANSFER)
_KINDS = re.compile(
    r"\b(csv|tsv|json|jsonl|ya?ml|xml|pdf|png|jpe?g|svg|html?|md|markdown|txt|log|xlsx|docx|pptx|py|sql|toml|ini)\b(?:\s+\w+)?"
    r"\s*\b(?:files?|documents?|logs?|reports?|images?|pages?|notes?|spreadsheets?|scripts?|exports?)\b",
    re.IGNORECASE,
)
_GLOB = re.compile(r"(?<![\w/*])((?:(?:[\w.-]+|\*\*)/)*(?:[\w-]*\*[\w-]*\.[\w.*-]*\w|(?<=/)\*(?![\w*])))")
"""`logs/*.log`, `out/*`; stars without an ending or a folder (`**bold**`) are emphasis."""
_NAMED = re.compile(r"(?<![\w/.*])([\w-]+\.(?:md|mdx|txt|ya?ml|json|toml|csv|ini|py|sql|html?))`?\s+files?\b")
"""Files of one name, wherever they lie: `CLAUDE.md` files."""
_FOLDER = re.compile(r"\b(?:in|under|below|inside|of|from)\s+(?:the\s+)?(?:folder\s+|directory\s+)?[`\"']?((?:[\w.-]+/)+)")
_WHEN_FAILED = re.compile(
    r"(?:if|when|whenever|should|in case|on)\b[^.;:\n]{0,60}?\b(?:fails?|failed|failure|errors?|error(?:s|ed) out|crash\w*|"
    r"times? out|timeout)\b",
    re.IGNORECASE,
)
_IF = re.compile(r"\W*(?:only\s+)?(?:if|unless|in case)\b", re.IGNORECASE)
_SUFFIX = {"markdown": "md"}


@dataclass(frozen=True)
class Box:
    """A container to be: `id` of its node, kind, the control that opens it, its arm for a branch."""

    id: str
    kind: str
    control: Control
    title: str
    over: str = ""
    until: str = ""


@dataclass(frozen=True)
class Entry:
    """A step or gate in text order. `path`: boxes around it, outermost first, each with the arm it lies in (None: no arms)."""

    id: str
    kind: str  # "step" | "gate" | "delegate"
    step: Step
    path: tuple[tuple[Box, int | None], ...] = ()
    control: Control | None = None
    recover_of: str | None = None
    optional: bool = False


@dataclass
class Layout:
    """Reads the layout of one program. `notes` are (step, words) about what was assumed or left as text; `effects_of` tells
    what a step of that id touches."""

    program: Program
    slicer: Slicer
    effects_of: Callable[[str], StepEffects] = lambda step: StepEffects(TOP, EffectClass.EFFECTFUL)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def entries(self) -> tuple[Entry, ...]:
        """All entries in text order."""
        out: list[Entry] = []
        before: str | None = None
        for step in self.program.steps:
            made = tuple(self._entries_of(step, before))
            out += made
            before = step.id
        return tuple(out)

    def _entries_of(self, step: Step, before: str | None) -> Iterator[Entry]:
        path = self._path(step)
        controls = self.program.controls_of(step.id)
        kinds = {c.kind for c in controls}
        target = self._recovers(step, before)
        delegate = next((c for c in controls if c.kind is ControlKind.DELEGATE and c.target), None)
        gate = next((c for c in controls if c.kind is ControlKind.GATE and self._asks(c, step)), None)
        own = Entry(
            step.id,
            "delegate" if delegate is not None and not stated_commands(self.program, step.id) else "step",
            step,
            path,
            delegate,
            target,
            ControlKind.OPTIONAL in kinds,
        )
        if gate is None:
            yield own
            return
        acts = {a.type for a in self.program.acts_of(step.id)}
        if acts <= {ActType.REQUEST, ActType.TERMINATE} and own.kind == "step":
            yield Entry(step.id, "gate", step, path, gate)
            return
        asks = Entry(f"{step.id}.gate", "gate", step, path, gate)
        yield from (asks, own) if acts & set(_DOES) else (own, asks)

    def _recovers(self, step: Step, before: str | None) -> str | None:
        """The step whose failure this one is for; only a leading "if it fails" counts, since it does not run otherwise."""
        recover = next((c for c in self.program.controls_of(step.id) if c.kind is ControlKind.RECOVER), None)
        if recover is None or not _WHEN_FAILED.match(_leading(step.text)):
            return None
        target = recover.target if step.id in self.sections.handlers else recover.target or before
        return target if target in self.program.step_by_id and target != step.id else None

    def _asks(self, control: Control, step: Step) -> bool:
        words = control.condition or step.text
        return bool(_ASKS.search(words))

    def _path(self, step: Step) -> tuple[tuple[Box, int | None], ...]:
        path: list[tuple[Box, int | None]] = []
        way = self._way(step)
        for scene in self.slicer.scene_chain(step.scene):
            if way and self._inside_way(scene, step.id):
                path += way
                way = []
            path += self._boxes(scene, whole=True)
        path += way
        if (again := self._again.get(self._index[step.id])) is not None:
            path.append((again, None))
        path += self._boxes(step.id, whole=False)
        return tuple(path)

    @cached_property
    def sections(self) -> Sections:
        """Ways of doing one job, and sections of failure handlers."""
        return Sections(self.program, self.slicer.source)

    def _way(self, step: Step) -> list[tuple[Box, int | None]]:
        """The choice between flows that a step lies in, with its flow; empty for most."""
        found = self.sections.way_of.get(step.id)
        if found is None:
            return []
        control, arm = found
        return [(Box(f"{control.owner}.ways", "branch", control, "which of the flows to follow"), arm)]

    def _inside_way(self, scene: str, step: str) -> bool:
        """Do all steps of the scene belong to the flow that this step belongs to?"""
        mine = self.sections.way_of.get(step)
        return all(found == mine for found in self._ways_in[scene])

    @cached_property
    def _ways_in(self) -> dict[str, list[tuple[Control, int] | None]]:
        """The flows that the steps of each scene, those of scenes inside it included, belong to."""
        table: dict[str, list[tuple[Control, int] | None]] = {}
        for step in self.program.steps:
            for scene in self.slicer.scene_chain(step.scene):
                table.setdefault(scene, []).append(self.sections.way_of.get(step.id))
        return table

    @cached_property
    def _index(self) -> dict[str, int]:
        return {s.id: i for i, s in enumerate(self.program.steps)}

    def _boxes(self, owner: str, whole: bool) -> Iterator[tuple[Box, int | None]]:
        """Boxes that the controls of one scene (`whole`) or step open, branch outside loop."""
        controls = self.program.controls_of(owner)
        for control in controls:
            if control.kind is ControlKind.BRANCH and self._is_box(control, whole):
                first, arm = self._arm(control)
                yield Box(f"{first.owner}.branch", "branch", first, _short(first.condition or "")), arm
                break
        for control in controls:
            if control.kind is ControlKind.LOOP:
                box = self._loop(control, owner)
                if box is not None:
                    yield box, None
                    break

    def _is_box(self, control: Control, whole: bool) -> bool:
        if control.group is not None and len(self.groups.get(control.group, ())) > 1:
            return True
        if not control.condition or not self._leads(control):
            return False
        return whole or len(stated_commands(self.program, control.owner)) == 1

    def _leads(self, control: Control) -> bool:
        """Does the condition open its step ("If X, run Y")? In the middle of one it is about a part of the work only."""
        owner = self.program.step_by_id.get(control.owner) or self.program.scene_by_id.get(control.owner)
        if owner is None or not _IF.match(self.slicer.source.main.slice(control.span)):
            return False
        before = Span(owner.span.file, owner.span.start, max(owner.span.start, control.span.start))
        return not re.search(
            r"\w{2,}", re.sub(r"(?i)\b(?:step|phase)?\s*\d+\w?[.):]", "", self.slicer.source.main.slice(before))
        )

    @cached_property
    def groups(self) -> dict[str, tuple[Control, ...]]:
        """Branch controls by group, in text order, one per arm."""
        table: dict[str, dict[int, Control]] = {}
        for control in (*self.program.controls, *(c for choice in self.sections.choices for c in choice)):
            if control.kind is ControlKind.BRANCH and control.group is not None and control.arm is not None:
                table.setdefault(control.group, {}).setdefault(control.arm, control)
        return {g: tuple(arms[a] for a in sorted(arms)) for g, arms in table.items()}

    def _arm(self, control: Control) -> tuple[Control, int]:
        """The control that stands for the branch, and the position of this arm in it."""
        group = self.groups.get(control.group or "", ())
        if len(group) < 2:
            return control, 0
        at = next((i for i, c in enumerate(group) if c.arm == control.arm), 0)
        return group[0], at

    def _loop(self, control: Control, owner: str) -> Box | None:
        if control.domain:
            over = self._over(control, owner)
            if over is None:
                return None
            return Box(f"{owner}.map", "map", control, _short(control.domain), over=over)
        if control.until:
            until = control.until
            if not control.bound:
                self.notes.append((owner, f"the loop states no bound; {ASSUMED_BOUND} passes are assumed"))
            return Box(f"{owner}.loop", "loop", control, _short(until), until=until)
        return None

    def _over(self, control: Control, owner: str) -> str | None:
        """Glob of a map, or None where the loop has to stay in the text.

        A glob without a folder could match what earlier steps wrote, so no step may write such files.
        """
        over = domain_glob(control.domain or "")
        if over is None:
            return None
        step = self.program.step_by_id.get(owner)
        if step is not None and not (
            self.said_parallel(owner) or len(stated_commands(self.program, owner)) == 1 or self._by_item(owner)
        ):
            return None
        suffix = over.rsplit(".", 1)[-1]
        written = {w for act in self.program.acts for w in act.writes} | {
            s.pattern or s.name for s in self.program.slots if s.direction == "out"
        }
        if over.startswith("**/") and any(w.endswith("." + suffix) for w in written):
            return None
        return over

    def _by_item(self, owner: str) -> bool:
        """Does the step leave a file of its own for each item, and nothing else, out of what it names?"""
        found = self.effects_of(owner)
        return found.apart and bool(found.effects.writes) and own_places(found.effects)

    def said_parallel(self, owner: str) -> bool:
        """Does the author say that the items of this step or scene may run at the same time?"""
        return any(c.kind is ControlKind.PARALLEL and not c.members for c in self.program.controls_of(owner))

    @cached_property
    def _again(self) -> dict[int, Box]:
        """Boxes of jumps back by place of step: only those that lie in one scene path and do not cross each other."""
        taken: dict[int, Box] = {}
        for control in self.program.controls:
            if control.kind is not ControlKind.JUMP or control.owner not in self._index:
                continue
            target = self._target(control.target)
            last = self._index[control.owner]
            if target is None or target > last:
                continue
            if last - target >= MAX_BODY:
                self.notes.append((control.owner, f"the jump back spans {MAX_BODY} steps or more and is left to the text"))
                continue
            body = range(target, last + 1)
            if any(at in taken for at in body) or not self._same_boxes(body):
                self.notes.append((control.owner, "the jump back crosses another block and is left to the text"))
                continue
            until = control.until or (f"not: {control.condition}" if control.condition else "")
            if not control.bound:
                self.notes.append((control.owner, f"the jump back states no bound; {ASSUMED_BOUND} passes are assumed"))
            first = self.program.steps[target].id
            box = Box(f"{first}.again", "loop", control, _short(until or "repeat"), until=until)
            taken |= dict.fromkeys(body, box)
        return taken

    def _target(self, name: str | None) -> int | None:
        if name in self._index:
            return self._index[name]
        return self._first_in.get(name or "")

    @cached_property
    def _first_in(self) -> dict[str, int]:
        """Place of the first step of each scene, those of scenes inside it included."""
        table: dict[str, int] = {}
        for at, step in enumerate(self.program.steps):
            for scene in self.slicer.scene_chain(step.scene):
                table.setdefault(scene, at)
        return table

    def _same_boxes(self, body: range) -> bool:
        """No box may open between a jump and its target on the scene level; boxes of single steps inside are fine."""
        if len({self._around[at] for at in body}) > 1:
            return False
        branches = (box for at in body for box in self._own_branches[at])
        return not any(self._crosses(box, body) for box in branches)

    @cached_property
    def _around(self) -> list[tuple[object, ...]]:
        """The flow and the boxes of scenes that each step lies in."""
        out: list[tuple[object, ...]] = []
        for step in self.program.steps:
            boxes = (box.id for scene in self.slicer.scene_chain(step.scene) for box, _ in self._boxes(scene, whole=True))
            out.append((self.sections.way_of.get(step.id), *boxes))
        return out

    @cached_property
    def _own_branches(self) -> list[list[Box]]:
        """The branches that open at each step."""
        return [[b for b, _ in self._boxes(s.id, whole=False) if b.kind == "branch"] for s in self.program.steps]

    def _crosses(self, box: Box, body: range) -> bool:
        """Does the branch have an arm outside the steps of `body`?"""
        group = self.groups.get(box.control.group or "", ())
        owners = [self._index[c.owner] for c in group if c.owner in self._index]
        return any(i not in body for i in owners) or len(owners) != len(group)


def own_places(effects: Effects) -> bool:
    """Does the work on one item write only places with the item's name in them, and read no others that such work writes?"""
    named = all("*" in place and place not in (ANYWHERE, "*") for place in effects.writes)
    return named and not any(r != w and may_alias(r, w) for r in effects.reads for w in effects.writes)


def domain_glob(domain: str) -> str | None:
    """Glob of the files that words such as "Markdown file in `notes/`" or "`logs/*.log`" name; None when not sure.

    Without a folder all folders are meant (`**/`): where input files lie is not known before the run.
    """
    literal = _GLOB.search(domain)
    if literal is not None:
        return literal[1]
    named = _NAMED.search(domain)
    if named is not None:
        return f"**/{named[1]}"
    kind = _KINDS.search(domain)
    if kind is None:
        return None
    name = kind[1].lower()
    found = _FOLDER.search(domain)
    return f"{found[1] if found is not None else '**/'}*.{_SUFFIX.get(name, name)}"


def _leading(text: str) -> str:
    """Text of a step from its first word on: bullets, numbers, headings and bold marks dropped."""
    return re.sub(r"^[\s>#*+_-]*(?:(?:step|phase)?\s*\d+\w?[.):]\s*)?[\s*_-]*", "", text, flags=re.IGNORECASE)


def _short(text: str, limit: int = 60) -> str:
    one = " ".join(text.split())
    return one if len(one) <= limit else one[: limit - 1].rstrip() + "…"


def bound_of(control: Control) -> tuple[int, bool]:
    """(passes, stated) of a loop."""
    if control.bound and control.bound > 0:
        return min(control.bound, MAX_BOUND), True
    return ASSUMED_BOUND, False


def span_of(control: Control, fallback: Span) -> Span:
    """Span of a control, or of what it belongs to when it has an empty one."""
    return control.span if len(control.span) else fallback
